//! `interbind.names`: functions of modules that nobody rebuilds, given names by which they pickle.
//!
//! The laws are tried on functions made like the binders', with `INTERBIND_PICKLE=full` on every CPython; the grid on packages from
//! PyPI that nanobind, pybind11 and Boost.Python have bound, where pip has them. The scripts in `names/` run by hand too; each says at its
//! top how.

use std::env;
use std::fs;

use interbind_tests::modules::Modules;
use interbind_tests::native::{Linked, Native};
use interbind_tests::package::repository;
use interbind_tests::packages::packages;
use interbind_tests::pickle;
use interbind_tests::python::Python;
use interbind_tests::workshop;

/// Packages of PyPI, at the releases that the documentation counts: a Python, a package, a module in it that is mended.
const PACKAGES: &[(&str, &str, &str)] = &[
    // nanobind.
    ("3.13", "apytypes==0.5.1", "apytypes._apytypes"),
    ("3.13", "gemmi==0.7.5", "gemmi"),
    // pybind11 3, and 2: records, and capsules.
    ("3.13", "contourpy==1.4.0", "contourpy._contourpy"),
    ("3.12", "contourpy==1.2.1", "contourpy._contourpy"),
    // Boost.Python.
    ("3.13", "rdkit==2026.9.1", "rdkit.Chem.rdchem"),
    ("3.13", "rdkit==2026.9.1", "rdkit.Chem.rdMolDescriptors"),
    ("3.13", "rdkit==2026.9.1", "rdkit.DataStructs.cDataStructs"),
];

/// What the grid pickles with, beside Python's own two.
const PICKLERS: &[&str] = &["cloudpickle==3.1.3", "dill==0.4.1"];

/// A folder with `interbind` as the wheel has it, and what the scripts import.
fn laid_out(what: &str, python: &'static Python) -> Option<Modules> {
    let modules = Modules::new(workshop!(), what, python);
    let modules = Native::new("tests/fixtures/capi/alike.c", "_alike", Linked::ByHeaders).add_to(
        modules,
        workshop!(),
        what,
    )?;
    let package = modules.folder().join("interbind");
    for (from, to) in
        [("python/interbind/names", package.join("names")), ("tests/names", modules.folder().to_owned())]
    {
        fs::create_dir_all(&to).expect("the workshop is writable");
        for entry in fs::read_dir(repository().join(from)).expect("it is in the repository").flatten() {
            if entry.path().extension().is_some_and(|ending| ending == "py") {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("the workshop is writable");
            }
        }
    }
    fs::copy(repository().join("python/interbind/__init__.py"), package.join("__init__.py"))
        .expect("the workshop is writable");
    Some(modules)
}

#[test]
fn the_laws_of_names_hold() {
    let mut tried = 0;
    for python in pickle::pythons("laws of names") {
        let Some(modules) = laid_out("names_laws", python) else { continue };
        let said = modules.run_laws(&modules.folder().join("laws.py"), &[], &[]);
        let holds = said.lines().filter(|line| line.starts_with("holds: ")).count();
        let skipped = said.lines().filter(|line| line.starts_with("skip: ")).count();
        assert!(holds >= 36 && holds + skipped >= 38, "{python}: laws may only grow\n{said}");
        for line in said.lines().filter_map(|line| line.strip_prefix("skip: ")) {
            interbind_tests::skip::skip(&format!("a law of names on {python}"), line);
        }
        tried += 1;
    }
    assert!(tried > 0, "one Python and its headers at least");
}

/// What `interbind_submodule` makes; the streams come from a package and from the top.
const NESTED: &str = "
import importlib, pickle, types
for name in 'nested', 'around.nested':
    module = importlib.import_module(name)
    assert sys.modules[name + '.sub'] is module.sub and module.sub.__name__ == name + '.sub'
    assert module.sub.add.__module__ == name + '.sub' and module.sub.add(1, 2) == 2
    for protocol in range(6):
        for dumps in pickle.dumps, pickle._dumps:
            assert pickle.loads(dumps(module.sub.add, protocol)) is module.sub.add
before = module.sub
again = module.submodule(module, 'sub')
assert module.sub is again is sys.modules['around.nested.sub'] is not before
for parent, error in (3, AttributeError), (types.SimpleNamespace(__name__=3), TypeError):
    known = set(sys.modules)
    try:
        module.submodule(parent, 'sub')
    except error:
        assert set(sys.modules) == known
    else:
        raise AssertionError(parent)
print('found')
";

#[test]
fn a_module_in_a_module_of_c_is_found_by_its_full_name() {
    let mut tried = 0;
    for python in Python::all() {
        let modules = Modules::new(workshop!(), "names_nested", python);
        let nested = Native::new("tests/fixtures/capi/nested.c", "nested", Linked::ByHeaders);
        let Some(modules) = nested.add_to(modules, workshop!(), "a module in a module") else { continue };
        let package = modules.folder().join("around");
        fs::create_dir_all(&package).expect("the workshop is writable");
        fs::write(package.join("__init__.py"), "").expect("the workshop is writable");
        let file = modules.file("nested");
        fs::copy(&file, package.join(file.file_name().expect("it has a name")))
            .expect("the workshop is writable");
        assert_eq!(modules.run(NESTED).passed().trim(), "found", "{python}");
        tried += 1;
    }
    assert!(tried > 0, "one Python and its headers at least");
}

/// Runs the session of the guide: what it prints must be what the page shows.
const DOCTEST: &str = r"
import doctest, re, sys
page = open(sys.argv[1], encoding='utf-8').read()
session = '\n'.join(block for block in re.findall(r'```text\n(.*?)```', page, re.S) if block.startswith('>>>'))
runner = doctest.DocTestRunner()
runner.run(doctest.DocTestParser().get_doctest(session, {'__name__': '__main__'}, sys.argv[1], sys.argv[1], 0))
sys.exit(runner.failures > 0 or runner.tries < 6)
";

#[test]
fn what_the_guide_shows_is_what_python_does() {
    let what = "the guide to functions that pickle";
    let Some(python) = Python::find("3.13", what) else { return };
    let Some(folder) = packages(workshop!(), python, &["apytypes==0.5.1"], what) else { return };
    let Some(modules) = laid_out("names_guide", python) else { return };
    let ext = Native::new("tests/fixtures/capi/function.cpp", "ext", Linked::ByHeaders);
    let Some(modules) = ext.add_to(modules, workshop!(), what) else { return };
    fs::write(modules.folder().join("guide.py"), DOCTEST).expect("the workshop is writable");
    let page = repository().join("docs/src/guide/pickle-functions.md");
    modules.run_laws(&modules.folder().join("guide.py"), &[&page.display().to_string()], &[&folder]);
}

#[test]
fn every_public_function_of_packages_from_pypi_pickles_when_it_is_mended() {
    for (version, package, module) in PACKAGES {
        let what = "names of packages from PyPI";
        let Some(python) = Python::find(version, what) else { continue };
        let Some(picklers) = packages(workshop!(), python, PICKLERS, what) else { continue };
        let Some(folder) = packages(workshop!(), python, &[package], what) else { continue };
        let Some(modules) = laid_out("names_grid", python) else { continue };
        let said = modules.run_laws(&modules.folder().join("grid.py"), &[module], &[&folder, &picklers]);
        let row: serde_json::Value =
            serde_json::from_str(said.lines().next().unwrap_or_default()).expect("a row");
        assert_eq!(row["functions"], row["mended"], "{said}");
        let pickled = row["picklers"].as_array().map(Vec::len);
        assert!(row["functions"].as_u64() > Some(50) && pickled == Some(4), "{said}");
    }
}
