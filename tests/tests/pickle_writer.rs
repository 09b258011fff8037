//! The writer of `interbind.pickle`, on some interpreters of this machine, and with `INTERBIND_PICKLE=full` on all: scripts of `fixtures/pickle`, each compared with the
//! running Python's own pickler.

use std::env;

use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::package::repository;
use interbind_tests::pickle::{self, laid_out};
use interbind_tests::skip::skip;
use interbind_tests::workshop;

/// The interpreters that pickling is built for, with the package laid out for each.
fn pythons(name: &str) -> impl Iterator<Item = Modules> {
    pickle::pythons("the writer of pickles")
        .into_iter()
        .map(move |python| laid_out(workshop!(), name, python))
}

/// Runs a script on each; says where it skipped itself, and returns what the others printed.
fn everywhere(name: &str, script: &str) -> Vec<String> {
    let mut said = Vec::new();
    for modules in pythons(name) {
        let outcome = run(&modules, script);
        match outcome.skipped() {
            Some(why) => skip(&format!("{script} on Python {}", modules.python()), why),
            None => said.push(outcome.passed()),
        }
    }
    assert!(!said.is_empty(), "{script} ran nowhere");
    said
}

fn run(modules: &Modules, script: &str) -> Outcome {
    modules.run_file(&repository().join("tests/fixtures/pickle").join(script))
}

#[test]
fn the_native_half_loads_and_the_package_does_without_it() {
    for modules in pythons("pickle_loads") {
        let said = modules.run(
            "import sys
import interbind
assert not [name for name in sys.modules if 'pickle' in name and 'interbind' in name]
import interbind._pickle as native
assert native.__name__ == 'interbind._pickle'
if hasattr(sys, '_is_gil_enabled'):
    import sysconfig
    assert sys._is_gil_enabled() == (not sysconfig.get_config_var('Py_GIL_DISABLED'))
from interbind.pickle import own
import pickle
import interbind.pickle
assert interbind.pickle.dumps is native.dropin_dumps is not native.dumps
assert own.dumps is native.value_dumps and own.loads(own.dumps([1, {2}])) == [1, {2}]
assert set(own.__all__) <= set(dir(own)) and own.PicklingError is pickle.PicklingError
print('loaded')",
        );
        assert_eq!(said.passed().trim(), "loaded", "on Python {}", modules.python());
    }
}

/// A Python that was installed without its tests gets them from `INTERBIND_PYTHON_TESTS`, a folder with one for each version
/// (`3.14/test`), where that is set.
#[test]
fn cpythons_own_tests_of_picklers_pass() {
    let given = env::var_os("INTERBIND_PYTHON_TESTS");
    let mut ran = 0;
    for modules in pythons("pickle_suite") {
        let python = modules.python();
        let script = repository().join("tests/fixtures/pickle/suite.py");
        let folder = given.as_ref().map(|given| std::path::Path::new(given).join(python.to_string()));
        let folder = folder.filter(|folder| folder.exists());
        let outcome = match folder {
            Some(folder) => modules.run(&format!(
                "import runpy
sys.argv = [{script:?}, {folder:?}]
runpy.run_path(sys.argv[0], run_name='__main__')"
            )),
            None => modules.run_file(&script),
        };
        match outcome.skipped() {
            Some(why) => skip(&format!("pickletester on Python {python}"), why),
            None => {
                assert!(outcome.passed().contains(" 0 failed"), "on Python {python}");
                ran += 1;
            }
        }
    }
    assert!(ran > 0, "no interpreter of this machine has CPython's tests");
}

#[test]
fn random_graphs_have_the_bytes_of_pythons_own_pickler() {
    for said in everywhere("pickle_graphs", "random_graphs.py") {
        assert!(said.contains("streams are the same"), "{said}");
    }
}

#[test]
fn hostile_data_gets_an_exception_or_the_right_bytes() {
    for said in everywhere("pickle_hostile", "hostile_data.py") {
        assert_eq!(said.matches("holds: ").count(), 14, "{said}");
    }
}

#[test]
fn a_failed_allocation_is_a_memory_error() {
    for said in everywhere("pickle_memory", "no_memory.py") {
        assert!(said.contains("allocations failed"), "{said}");
    }
}

#[test]
fn interpreters_of_one_process_pickle_apart() {
    for said in everywhere("pickle_interpreters", "interpreters.py") {
        assert!(said.contains("the same in each"), "{said}");
    }
}
