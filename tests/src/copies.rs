//! Copies of the examples with PyO3 0.28 on both sides, for interpreters that the examples' own versions don't know.

use std::fs;
use std::path::Path;

use crate::extension::Extension;
use crate::modules::Modules;
use crate::package::{Package, repository};
use crate::python::Python;

/// Builds the copies for an interpreter, in a folder of their own: they have the examples' names.
pub fn copies(workshop: &Path, python: &'static Python) -> Modules {
    copies_as("copies", workshop, python, |extension| extension)
}

/// Builds the copies in another way.
pub fn copies_as(
    name: &str,
    workshop: &Path,
    python: &'static Python,
    alter: impl Fn(Extension) -> Extension,
) -> Modules {
    let folder = workshop.join("copies");
    let modules = Modules::new(workshop, name, python);
    let names = ["frame", "stats", "rawstats"];
    names.iter().fold(modules, |modules, name| modules.with(&alter(Extension::of(&package(name), &folder))))
}

fn package(name: &'static str) -> Package {
    let read = |path: &str| {
        let file = repository().join("examples").join(name).join(path);
        fs::read_to_string(file).expect("the examples are in the repository")
    };
    let package = Package::new(name, read("src/lib.rs")).ours("frame-api", "examples/frame-api", "");
    // Debug information would be most of the work.
    let package = package.profile("debug = false");
    match name {
        "rawstats" => {
            package.version("0.1.0").ours("interbind", "shim", "").dependency("pyo3-ffi = \"0.28\"")
        }
        "stats" => package
            .version("0.3.1")
            .ours("interbind", "shim", "features = [\"pyo3\"]")
            .dependency("pyo3 = \"0.28\"")
            .dependency("mimalloc = { version = \"0.1.43\", default-features = false }"),
        _ => package
            .version("2.0.4")
            .ours("interbind", "shim", "features = [\"pyo3\"]")
            .dependency("pyo3 = \"0.28\""),
    }
}
