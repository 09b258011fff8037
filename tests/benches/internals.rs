//! Which interpreter's state am I in? Held against pybind11's `get_internals()` in the same states: one interpreter, and
//! several.
//!
//! Asked from C++ with the static library, and from C with the headers alone, where the implementation is the wheel's
//! runtime and what is asked for stands in the interpreter's userdata. A bound call asks nobody: its function's record
//! leads there. A module in Rust has its state from the module object.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::table::{Bound, against, head, plain};
use common::{Stop, bench, bindings};

const PROCESSES: u64 = 15;

/// Each call asks ten thousand times.
const ROWS: &str = "
import bench_headers as h
assert 'interbind._runtime' in sys.modules
import bench_current as c, bench_interbind as i, bench_pybind11 as p
rows = {
    'Rust, by the module': ('f(n)', dict(f=c.internals, n=10_000), 10_000),
    'headers alone': ('f(n)', dict(f=h.internals, n=10_000), 10_000),
    'headers alone, by name': ('f(n)', dict(f=h.internals_by_name, n=10_000), 10_000),
    'interbind': ('f(n)', dict(f=i.internals, n=10_000), 10_000),
    'interbind, in a bound call': ('f(n)', dict(f=i.internals_of_call, n=10_000), 10_000),
    'pybind11': ('f(n)', dict(f=p.internals, n=10_000), 10_000),
}
";

/// A second interpreter that has all modules, alive to the end.
const SEVERAL: &str = "
import _interpreters
other = _interpreters.create('isolated')
modules = 'bench_headers, bench_current, bench_interbind, bench_pybind11'
failed = _interpreters.exec(other, f'import sys; sys.path[:0] = {sys.path!r}; import {modules}')
assert failed is None, failed
";

fn main() -> ExitCode {
    bench("internals", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let folders = [
        bindings::headers(&python)?,
        Fixture::new("bench-current", "bench_current").folder(&python)?,
        bindings::interbind(&python)?,
        bindings::pybind11(&python)?,
    ];
    let folders: Vec<_> = folders.iter().map(|folder| folder.as_path()).collect();
    let mut children = vec![Child::timing(&python, ROWS, &folders)];
    if python.tag == "3.13" {
        children.push(Child::timing(&python, &format!("{ROWS}{SEVERAL}"), &folders));
    } else {
        println!("skipped: several interpreters: needs CPython 3.13");
    }
    let samples = interleave(&children, PROCESSES)?;

    println!("internals: {}, median of {PROCESSES} processes; a turn of the loop included", python.name);
    for (samples, (title, bound)) in samples.iter().zip([("one interpreter", 0.3), ("several", 1.0)]) {
        head(title);
        plain("pybind11", samples.median("pybind11"));
        for (row, bound) in [
            ("interbind", Bound::AtMost(bound)),
            ("interbind, in a bound call", Bound::Printed),
            ("headers alone", Bound::AtMost(1.0)),
            ("headers alone, by name", Bound::Printed),
            ("Rust, by the module", Bound::Printed),
        ] {
            against(row, samples.median(row), "pybind11", samples.ratio(row, "pybind11"), bound);
        }
    }
    Ok(())
}
