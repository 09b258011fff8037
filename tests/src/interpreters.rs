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
    raw(Package::of("keeper", "keeper")).dependency(pyo3_ffi)
}

/// The one that reads where an object was, with a line of `[dependencies]` for pyo3-ffi.
pub fn stale(pyo3_ffi: &str) -> Package {
    raw(Package::of("stale", "stale")).dependency(pyo3_ffi)
}

/// The keeper under the name `late`, bound at its first use.
pub fn late_keeper(pyo3_ffi: &str) -> Package {
    let file = repository().join("tests/fixtures/extensions/keeper/src/lib.rs");
    let source = fs::read_to_string(file).expect("the keeper is in the repository");
    let named = source.replacen("name = \"keeper\",", "name = \"late\",\n    bind = on_first_use,", 1);
    raw(Package::new("late", named)).dependency(pyo3_ffi)
}

/// `rawframe`, `rawstats`, `keeper` and `between`, each with points at which `between` has something happen.
pub fn between(workshop: &Path, python: &'static Python) -> Modules {
    let with_points = |extension: Extension| extension.variable("RUSTFLAGS", "--cfg interbind_schedule");
    let modules = raw_modules_as(workshop, python, "0.28", "", with_points);
    let package = raw(Package::of("between", "between")).dependency("pyo3-ffi = \"0.28\"");
    let folder = workshop.join(format!("between-{python}"));
    modules.with(&with_points(Extension::of(&package, &folder)))
}

/// `rawframe`, `rawstats` and `keeper` with a release of pyo3-ffi that knows the interpreter. `api` is the feature of pyo3-ffi
/// that the consumers are built with, empty for the full API; `rawframe` lays out objects itself and has the full one.
pub fn raw_modules(workshop: &Path, python: &'static Python, pyo3_ffi: &str, api: &str) -> Modules {
    raw_modules_as(workshop, python, pyo3_ffi, api, |extension| extension)
}

/// The same, built in another way.
pub fn raw_modules_as(
    workshop: &Path,
    python: &'static Python,
    pyo3_ffi: &str,
    api: &str,
    alter: impl Fn(Extension) -> Extension,
) -> Modules {
    let line = |api: &str| format!("pyo3-ffi = {{ version = \"{pyo3_ffi}\", features = [{api}] }}");
    let feature = if api.is_empty() { String::new() } else { format!("\"{api}\"") };
    let folder = workshop.join(format!("raw-{python}{api}"));
    let modules = Modules::new(workshop, &format!("raw-modules{api}"), python);
    let modules =
        [("rawframe", ""), ("rawstats", &feature)].into_iter().fold(modules, |modules, (name, api)| {
            let file = repository().join("examples").join(name).join("src/lib.rs");
            let source = fs::read_to_string(file).expect("the examples are in the repository");
            let package = raw(Package::new(name, source)).dependency(line(api));
            modules.with(&alter(Extension::of(&package, &folder)))
        });
    modules.with(&alter(Extension::of(&keeper(&line(&feature)), &folder)))
}

fn raw(package: Package) -> Package {
    package.ours("frame-api", "examples/frame-api", "").interbind("")
    // Debug information would be most of the work.
}
