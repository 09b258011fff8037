//! mypyc: by the symbols of compiled functions, and by the names under which the modules of one compiled group find each other.

use crate::facts::{Claim, Evidence, Framework, FrameworkKind, Role};

use super::profile::{Profile, Registry};
use super::seen::{Seen, framework, text_evidence};

const OWN: [&str; 3] = ["__mypyc_attrs__", "__mypyc_env__", "__mypyc_self__"];

/// What there is to know of mypyc.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[("mypyc-own", b"__mypyc")],
    ..Profile::of(FrameworkKind::Mypyc, find, Registry::NONE)
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let compiled = seen.exports(|name| name.starts_with("CPyDef_") || name.starts_with("CPyInit_"));
    // A module of a group asks the group's library for one of these; `exec_` since modules have several phases.
    let asks = |text: &str| ["__mypyc.init_", "__mypyc.exec_"].iter().any(|name| text.contains(name));
    let init = seen.holding("mypyc-own").find(|(_, text)| asks(text) && !text.contains(' '));
    let own = seen.beginning("mypyc-own").find(|(_, text)| OWN.contains(text));
    let mut proofs: Vec<Evidence> = compiled.iter().take(2).cloned().collect();
    proofs.extend(init.into_iter().chain(own).map(|(at, text)| text_evidence(at, text)));
    if proofs.is_empty() {
        return Vec::new();
    }
    let mut found = framework(FrameworkKind::Mypyc, Claim::certain(true, proofs));
    // A module without compiled code only calls into the group's library.
    if compiled.is_empty() && own.is_none() {
        found.role = Role::FrontEnd;
    }
    vec![found]
}
