//! Function records: functions of C and C++ that name themselves, pickle by name, and take their arguments by place and name.
//!
//! The laws are a script that runs by hand too, `functions/laws.py`. The modules need no interbind at run time: they are built of
//! the headers alone.

use std::env;
use std::fs;
use std::process::Command;

use interbind_tests::modules::Modules;
use interbind_tests::native::{Linked, Native};
use interbind_tests::package::repository;
use interbind_tests::pickle;
use interbind_tests::python::Python;
use interbind_tests::skip::skip;
use interbind_tests::workshop;

const WHAT: &str = "laws of function records";

/// The modules of the laws, for one interpreter.
fn modules(python: &'static Python) -> Option<Modules> {
    let modules = Modules::new(workshop!(), "functions", python);
    let mut builds = vec![
        Native::new("tests/fixtures/capi/function.c", "function", Linked::ByHeaders),
        Native::new("tests/fixtures/capi/function.cpp", "functioncpp", Linked::ByHeaders),
        Native::new("tests/fixtures/capi/native.c", "native", Linked::ByHeaders),
    ];
    // Another build in the same process: its platform text differs.
    if python.implementation == "cpython" && !python.free_threaded {
        for (source, name) in
            [("tests/fixtures/capi/function.c", "limited"), ("tests/fixtures/capi/native.c", "nativelimited")]
        {
            builds.push(Native::new(source, name, Linked::ByHeaders).flag("-DPy_LIMITED_API=0x03090000"));
        }
    }
    let modules =
        builds.iter().try_fold(modules, |modules, build| build.add_to(modules, workshop!(), WHAT))?;
    let package = modules.folder().join("around");
    fs::create_dir_all(&package).expect("the workshop is writable");
    fs::write(package.join("__init__.py"), "").expect("the workshop is writable");
    let file = modules.file("function");
    fs::copy(&file, package.join(file.file_name().expect("it has a name")))
        .expect("the workshop is writable");
    Some(modules)
}

#[test]
fn the_laws_of_function_records_hold() {
    let mut tried = 0;
    let others = ["3.9", "pypy3.11"].into_iter().filter_map(|name| Python::find(name, WHAT));
    for python in pickle::pythons(WHAT).into_iter().chain(others) {
        let Some(modules) = modules(python) else { continue };
        let output = Command::new(&python.executable)
            .args(["-s", "-B"])
            .arg(repository().join("tests/functions/laws.py"))
            .env_remove("PYTHONHOME")
            .env("PYTHONPATH", env::join_paths([modules.folder()]).expect("a path without colons"))
            .env("PYTHONFAULTHANDLER", "1")
            .output()
            .expect("the interpreter starts: it has answered before");
        let (said, complained) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "Python {python}: {}\n{said}{complained}", output.status);
        let count = |start: &str| said.lines().filter(|line| line.starts_with(start)).count();
        assert!(
            count("holds: ") >= 25 && count("holds: ") + count("skip: ") >= 32,
            "{python}: laws may only grow\n{said}"
        );
        for line in said.lines().filter_map(|line| line.strip_prefix("skip: ")) {
            skip(&format!("a law of function records on {python}"), line);
        }
        tried += 1;
    }
    assert!(tried > 0, "one Python and its headers at least");
}
