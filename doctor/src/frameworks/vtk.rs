//! VTK's own wrappers: by the functions of its library `vtkWrappingPythonCore`, which holds the classes of all modules that ask
//! for it.

use crate::compare::{State, Verdict};
use crate::facts::{Claim, Evidence, Framework, FrameworkKind, Module, Role};

use super::profile::{By, Profile, Registry, Shared};
use super::seen::{Seen, framework};

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

fn is_symbol(name: &str) -> bool {
    name.starts_with("PyVTK") || name.contains("vtkPythonUtil") || name.contains("vtkPythonArgs")
}

fn is_library(name: &str) -> bool {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.strip_prefix("lib").unwrap_or(name).starts_with("vtkWrappingPythonCore")
}

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let (asked, given) = (seen.imports(is_symbol), seen.exports(is_symbol));
    let own = !given.is_empty() && seen.image.linking.own_name.as_deref().is_some_and(is_library);
    if !own && asked.is_empty() {
        return Vec::new();
    }
    let libraries = seen.needed(is_library);
    let proofs: Vec<Evidence> = if own { given } else { libraries.into_iter().chain(asked).collect() };
    let mut found = framework(FrameworkKind::Vtk, Claim::certain(true, proofs.into_iter().take(3)));
    found.role = if own { Role::BackEnd } else { Role::FrontEnd };
    found.version = Claim::unknown("no name tells the release");
    vec![found]
}

/// The classes are the library's: who loads one copy shares them.
fn state((a, _): (&Module, &Framework), (b, _): (&Module, &Framework)) -> State {
    let library = |module: &Module| module.needed.iter().find(|name| is_library(name)).cloned();
    match (library(a), library(b)) {
        (Some(first), Some(second)) if first == second => {
            let why = format!("and both need `{first}`: they share if the loader finds one file for both");
            State::new(Verdict::Unknown, why, Vec::new())
        }
        (Some(first), Some(second)) => State::new(
            Verdict::Isolated,
            format!("but one needs `{first}`, the other `{second}`"),
            Vec::new(),
        ),
        _ => State::new(
            Verdict::Unknown,
            "but one doesn't name the library that holds its classes",
            Vec::new(),
        ),
    }
}
