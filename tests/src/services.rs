//! A small binding library that shows the services to Python, built apart more than once.

use std::path::Path;

use crate::extension::Extension;
use crate::modules::Modules;
use crate::package::Package;
use crate::python::Python;

/// The names under which it's built.
pub const NAMES: [&str; 2] = ["left", "right"];

/// The extension of that name, on a release of pyo3-ffi.
fn extension(workshop: &Path, name: &str, release: &str, features: &str) -> Extension {
    let package = Package::new(name, include_str!("services.rs.in").replace("NAME", name))
        .ours("interbind", "shim", "")
        .dependency(format!("pyo3-ffi = {{ version = \"{release}\"{features} }}"))
        .build(
            "fn main() {\n    pyo3_build_config::use_pyo3_cfgs();\n}\n",
            &format!("pyo3-build-config = \"{release}\""),
        )
        .profile("debug = false");
    Extension::of(&package, workshop)
}

/// Both builds for an interpreter: with different releases of pyo3-ffi where it has two that know it.
pub fn built_apart(workshop: &Path, name: &str, python: &'static Python) -> Modules {
    let both = if python.free_threaded {
        ["0.28", "0.28"]
    } else if python.version >= (3, 15) {
        ["0.30", "0.29"]
    } else {
        ["0.30", "0.28"]
    };
    let modules = Modules::new(workshop, name, python);
    NAMES.iter().zip(both).fold(modules, |modules, (name, release)| {
        // A folder of its own for each: they are built with different locks.
        let folder = workshop.join("services").join(format!("{name}-{release}"));
        modules.with(&extension(&folder, name, release, ""))
    })
}

/// Both builds under the limited API.
pub fn limited(workshop: &Path, name: &str, python: &'static Python) -> Modules {
    let modules = Modules::new(workshop, name, python);
    NAMES.iter().fold(modules, |modules, name| {
        let folder = workshop.join("services").join(format!("{name}-abi3"));
        modules.with(&extension(&folder, name, "0.30", ", features = [\"abi3-py39\"]"))
    })
}
