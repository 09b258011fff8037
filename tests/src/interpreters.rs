//! Raw modules in several interpreters: a provider, a consumer, and one that lets go of objects on foreign threads.

use std::fs;
use std::path::Path;

use crate::extension::Extension;
use crate::modules::Modules;
use crate::package::{Package, repository};
use crate::python::Python;

/// What stands in front of a script: `Interpreter(own_gil)`, `KINDS`, and `USE`, code that shares.
pub const BEFORE: &str = include_str!("interpreters.py");

/// The one that keeps, with a line of `[dependencies]` for pyo3-ffi.
pub fn keeper(pyo3_ffi: &str) -> Package {
    raw("keeper", include_str!("../fixtures/keeper.rs").to_owned()).dependency(pyo3_ffi)
}

/// `rawframe`, `rawstats` and `keeper` with a release of pyo3-ffi that knows the interpreter.
pub fn raw_modules(workshop: &Path, python: &'static Python, pyo3_ffi: &str) -> Modules {
    raw_modules_as(workshop, python, pyo3_ffi, |extension| extension)
}

/// The same, built in another way.
pub fn raw_modules_as(
    workshop: &Path,
    python: &'static Python,
    pyo3_ffi: &str,
    alter: impl Fn(Extension) -> Extension,
) -> Modules {
    let line = format!("pyo3-ffi = \"{pyo3_ffi}\"");
    let folder = workshop.join(format!("raw-{python}"));
    let modules = Modules::new(workshop, "raw-modules", python);
    let modules = ["rawframe", "rawstats"].into_iter().fold(modules, |modules, name| {
        let file = repository().join("examples").join(name).join("src/lib.rs");
        let source = fs::read_to_string(file).expect("the examples are in the repository");
        modules.with(&alter(Extension::of(&raw(name, source).dependency(line.clone()), &folder)))
    });
    modules.with(&alter(Extension::of(&keeper(&line), &folder)))
}

fn raw(name: &str, source: String) -> Package {
    Package::new(name, source)
        .ours("frame-api", "examples/frame-api", "")
        .ours("interbind", "shim", "")
        // Debug information would be most of the work.
        .profile("debug = false")
}
