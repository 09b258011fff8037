//! cppyy, and ROOT's fork of it: by the functions of CPyCppyy, whose library holds the classes of all modules that ask for it. Classes are
//! made from headers while a program runs, so extension modules built with it are few: its own, and those that use its C++ API.

use crate::compare::State;
use crate::facts::{Framework, FrameworkKind, Module, Picklable};

use super::library::Library;
use super::profile::{By, Pickling, Profile, Registry, Shared};
use super::seen::Seen;

/// What there is to know of cppyy.
pub(super) const PROFILE: Profile = Profile {
    pickling: |_| Pickling {
        functions: Picklable::No,
        methods: Picklable::Unknown,
        why: "a C++ function is made when it is first asked for, and has no name to be imported by",
    },
    package: Some("cppyy"),
    ..Profile::of(
        FrameworkKind::Cppyy,
        find,
        Registry::Shared(Shared {
            by: By::Library("cppyy"),
            state,
            conduit: false,
            live: false,
            unknown_base: "a class on the other's base fails",
            newer: "cppyy",
            together: |_, _| Some("use one of cppyy and ROOT: each brings a C++ interpreter".to_owned()),
        }),
    )
};

/// `libcppyy.cpython-312-….so`, `libCPyCppyy.so`, and ROOT's `libcppyy3_12.so`.
const LIBRARY: Library = Library { kind: FrameworkKind::Cppyy, names: &["cppyy", "CPyCppyy"], is_symbol };

fn is_symbol(name: &str) -> bool {
    // The names of functions of C++, by gcc and clang and by MSVC, and the functions of C that the back end gives out.
    ["_ZN8CPyCppyy", "_ZNK8CPyCppyy", "_ZN5Cppyy", "_ZNK5Cppyy"].iter().any(|start| name.starts_with(start))
        || name.contains("@CPyCppyy@@")
        || name.contains("@Cppyy@@")
}

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    LIBRARY.find(seen)
}

fn state((a, _): (&Module, &Framework), (b, _): (&Module, &Framework)) -> State {
    LIBRARY.state(a, b)
}
