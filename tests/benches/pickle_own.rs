//! What the writer of `interbind.pickle` takes for functions and classes, beside cloudpickle, dill and Python's own pickler in C.
//! The script has the bounds, and prints each ratio beside its own. `INTERBIND_RIVALS` names a folder with the rivals.

use std::env;
use std::path::Path;
use std::process::Command;

use interbind_tests::package::repository;
use interbind_tests::pickle::laid_out;
use interbind_tests::python::Python;

fn main() {
    let script = repository().join("tests/fixtures/pickle/bench_own.py");
    for python in Python::all().iter().filter(|python| python.implementation == "cpython") {
        println!("Python {python}");
        let modules = laid_out(Path::new(env!("CARGO_TARGET_TMPDIR")), "pickle_own_bench", python);
        let rivals = env::var_os("INTERBIND_RIVALS").unwrap_or_default();
        let path = env::join_paths([modules.folder().as_os_str(), &rivals]).expect("paths without colons");
        let done = Command::new(&python.executable).arg(&script).env("PYTHONPATH", path).status();
        assert!(done.expect("the interpreter starts: it has answered before").success());
    }
}
