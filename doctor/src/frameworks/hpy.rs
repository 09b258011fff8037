//! HPy: by the entry points of its universal ABI. A module that was built for CPython's ABI has none and looks like plain C.

use crate::facts::{Claim, Framework, FrameworkKind};

use super::profile::{Profile, Registry};
use super::seen::{Seen, framework};

/// What there is to know of HPy.
pub(super) const PROFILE: Profile = Profile::of(FrameworkKind::Hpy, find, Registry::NONE);

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let entries = seen
        .exports(|name| name.starts_with("HPyInit_") || name.starts_with("get_required_hpy_major_version_"));
    if entries.is_empty() {
        return Vec::new();
    }
    let mut found = framework(FrameworkKind::Hpy, Claim::certain(true, entries));
    found.version = Claim::unknown("the version it needs is told by a function, which isn't run");
    vec![found]
}
