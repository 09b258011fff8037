//! Copies of the examples with PyO3 0.28 on both sides, for interpreters that the examples' own versions don't know.

use std::fs;
use std::path::Path;

use crate::extension::Extension;
use crate::modules::Modules;
use crate::package::{Package, repository};
use crate::python::Python;

const NAMES: [&str; 3] = ["frame", "stats", "rawstats"];

/// How `stats` says that it brings its own.
const ALLOCATOR: &str = "#[global_allocator]\nstatic ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;\n";

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
    let build = |name: &&'static str| alter(Extension::of(&package(name, source(name)), &folder));
    NAMES.iter().fold(modules, |modules, name| modules.with(&build(name)))
}

/// Builds them in another way, and all with the system's allocator: that of `stats` is written in C, where no instruments of
/// the compiler reach, so that memory seems to be handed from thread to thread without a word.
pub fn copies_with_one_allocator(
    name: &str,
    workshop: &Path,
    python: &'static Python,
    alter: impl Fn(Extension) -> Extension,
) -> Modules {
    let folder = workshop.join("copies-one-allocator");
    let modules = Modules::new(workshop, name, python);
    let build = |name: &&'static str| {
        let source = source(name).replace(ALLOCATOR, "");
        assert!(!source.contains("global_allocator"), "{name} says in another way what allocates");
        alter(Extension::of(&package(name, source), &folder))
    };
    NAMES.iter().fold(modules, |modules, name| modules.with(&build(name)))
}

fn source(name: &str) -> String {
    let file = repository().join("examples").join(name).join("src/lib.rs");
    fs::read_to_string(file).expect("the examples are in the repository")
}

fn package(name: &'static str, source: String) -> Package {
    let package = Package::new(name, source).ours("frame-api", "examples/frame-api", "");
    match name {
        "rawstats" => package.version("0.1.0").interbind("").dependency("pyo3-ffi = \"0.28\""),
        "stats" => package
            .version("0.3.1")
            .interbind("\"pyo3\"")
            .dependency("pyo3 = \"0.28\"")
            .dependency("mimalloc = { version = \"0.1.43\", default-features = false }"),
        _ => package.version("2.0.4").interbind("\"pyo3\"").dependency("pyo3 = \"0.28\""),
    }
}
