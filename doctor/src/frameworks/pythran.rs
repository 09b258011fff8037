//! Pythran: by the attribute in which each of its modules tells who compiled it.

use crate::facts::{Claim, Framework, FrameworkKind};

use super::profile::{Profile, Registry};
use super::seen::{Seen, framework, text_evidence};

/// What there is to know of Pythran.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[("pythran-own", b"__pythran__")],
    ..Profile::of(FrameworkKind::Pythran, find, Registry::NONE)
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let Some(at) = seen.places("pythran-own").find(|at| seen.is_whole(*at, "__pythran__")) else {
        return Vec::new();
    };
    let mut found =
        framework(FrameworkKind::Pythran, Claim::certain(true, [text_evidence(at, "__pythran__")]));
    found.version = Claim::unknown("its release is a part of a tuple that is made on import");
    vec![found]
}
