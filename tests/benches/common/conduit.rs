//! The rival from C++: pybind11's conduit, built twice with different internals.

use std::fs;
use std::path::PathBuf;

use super::cplusplus::Unit;
use super::packages::PYBIND11;
use super::python::Python;
use super::{Stop, fixtures, made};

/// A higher number than that release's own: its builds don't share internals with each other.
const OTHER_INTERNALS: &str = "-DPYBIND11_INTERNALS_VERSION=99";

/// What a child measures: each build reads its own object and the other's.
pub(crate) const ROWS: &str = "
import conduit_a, conduit_b
assert conduit_b.read(conduit_a.Point(1.0, 2.0)) == 1.0
rows = {
    'pybind11, own module': ('f(a)', dict(f=conduit_a.read, a=conduit_a.Point(1.0, 2.0)), 1),
    'pybind11, conduit': ('f(a)', dict(f=conduit_b.read, a=conduit_a.Point(1.0, 2.0)), 1),
}
";

/// Builds `conduit_a` and `conduit_b`, and returns their folder.
pub(crate) fn folder(python: &Python) -> Result<PathBuf, Stop> {
    let include = [PYBIND11.folder(python)?.join("include")];
    let folder = made().join(format!("lib-{}", python.tag)).join("bench-conduit");
    fs::create_dir_all(&folder).map_err(|error| Stop::broken("cannot make a folder", error))?;
    let sources = [fixtures().join("bench-conduit/conduit.cpp")];
    for (module, flags) in [
        ("conduit_a", ["-DMODULE=conduit_a", "-flto", "-shared", "-DNDEBUG"]),
        ("conduit_b", ["-DMODULE=conduit_b", "-flto", "-shared", OTHER_INTERNALS]),
    ] {
        let unit = Unit { sources: &sources, include: &include, flags: &flags, watched: &[] };
        unit.build(python, &folder.join(format!("{module}.so")))?;
    }
    Ok(folder)
}
