//! An extension for each PyO3 of the range that the shim promises: provider and consumer in one
//! (`fixtures/extensions/range`), under the full and under the limited API.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::extension::Extension;
use crate::package::Package;
use crate::python::Python;
use crate::skip::{Lack, missing};

/// The releases: version, and the newest CPython that each knows.
pub const RANGE: &[(&str, (u32, u32))] =
    &[("0.27.2", (3, 14)), ("0.28.3", (3, 14)), ("0.29.3", (3, 15)), ("0.30.1", (3, 15))];

/// Which of Python's C APIs an extension is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The interpreter's own.
    Full,
    /// The limited API of 3.9, for builds with a GIL.
    Abi3,
    /// The limited API of 3.15, for builds with and without a GIL.
    Abi3t,
}

/// The module's name for a release: `range_027`, `range_027_abi3`, `range_030_abi3t`.
pub fn name(version: &str, api: Api) -> String {
    let digits: String = version.chars().filter(char::is_ascii_digit).take(3).collect();
    let api = match api {
        Api::Full => "",
        Api::Abi3 => "_abi3",
        Api::Abi3t => "_abi3t",
    };
    format!("range_{digits}{api}")
}

/// The extension for a release.
pub fn extension(workshop: &Path, version: &str, api: Api) -> Extension {
    let name = name(version, api);
    let features = match api {
        Api::Full => "",
        Api::Abi3 => ", features = [\"abi3-py39\"]",
        Api::Abi3t => ", features = [\"abi3t-py315\"]",
    };
    let package = Package::of("range", &name)
        .ours("frame-api", "examples/frame-api", "")
        .interbind("\"pyo3\"")
        .dependency(format!("pyo3 = {{ version = \"={version}\"{features} }}"));
    Extension::of(&package, workshop)
}

/// An interpreter that every release of the range can be built for: the default one, else any.
pub fn python() -> Option<&'static Python> {
    static PYTHON: OnceLock<Option<&'static Python>> = OnceLock::new();
    *PYTHON.get_or_init(|| {
        let found =
            Python::all().iter().find(|python| python.is_plain_cpython() && python.version <= RANGE[0].1);
        if found.is_none() {
            missing("the range of PyO3", Lack::Python("3"), "no CPython 3.9 to 3.14 on this machine");
        }
        found
    })
}

/// The extensions under the limited API, each built once, with any of the interpreters.
pub fn limited(workshop: &Path) -> Option<&'static [(String, PathBuf)]> {
    static LIMITED: OnceLock<Option<Vec<(String, PathBuf)>>> = OnceLock::new();
    let built = LIMITED.get_or_init(|| {
        let python = python()?;
        let build = |version| {
            (name(version, Api::Abi3), extension(workshop, version, Api::Abi3).build(workshop, python))
        };
        Some(RANGE.iter().map(|(version, _)| build(version)).collect())
    });
    built.as_deref()
}
