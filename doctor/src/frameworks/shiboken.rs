//! Shiboken, which PySide is made with: by the functions of its library, which holds the types of all modules that ask for it.

use crate::compare::State;
use crate::facts::{Framework, FrameworkKind, Module};

use super::library::Library;
use super::profile::{By, Profile, Registry, Shared};
use super::seen::Seen;

/// What there is to know of Shiboken.
pub(super) const PROFILE: Profile = Profile::of(
    FrameworkKind::Shiboken,
    find,
    Registry::Shared(Shared {
        by: By::Library("shiboken"),
        state,
        conduit: false,
        live: false,
        unknown_base: "a class on the other's base fails",
        newer: "Shiboken",
        together: |_, _| None,
    }),
);

const LIBRARY: Library = Library { kind: FrameworkKind::Shiboken, names: &["shiboken"], is_symbol };

fn is_symbol(name: &str) -> bool {
    ["_ZN8Shiboken", "_ZNK8Shiboken"].iter().any(|start| name.starts_with(start))
        || name.contains("@Shiboken@@")
}

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    LIBRARY.find(seen)
}

fn state((a, _): (&Module, &Framework), (b, _): (&Module, &Framework)) -> State {
    LIBRARY.state(a, b)
}
