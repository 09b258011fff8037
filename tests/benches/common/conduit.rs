//! The rival from C++: pybind11's conduit, built twice with different internals.

use std::fs;
use std::path::PathBuf;

use super::children::Child;
use super::cplusplus::Unit;
use super::fixture::Fixture;
use super::packages::PYBIND11;
use super::python::Python;
use super::samples::Samples;
use super::table::{Bound, faster, head, plain};
use super::{Stop, fixtures, made};

/// A higher number than that release's own: its builds don't share internals with each other.
const OTHER_INTERNALS: &str = "-DPYBIND11_INTERNALS_VERSION=99";

/// The name of its row.
pub(crate) const CONDUIT: &str = "pybind11, conduit";

/// What a child measures: a call through the conduit, and calls without it that a framework adds nothing to, in one process.
///
/// pybind11's function is what its headers make of a C++ function. A function that bare pyo3-ffi hands to Python is ours: PyO3's
/// own call, whatever it does, takes as long as that again.
const ROWS: &str = "
import conduit_a, conduit_b, bench_provider, bench_consumer_raw as c
class Sub(bench_provider.Point): pass
foreign, sub, span = bench_provider.Point(1.0, 2.0), Sub(1.0, 2.0), bench_provider.Span(1.0, 2.0)
assert conduit_b.read(conduit_a.Point(1.0, 2.0)) == c.frozen(foreign) == c.frozen(sub) == c.tracked(span) == 1.0
rows = {
    'pybind11, own module': ('f(a)', dict(f=conduit_a.read, a=conduit_a.Point(1.0, 2.0)), 1),
    'pybind11, conduit': ('f(a)', dict(f=conduit_b.read, a=conduit_a.Point(1.0, 2.0)), 1),
    'no-op': ('f(a)', dict(f=c.nothing, a=foreign), 1),
    'frozen': ('f(a)', dict(f=c.frozen, a=foreign), 1),
    'frozen, subclass': ('f(a)', dict(f=c.frozen, a=sub), 1),
    'tracked': ('f(a)', dict(f=c.tracked, a=span), 1),
}
";

/// The child that holds both against each other.
pub(crate) fn child(python: &Python) -> Result<Child<'_>, Stop> {
    let provider = Fixture::PROVIDER.folder(python)?;
    let consumer = Fixture::RAW_CONSUMER.with("static").folder(python)?;
    Ok(Child::timing(python, ROWS, &[&folder(python)?, &provider, &consumer]))
}

/// Prints a row of ours and the bound against the conduit, and what a PyO3 consumer of `samples` gets of it.
pub(crate) fn print(conduit: &Samples, row: &str, bound: f64, pyo3: &Samples) {
    head(
        "pybind11 3.1, two builds with different internals; consumer: bare pyo3-ffi, the provider's profile",
    );
    plain("pybind11, own module", conduit.median("pybind11, own module"));
    plain(CONDUIT, conduit.median(CONDUIT));
    plain("no-op", conduit.median("no-op"));
    faster(row, conduit.median(row), CONDUIT, conduit.ratio(CONDUIT, row), Bound::AtLeast(bound));
    for row in ["foreign", "no-op"] {
        let times = pyo3.faster(row, conduit.median(CONDUIT));
        faster(&format!("{row}, consumer on PyO3"), pyo3.median(row), CONDUIT, times, Bound::Printed);
    }
}

/// Builds `conduit_a` and `conduit_b`, and returns their folder.
fn folder(python: &Python) -> Result<PathBuf, Stop> {
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
