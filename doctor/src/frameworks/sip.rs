//! SIP, which PyQt is made with: by the name of the capsule through which its modules ask the `sip` module that they share.
//! Projects have a `sip` of their own, so the name says which.

use crate::compare::State;
use crate::facts::{AbiId, Claim, Framework, FrameworkKind, Module, Part};

use super::profile::{By, Profile, Registry, Shared};
use super::seen::{Seen, framework, text_evidence};

/// What there is to know of SIP.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[("sip-capsule", b"sip._C_API")],
    ..Profile::of(
        FrameworkKind::Sip,
        find,
        Registry::Shared(Shared {
            by: By::Id,
            state,
            conduit: false,
            live: false,
            unknown_base: "a class on the other's base fails",
            newer: "SIP",
            together: |_, both| Some(format!("build {both} with one `--sip-module`")),
        }),
    )
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    // `PyQt6.sip._C_API`, and `sip._C_API` before SIP 5.
    let whole = seen.holding("sip-capsule").find(|(_, text)| {
        text.strip_suffix("sip._C_API").is_some_and(|module| {
            (module.is_empty() || module.ends_with('.'))
                && module.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
        })
    });
    let Some((at, text)) = whole else { return Vec::new() };
    let evidence = text_evidence(at, text);
    let mut found = framework(FrameworkKind::Sip, Claim::certain(true, [evidence.clone()]));
    found.version = Claim::unknown("SIP's own version is told to the `sip` module by a number in the code");
    let module = text.trim_end_matches("._C_API").to_owned();
    let parts = vec![Part { name: "sip-module".to_owned(), value: module }];
    let id = AbiId { text: text.to_owned(), kind: "type-table".to_owned(), parts, overridden: Vec::new() };
    found.ids.push(Claim::certain(id, [evidence]));
    vec![found]
}

/// Modules share the types of one `sip` module, which takes them if their versions of its interface fit.
fn state((_, a): (&Module, &Framework), (_, b): (&Module, &Framework)) -> State {
    let equal = "and ask one `sip` module, which takes both if it knows their versions of its interface";
    State::by_one_id("type-table", a, b, equal, "but whose `sip` one of them asks isn't certain")
}
