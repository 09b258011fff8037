//! A C++ pointer returned again and again, whose Python object is alive: what finding that object costs.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::python::Python;
use common::table::{Bound, against, head, plain};
use common::{Stop, bench, bindings, optional};

const PROCESSES: u64 = 15;

const ROWS: &str = "
import importlib
rows = {}
for name in 'interbind', 'nanobind', 'pybind11':
    try: m = importlib.import_module('bench_' + name)
    except ImportError: continue
    kept = m.same()
    assert m.same() is kept
    rows[name] = ('f()', dict(f=m.same, kept=kept), 1)
";

fn main() -> ExitCode {
    bench("identity", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let mut folders = vec![bindings::interbind(&python)?];
    folders.extend(optional("nanobind", bindings::nanobind(&python))?);
    folders.extend(optional("pybind11", bindings::pybind11(&python))?);
    let folders: Vec<_> = folders.iter().map(|folder| folder.as_path()).collect();
    let samples = interleave(&[Child::timing(&python, ROWS, &folders)], PROCESSES)?;
    let samples = &samples[0];

    println!("identity: {}, median of {PROCESSES} processes", python.name);
    head("a function without arguments returns the same pointer");
    plain("interbind", samples.median("interbind"));
    for rival in ["nanobind", "pybind11"] {
        if !samples.median(rival).is_nan() {
            plain(rival, samples.median(rival));
            against(
                "interbind",
                samples.median("interbind"),
                rival,
                samples.ratio("interbind", rival),
                Bound::AtMost(0.8),
            );
        }
    }
    Ok(())
}
