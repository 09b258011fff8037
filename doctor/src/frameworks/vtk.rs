//! VTK's own wrappers: by the functions of its library `vtkWrappingPythonCore`, which holds the classes of all modules that ask
//! for it.

use crate::compare::State;
use crate::facts::{Framework, FrameworkKind, Module};

use super::library::Library;
use super::profile::{By, Profile, Registry, Shared};
use super::seen::Seen;

/// What there is to know of VTK's wrappers.
pub(super) const PROFILE: Profile = Profile::of(
    FrameworkKind::Vtk,
    find,
    Registry::Shared(Shared {
        by: By::Library("vtkWrappingPythonCore"),
        state,
        conduit: false,
        live: false,
        unknown_base: "a class on the other's base fails",
        newer: "VTK",
        together: |_, _| None,
    }),
);

const LIBRARY: Library = Library { kind: FrameworkKind::Vtk, names: &["vtkWrappingPythonCore"], is_symbol };

fn is_symbol(name: &str) -> bool {
    name.starts_with("PyVTK") || name.contains("vtkPythonUtil") || name.contains("vtkPythonArgs")
}

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    LIBRARY.find(seen)
}

fn state((a, _): (&Module, &Framework), (b, _): (&Module, &Framework)) -> State {
    LIBRARY.state(a, b)
}
