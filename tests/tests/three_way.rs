//! The example that passes one object around between pybind11, nanobind, Cython and PyO3: its modules, built apart, print what its
//! page says.

use std::fs;
use std::process::Command;

use interbind_tests::casters::Caster;
use interbind_tests::cython;
use interbind_tests::extension::Extension;
use interbind_tests::modules::Modules;
use interbind_tests::package::repository;
use interbind_tests::pairs::Library::{Nanobind, Pybind11};
use interbind_tests::python::Python;
use interbind_tests::workshop;

const WHAT: &str = "the example of four frameworks";

/// What the page says that the demo prints.
fn shown() -> String {
    let page = repository().join("examples/three-way/README.md");
    let page = fs::read_to_string(page).expect("it is in this repository");
    let text = page.split("```text\n").nth(1).and_then(|rest| rest.split("```").next());
    text.expect("the page shows what the demo prints").to_owned()
}

#[test]
fn one_object_goes_around_as_the_page_says() {
    let Some(python) = Python::find("3.13", WHAT) else { return };
    let workshop = workshop!();
    let mut modules = Modules::new(workshop, "three-way", python);
    for (name, library, source) in [
        ("pb_points", Pybind11, "examples/three-way/pb_points.cpp"),
        ("nb_points", Nanobind, "examples/three-way/nb_points.cpp"),
    ] {
        let Some(built) = Caster::new(name, library, "3.1.0").source(source).add_to(modules, workshop, WHAT)
        else {
            return;
        };
        modules = built.unwrap_or_else(|said| panic!("{said}"));
    }
    let source = fs::read_to_string(repository().join("examples/three-way/cy_points.pyx"));
    let source = source.expect("it is in this repository");
    let Some(built) = cython::add_to(modules, workshop, WHAT, "3.2.9", ("cy_points", &source)) else {
        return;
    };
    let modules = built.unwrap_or_else(|said| panic!("{said}"));
    let modules = modules.with(&Extension::of_repository("py_points", "examples/three-way/py_points"));
    assert_eq!(modules.run_file(&repository().join("examples/three-way/demo.py")).passed(), shown());
}

/// As a reader runs it: everything from the index and from this clone, which takes minutes.
#[test]
fn one_command_builds_and_runs_it() {
    if std::env::var("INTERBIND_PAIRS").is_ok_and(|value| value == "all") {
        let Some(python) = Python::find("3.13", WHAT) else { return };
        let script = repository().join("examples/three-way/run.sh");
        let mut command = Command::new(script);
        command.env("PYTHON", &python.executable).env("BUILD", workshop!().join("three-way-by-hand"));
        let output = command.output().expect("there is a shell");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout), shown());
    }
}
