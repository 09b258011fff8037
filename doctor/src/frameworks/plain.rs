//! The C API alone: what is left when a module has an entry point and nothing else was found. Thin layers leave no trace, so
//! this is never certain.

use crate::facts::{Claim, Framework, FrameworkKind, Picklable};

use super::profile::{Pickling, Profile, Registry};
use super::seen::{Seen, framework};

/// What there is to know of the C API alone.
pub(super) const PROFILE: Profile = Profile {
    pickling: |_| Pickling { functions: Picklable::Yes, methods: Picklable::Yes, why: "by module and name" },
    ..Profile::of(FrameworkKind::Plain, find, Registry::NONE)
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let entries = seen.exports(|name| {
        name.starts_with("PyInit_") || name.starts_with("PyInitU_") || name.starts_with("PyModExport_")
    });
    if entries.is_empty() {
        return Vec::new();
    }
    let why = "no framework's trace was found; thin layers such as pyo3-ffi leave none";
    let present = if seen.holds_every_fingerprint() {
        Claim::unknown(
            "it holds the fingerprints that interbind's doctor looks for, so that none of them tells anything",
        )
    } else {
        Claim::likely(true, entries, why)
    };
    let mut found = framework(FrameworkKind::Plain, present);
    found.version = Claim::unknown("the C API has the interpreter's version");
    vec![found]
}
