//! NumPy's f2py: by the module's own documentation, which names the generator and its release.

use crate::facts::{Claim, Framework, FrameworkKind};

use super::profile::{Profile, Registry};
use super::seen::{Seen, exactly, framework, leading_version, text_evidence};

/// What there is to know of f2py.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[("f2py-doc", b"auto-generated with f2py (version:")],
    ..Profile::of(FrameworkKind::F2py, find, Registry::NONE)
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let Some(at) = seen.places("f2py-doc").next() else { return Vec::new() };
    // The documentation of a large module is longer than any text that is read whole.
    let text = seen.printable(at, 80);
    let evidence = text_evidence(at, text);
    let mut found = framework(FrameworkKind::F2py, Claim::certain(true, [evidence.clone()]));
    let version = text.split_once("f2py (version:").map(|(_, behind)| behind.trim_start());
    found.version = match version.and_then(|behind| leading_version(behind, '.')) {
        Some((version, _)) => exactly(version, evidence),
        None => {
            Claim::unknown("before NumPy 1.20, f2py wrote a version of its own, which hardly ever changed")
        }
    };
    vec![found]
}
