//! What the writer of `interbind.pickle` takes for functions and classes, beside cloudpickle, dill and Python's own pickler in C.
//! The script has the bounds, and prints each ratio beside its own. `INTERBIND_RIVALS` names a folder with the rivals,
//! `INTERBIND_PLOT` a file for a plot of what the last Python took.

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
        let measured = modules.folder().join("measured.json");
        let run = |script: &Path, arguments: &[&Path]| {
            let mut command = Command::new(&python.executable);
            let done = command.arg(script).args(arguments).env("PYTHONPATH", &path).status();
            assert!(done.expect("the interpreter starts: it has answered before").success());
        };
        run(&script, &[Path::new("--json"), &measured]);
        if let Some(plot) = env::var_os("INTERBIND_PLOT") {
            let plot = repository().join(plot);
            run(&script.with_file_name("plot_own.py"), &[&measured, &plot]);
        }
    }
}
