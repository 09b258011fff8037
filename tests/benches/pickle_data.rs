//! What the writer of `interbind.pickle` takes for data, beside Python's own pickler in C and cloudpickle, on each interpreter
//! of this machine. The bounds: plain objects and dataclasses at least twice as fast as the C pickler, whole numbers and large
//! bytes at most 1.05 times its time.

use std::path::Path;

use interbind_tests::package::repository;
use interbind_tests::pickle::laid_out;
use interbind_tests::python::Python;

fn main() {
    let script = repository().join("tests/fixtures/pickle/bench.py");
    for python in Python::all().iter().filter(|python| python.implementation == "cpython") {
        println!("Python {python}");
        let modules = laid_out(Path::new(env!("CARGO_TARGET_TMPDIR")), "pickle_bench", python);
        print!("{}", modules.run_file(&script).passed());
    }
}
