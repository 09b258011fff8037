//! PyObjC: by the name of the capsule through which its modules ask `objc` for its functions. The classes are the Objective-C
//! runtime's, of which a process has one.

use crate::compare::State;
use crate::facts::{AbiId, Claim, Framework, FrameworkKind, Module};

use super::profile::{By, Profile, Registry, Shared};
use super::seen::{Seen, framework, text_evidence};

/// What there is to know of PyObjC.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[("pyobjc-capsule", b"objc.__C_API__")],
    ..Profile::of(
        FrameworkKind::PyObjC,
        find,
        Registry::Shared(Shared {
            by: By::Id,
            state,
            conduit: false,
            live: false,
            unknown_base: "a class on the other's base fails",
            newer: "PyObjC",
            together: |_, both| Some(format!("install {both} in one release")),
        }),
    )
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let Some(at) = seen.places("pyobjc-capsule").next() else { return Vec::new() };
    let evidence = text_evidence(at, "objc.__C_API__");
    let mut found = framework(FrameworkKind::PyObjC, Claim::certain(true, [evidence.clone()]));
    found.version = Claim::unknown("its release is told to `objc` by a number in the code");
    let text = "objc.__C_API__".to_owned();
    let id = AbiId { text, kind: "type-table".to_owned(), parts: Vec::new(), overridden: Vec::new() };
    found.ids.push(Claim::certain(id, [evidence]));
    vec![found]
}

/// All modules ask one `objc`, which refuses those whose version of its table differs.
fn state((_, a): (&Module, &Framework), (_, b): (&Module, &Framework)) -> State {
    let equal = "and ask one `objc` module, which takes both if it knows their versions of its interface";
    State::by_one_id("type-table", a, b, equal, "but one of them doesn't name the capsule")
}
