//! A call of a bound function with one wrapped argument, from Python: `interbind_c` held against nanobind, PyO3's frozen
//! class and pybind11.

mod common;

use std::process::ExitCode;

use common::children::{Child, interleave};
use common::fixture::Fixture;
use common::python::Python;
use common::table::{Bound, against, head, plain};
use common::{Stop, bench, bindings, optional};

const PROCESSES: u64 = 15;

/// Whoever could be built is measured.
const ROWS: &str = "
import importlib
rows = {}
for name in 'interbind', 'nanobind', 'pybind11':
    try: m = importlib.import_module('bench_' + name)
    except ImportError: continue
    class Sub(m.Point): pass
    point, sub = m.Point(1.0, 2.0), Sub(1.0, 2.0)
    assert m.x_of(point) == m.x_of(sub) == point.x() == 1.0
    rows[name] = ('f(a)', dict(f=m.x_of, a=point), 1)
    rows[name + ', subclass'] = ('f(a)', dict(f=m.x_of, a=sub), 1)
    rows[name + ', method'] = ('a.x()', dict(a=point), 1)
try:
    import bench_consumer as c
    own = c.OwnPoint(1.0, 2.0)
    rows['PyO3'] = ('f(a)', dict(f=c.own_frozen, a=own), 1)
except ImportError: pass
";

fn main() -> ExitCode {
    bench("call_bound", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let mut folders = vec![bindings::interbind(&python)?];
    folders.extend(optional("nanobind", bindings::nanobind(&python))?);
    folders.extend(optional("pybind11", bindings::pybind11(&python))?);
    folders.extend(optional("PyO3", Fixture::CONSUMER.folder(&python))?);
    let folders: Vec<_> = folders.iter().map(|folder| folder.as_path()).collect();
    let samples = interleave(&[Child::timing(&python, ROWS, &folders)], PROCESSES)?;
    let samples = &samples[0];

    println!("call_bound: {}, median of {PROCESSES} processes", python.name);
    for (what, row) in
        [("a function", ""), ("with an object of a Python subclass", ", subclass"), ("a method", ", method")]
    {
        head(what);
        let ours = format!("interbind{row}");
        plain(&ours, samples.median(&ours));
        for (rival, bound) in
            [("nanobind", Bound::AtMost(1.0)), ("PyO3", Bound::Printed), ("pybind11", Bound::Printed)]
        {
            let theirs = format!("{rival}{row}");
            if samples.median(&theirs).is_nan() {
                continue;
            }
            plain(&theirs, samples.median(&theirs));
            let bound = if row.is_empty() { bound } else { Bound::Printed };
            against(&ours, samples.median(&ours), &theirs, samples.ratio(&ours, &theirs), bound);
        }
    }
    Ok(())
}
