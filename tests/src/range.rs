//! An extension for each PyO3 of the range that the shim promises: provider and consumer in one, under the full and under
//! the limited API.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::extension::Extension;
use crate::package::Package;
use crate::python::Python;
use crate::skip::skip;

/// The releases: version, and the newest CPython that each knows.
pub const RANGE: &[(&str, (u32, u32))] =
    &[("0.27.2", (3, 14)), ("0.28.3", (3, 14)), ("0.29.3", (3, 15)), ("0.30.1", (3, 15))];

/// The module's name for a release: `range_027`, `range_027_abi3`.
pub fn name(version: &str, limited: bool) -> String {
    let digits: String = version.chars().filter(char::is_ascii_digit).take(3).collect();
    format!("range_{digits}{}", if limited { "_abi3" } else { "" })
}

/// The extension for a release.
pub fn extension(workshop: &Path, version: &str, limited: bool) -> Extension {
    let name = name(version, limited);
    let features = if limited { ", features = [\"abi3-py39\"]" } else { "" };
    let package = Package::new(&name, include_str!("range.rs.in").replace("NAME", &name))
        .ours("frame-api", "examples/frame-api", "")
        .ours("interbind", "shim", "features = [\"pyo3\"]")
        .dependency(format!("pyo3 = {{ version = \"={version}\"{features} }}"))
        .profile("debug = false");
    Extension::of(&package, workshop)
}

/// An interpreter that every release of the range can be built for: the default one, else any.
pub fn python() -> Option<&'static Python> {
    static PYTHON: OnceLock<Option<&'static Python>> = OnceLock::new();
    *PYTHON.get_or_init(|| {
        let found =
            Python::all().iter().find(|python| python.is_plain_cpython() && python.version <= RANGE[0].1);
        if found.is_none() {
            skip("the range of PyO3", "no CPython 3.9 to 3.14 on this machine");
        }
        found
    })
}

/// The extensions under the limited API, each built once, with any of the interpreters.
pub fn limited(workshop: &Path) -> Option<&'static [(String, PathBuf)]> {
    static LIMITED: OnceLock<Option<Vec<(String, PathBuf)>>> = OnceLock::new();
    let built = LIMITED.get_or_init(|| {
        let python = python()?;
        let build =
            |version| (name(version, true), extension(workshop, version, true).build(workshop, python));
        Some(RANGE.iter().map(|(version, _)| build(version)).collect())
    });
    built.as_deref()
}
