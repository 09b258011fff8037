//! Function records: functions of C and C++ that name themselves, pickle by name, and take their arguments by place and name.
//!
//! The laws are a script that runs by hand too, `functions/laws.py`. The modules need no interbind at run time: they are built of
//! the headers alone. `functions/lent.py` has the laws of functions of Rust that are lent. What needs packages of PyPI is tried
//! on one Python.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use interbind_abi::signature::Signature;
use interbind_tests::casters::Caster;
use interbind_tests::extension::Extension;
use interbind_tests::modules::Modules;
use interbind_tests::native::{Linked, Native};
use interbind_tests::package::{Package, repository};
use interbind_tests::packages::packages;
use interbind_tests::pairs::Library;
use interbind_tests::pickle;
use interbind_tests::python::Python;
use interbind_tests::skip::skip;
use interbind_tests::workshop;
use xtask::book::{cut, read};

const WHAT: &str = "laws of function records";

/// Its checks see what a release build lets pass: a count that is off, an exception left behind, freed memory.
const DEBUG: &str = "3.13d";

/// What calls functions that are lent, and what pickles and describes functions: on this Python.
const PACKAGES: (&str, &[&str]) = (
    "3.13",
    &[
        "scipy==1.18.1",
        "numba==0.68.1",
        "joblib==1.6.0",
        "mypy==2.4.1",
        "pybind11-stubgen==3.0.0",
        "cloudpickle==3.1.3",
        "dill==0.4.1",
    ],
);

/// The laws that need them.
const OF_PACKAGES: &[&str] = &[
    "scipy_and_numba_call_what_is_lent",
    "joblib_maps_a_method_in_processes",
    "stub_generators_list_no_helper",
    "every_kind_of_callable_pickles_with_every_pickler_and_protocol",
];

/// Runs a script of laws; returns what it printed.
fn run(modules: &Modules, script: &str, laws: &[&str], more: &[&Path]) -> String {
    let said = modules.run_laws(&repository().join("tests/functions").join(script), laws, more);
    for line in said.lines().filter_map(|line| line.strip_prefix("skip: ")) {
        skip(&format!("a law of function records on {}", modules.python()), line);
    }
    said
}

/// How many lines begin with a word.
fn count(said: &str, start: &str) -> usize {
    said.lines().filter(|line| line.starts_with(start)).count()
}

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
    put_around(&modules, "function");
    Some(modules)
}

/// Puts a module into the package `around` too.
fn put_around(modules: &Modules, name: &str) {
    let package = modules.folder().join("around");
    fs::create_dir_all(&package).expect("the workshop is writable");
    fs::write(package.join("__init__.py"), "").expect("the workshop is writable");
    let file = modules.file(name);
    fs::copy(&file, package.join(file.file_name().expect("it has a name")))
        .expect("the workshop is writable");
}

#[test]
fn the_laws_of_function_records_hold() {
    let mut tried = 0;
    let others = ["3.9", DEBUG, "pypy3.11"].into_iter().filter_map(|name| Python::find(name, WHAT));
    for python in pickle::pythons(WHAT).into_iter().chain(others) {
        let Some(modules) = modules(python) else { continue };
        let said = run(&modules, "laws.py", &[], &[]);
        let holds = count(&said, "holds: ");
        assert!(holds >= 25 && holds + count(&said, "skip: ") >= 35, "{python}: laws may only grow\n{said}");
        tried += 1;
    }
    assert!(tried > 0, "one Python and its headers at least");
}

/// Runs a session of the guide: its text is `SESSION`.
const DOCTEST: &str = "
from doctest import DocTestParser, DocTestRunner
test = DocTestParser().get_doctest(SESSION, {}, 'guide', None, 0)
done = DocTestRunner().run(test)
assert done.failed == 0 and done.attempted == len(test.examples) > 3, done
";

/// What the guide says of both modules.
const ASIDE: &str = "
import cext, ext
assert ext.join('a') == 'a!' and ext.join('a', b='b') == 'ab'
assert cext.dot(2, y=3) == 6 and cext.dot(2) == 2
for wrong in ('a',), (1, 'b'), ():
    try:
        cext.dot(*wrong)
    except TypeError:
        continue
    raise AssertionError(wrong)
";

#[test]
fn the_guides_modules_do_what_the_guide_shows() {
    let page = read(&repository().join("docs/src/guide/pickle-functions.md"));
    let session = cut(&page).1.into_iter().find(|block| block.text.contains("import ext,"));
    let session = session.expect("the guide has a session").text;
    // The text of an error is that of the conversions of C++; the rest of the session is true of C's module too.
    let (both, _) = session.split_once(">>> ext.dot(").expect("the guide shows an error");
    let in_c = both.replace("ext", "cext");
    let mut tried = 0;
    for python in pickle::pythons(WHAT) {
        let modules = Modules::new(workshop!(), "functions-guide", python);
        let built = [("examples/functions/ext.cpp", "ext"), ("examples/functions/cext.c", "cext")]
            .into_iter()
            .try_fold(modules, |modules, (source, name)| {
                Native::new(source, name, Linked::ByHeaders).add_to(modules, workshop!(), WHAT)
            });
        let Some(modules) = built else { continue };
        for session in [&*session, &in_c] {
            modules.run(&format!("SESSION = {session:?}{DOCTEST}")).passed();
        }
        modules.run(ASIDE).passed();
        tried += 1;
    }
    assert!(tried > 0, "one Python and its headers at least");
}

#[test]
fn what_packages_do_with_functions_holds() {
    let (version, wanted) = PACKAGES;
    let Some(python) = Python::find(version, WHAT) else { return };
    let Some(modules) = modules(python) else { return };
    let Some(folder) = packages(workshop!(), python, wanted, WHAT) else { return };
    let said = run(&modules, "laws.py", OF_PACKAGES, &[&folder]);
    assert_eq!(count(&said, "holds: "), OF_PACKAGES.len(), "{said}");
}

#[test]
fn functions_of_rust_are_lent_and_called() {
    let (version, wanted) = PACKAGES;
    let Some(python) = Python::find(version, "functions of Rust that are lent") else { return };
    let Some(modules) = modules(python) else { return };
    let caller = Native::new("examples/curves/caller.cpp", "caller", Linked::ByHeaders);
    let Some(modules) = caller.add_to(modules, workshop!(), WHAT) else { return };
    let modules = modules.with(&Extension::example("curves"));
    let packages = packages(workshop!(), python, wanted, WHAT);
    let more: Vec<&Path> = packages.iter().map(AsRef::as_ref).collect();
    let said = run(&modules, "lent.py", &[], &more);
    let holds = count(&said, "holds: ");
    assert!(
        holds + usize::from(packages.is_none()) >= 9 && holds + count(&said, "skip: ") >= 9,
        "laws may only grow\n{said}"
    );
    if packages.is_some() {
        let shown = python_prints(&modules, &more);
        let page = fs::read_to_string(repository().join("examples/README.md")).expect("it is there");
        assert!(page.contains(&shown), "examples/README.md is to show:\n{shown}");
    }
}

/// Records that are made of PyO3's functions; optimised, as an endless recursion of PyO3's own functions ends the stack first otherwise.
fn of_rust(python: &Python) -> Extension {
    let source = fs::read_to_string(repository().join("tests/fixtures/grid/rust.rs")).expect("it is there");
    let package = Package::new("grid_rust", source).interbind("\"pyo3\"");
    // The newest that knows this Python.
    let pyo3 = if python.free_threaded && python.version < (3, 14) { "0.28.3" } else { "0.30.1" };
    Extension::of(&package.dependency(format!("pyo3 = \"={pyo3}\"")), workshop!()).release()
}

#[test]
fn functions_of_rust_are_records() {
    let what = "records of Rust's functions";
    let mut tried = 0;
    let pythons = pickle::pythons(what).into_iter().chain(Python::find(DEBUG, what));
    for python in pythons.filter(|python| python.implementation == "cpython") {
        let Some(modules) = modules(python) else { continue };
        let modules = modules.with(&of_rust(python));
        let said = run(&modules, "rust.py", &[], &[]);
        assert!(count(&said, "holds: ") >= 10, "{python}: laws may only grow\n{said}");
        // The class that Rust makes does for C's and C++'s functions what their own does.
        let said = run(&modules, "laws.py", &["first=grid_rust"], &[]);
        let holds = count(&said, "holds: ");
        assert!(holds >= 25 && holds + count(&said, "skip: ") >= 35, "{python}: laws may only grow\n{said}");
        tried += 1;
    }
    assert!(tried > 0, "one Python and its headers at least");
}

/// Prints texts, as C's header reads them: each in hex, and its form.
const TEXTS: &str = r#"
import random
from native import canonical
draw = random.Random(7)
parts = ["double", "int", "const", "unsigned", "signed", "long", "short", "char", "void", "struct", "volatile", "x.y@1", "a_b", " ", " ", "\t", " *", "*",
         "(", ")", ",", ", ", "...", "[2]", "&", "\0", "5", "\xe9", "const "]
for count in range(30000):
    words = [draw.choice(["int", "double", "void", "unsigned", "const char *"]), "("]
    words += [draw.choice(parts) for _ in range(draw.randrange(9))] + [")"]
    if draw.randrange(4) == 0:
        words[draw.randrange(len(words))] = draw.choice(parts)
    text = "".join(words).encode("latin-1")
    print(text.hex() + " " + canonical(text))
for length in range(1000, 1030):
    text = b"int (" + b"x" * (length - 6) + b")"
    print(text.hex() + " " + canonical(text))
"#;

#[test]
fn c_and_rust_read_the_types_of_functions_alike() {
    let Some(python) = Python::default(WHAT) else { return };
    let modules = Modules::new(workshop!(), "functions-signatures", python);
    let native = Native::new("tests/fixtures/capi/native.c", "native", Linked::ByHeaders);
    let Some(modules) = native.add_to(modules, workshop!(), WHAT) else { return };
    let (mut read, mut refused) = (0, 0);
    for line in modules.run(TEXTS).passed().lines() {
        let (text, form) = line.split_once(' ').unwrap_or((line, ""));
        let bytes: Vec<u8> = (0..text.len() / 2)
            .filter_map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok())
            .collect();
        let ours = Signature::parse(&bytes);
        let ours = ours.as_ref().map_or("", Signature::as_str);
        assert_eq!(ours, form, "{}", String::from_utf8_lossy(&bytes));
        *if form.is_empty() { &mut refused } else { &mut read } += 1;
    }
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}

/// The makers of the grid: a module, and whether `interbind.names` mends it.
const MAKERS: &[&str] = &[
    "function",
    "grid_records",
    "grid_rust",
    "grid_pyo3_named",
    "grid_pyo3",
    "grid_nanobind",
    "grid_nanobind=mended",
    "grid_pybind11",
    "grid_pybind11=mended",
    "grid_pybind11_2",
    "grid_pybind11_2=mended",
];

/// Boost.Python's, in a package of PyPI: it has no wheel of its own to build a module with.
const BOOST: (&str, [&str; 2]) = ("rdkit==2026.9.1", ["rdkit.Chem.rdchem", "rdkit.Chem.rdchem=mended"]);

/// Where the guide has the grid's table.
const AROUND: (&str, &str) = ("<!-- grid: begin -->", "<!-- grid: end -->");

/// The grid's modules of binders, of nanobind and of two majors of pybind11.
const BINDERS: &[Caster] = &[
    Caster::new("grid_nanobind", Library::Nanobind, "3.1.0").source("tests/fixtures/grid/nanobind.cpp"),
    Caster::new("grid_pybind11", Library::Pybind11, "3.1.0").source("tests/fixtures/grid/pybind11.cpp"),
    Caster::new("grid_pybind11_2", Library::Pybind11, "2.13.6").source("tests/fixtures/grid/pybind11.cpp"),
];

/// Builds every maker's module for an interpreter; `None` where something is missing, which is said.
fn makers(python: &'static Python) -> Option<Modules> {
    let what = "the grid of callables";
    let mut modules = Modules::new(workshop!(), "functions-grid", python);
    for (source, name) in
        [("tests/fixtures/capi/function.c", "function"), ("tests/fixtures/grid/records.cpp", "grid_records")]
    {
        modules = Native::new(source, name, Linked::ByHeaders).add_to(modules, workshop!(), what)?;
    }
    let source = fs::read_to_string(repository().join("tests/fixtures/grid/pyo3.rs")).expect("it is there");
    for (name, named) in [("grid_pyo3", "false"), ("grid_pyo3_named", "true")] {
        let source = source.replace("fn grid_pyo3(", &format!("fn {name}("));
        let source = source.replace("NAMED: bool = false", &format!("NAMED: bool = {named}"));
        let package = Package::new(name, source).interbind("\"pyo3\"").dependency("pyo3 = \"=0.30.1\"");
        modules = modules.with(&Extension::of(&package, workshop!()));
    }
    modules = modules.with(&of_rust(python));
    for binder in BINDERS {
        modules = binder.add_to(modules, workshop!(), what)?.unwrap_or_else(|said| panic!("{said}"));
    }
    for maker in MAKERS.iter().filter(|maker| !maker.contains('=')) {
        put_around(&modules, maker);
    }
    let names = modules.folder().join("interbind/names");
    fs::create_dir_all(&names).expect("the workshop is writable");
    let ours = repository().join("python/interbind");
    for entry in fs::read_dir(ours.join("names")).expect("it is in the repository").flatten() {
        if entry.path().extension().is_some_and(|ending| ending == "py") {
            fs::copy(entry.path(), names.join(entry.file_name())).expect("the workshop is writable");
        }
    }
    fs::copy(ours.join("__init__.py"), modules.folder().join("interbind/__init__.py"))
        .expect("the workshop is writable");
    Some(modules)
}

#[test]
fn the_guide_says_which_callables_of_which_binder_pickle() {
    let (version, wanted) = PACKAGES;
    let home = Python::find(version, "the grid of callables");
    let full = env::var_os("INTERBIND_PICKLE").is_some_and(|mode| mode == "full");
    // nanobind, PyO3 and pybind11 2 know these.
    let fits = |python: &&Python| {
        python.is_plain_cpython() && (3, 10) <= python.version && python.version <= (3, 13)
    };
    let others = Python::all().iter().filter(|python| full && fits(python) && home != Some(*python));
    for python in home.into_iter().chain(others) {
        let Some(modules) = makers(python) else { continue };
        let Some(picklers) = packages(workshop!(), python, &wanted[5..], WHAT) else { continue };
        let boost = packages(workshop!(), python, &[BOOST.0], "Boost.Python in the grid of callables");
        let makers = MAKERS.iter().chain(boost.iter().flat_map(|_| &BOOST.1)).copied().collect::<Vec<_>>();
        let more: Vec<&Path> =
            [Some(&picklers), boost.as_ref()].into_iter().flatten().map(AsRef::as_ref).collect();
        let table = run(&modules, "grid.py", &makers, &more);
        // What is made with interbind, or mended, gives the same back for everything that it has; a table of another Python may differ
        // in what the others do.
        for line in table.lines().filter(|line| {
            ["record, ", "names`", "mended"]
                .iter()
                .any(|ours| line.split('|').nth(1).is_some_and(|cell| cell.contains(ours)))
        }) {
            let cells = line.split('|').skip(2).map(str::trim);
            assert!(cells.clone().all(|cell| ["", "yes"].contains(&cell)), "{python}: {line}\n{table}");
        }
        if home == Some(python) {
            let page = repository().join("docs/src/guide/pickle-functions.md");
            let page = fs::read_to_string(page).expect("it is in the repository");
            let shown = page.split_once(AROUND.0).and_then(|(_, rest)| rest.split_once(AROUND.1));
            let (shown, _) = shown.unwrap_or_else(|| panic!("pickle-functions.md has no {}", AROUND.0));
            // Without the package its lines stay as they are.
            let is_here = |line: &&str| boost.is_some() || !line.contains("Boost.Python");
            let shown = shown.trim().lines().filter(is_here).collect::<Vec<_>>().join("\n");
            assert!(shown == table.trim(), "docs/src/guide/pickle-functions.md is to say:\n{table}");
        }
    }
}

/// What the example's demo prints.
fn python_prints(modules: &Modules, more: &[&Path]) -> String {
    let path = [modules.folder()].into_iter().chain(more.iter().copied());
    let output = Command::new(&modules.python().executable)
        .args(["-s", "-B"])
        .arg(repository().join("examples/curves/demo.py"))
        .env("PYTHONPATH", env::join_paths(path).expect("a path without colons"))
        .output()
        .expect("the interpreter starts: it has answered before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
