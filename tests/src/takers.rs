//! Modules that take points of frameworks' classes which know nothing of interbind: in C, in two builds, and in Rust.

use std::path::Path;

use crate::modules::Modules;
use crate::native::{Linked, Native};
use crate::python::Python;

/// The one in Rust: the source of `rusty`.
pub const RUSTY: &str = include_str!("../fixtures/foreign/rusty.rs");

/// Adds those in C: `taker`, and `second`, which reads a framework's own layout where it may.
pub fn takers(mut modules: Modules, workshop: &Path, what: &str) -> Option<Modules> {
    for (name, linked) in [("taker", Linked::Statically), ("second", Linked::ByHeaders)] {
        let native = Native::new("tests/fixtures/foreign/taker.c", name, linked);
        let native = if name == "second" { native.flag("-DINTERBIND_KNOWN_LAYOUTS") } else { native };
        modules = native.add_to(modules, workshop, what)?;
    }
    Some(modules)
}

/// A release of PyO3.
#[derive(Clone, Copy, Debug)]
pub struct Pyo3 {
    /// How a manifest asks for it.
    pub dependency: &'static str,
    /// What a folder is called by: two cases run at once, so each release has one of its own.
    pub release: &'static str,
    /// Whether it is the newest of the range.
    pub newest: bool,
}

/// The PyO3 for an interpreter: later ones don't know the free-threaded 3.13.
pub fn pyo3_for(python: &Python) -> Pyo3 {
    if python.free_threaded && python.version == (3, 13) {
        Pyo3 { dependency: "pyo3 = \"0.28\"", release: "0.28", newest: false }
    } else {
        Pyo3 { dependency: "pyo3 = \"=0.30.1\"", release: "0.30", newest: true }
    }
}
