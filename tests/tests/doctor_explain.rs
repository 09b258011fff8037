//! `explain` on the real thing: errors that are provoked here, in processes of their own, and the texts of the table looked up
//! in the releases it names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use interbind_doctor::explain::{Explanation, Written, explain, sources};
use interbind_tests::extension::Extension;
use interbind_tests::modules::Modules;
use interbind_tests::package::Package;
use interbind_tests::packages;
use interbind_tests::pairs::{Library, Side, in_process};
use interbind_tests::python::{Python, needed};
use interbind_tests::skip::{Lack, missing, skip};
use interbind_tests::workshop;

/// A new folder.
fn folder(name: &str) -> PathBuf {
    let folder = workshop!().join("provoked").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the workshop is writable");
    folder
}

/// Runs code with these files' folders on the path, and explains what it says.
fn provoked(python: &Python, files: &[&Path], code: &str) -> (String, Explanation) {
    let output = in_process(python, files).args(["-c", code]).output().expect("the interpreter starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let explained = explain(&said);
    (said, explained)
}

#[track_caller]
fn is(python: &Python, files: &[&Path], code: &str, rule: &str) -> Explanation {
    let (said, explained) = provoked(python, files, code);
    let found = explained.meanings.iter().any(|meaning| meaning.rule == rule);
    assert!(found, "{python}: {rule} in\n{said}\n{explained:#?}");
    explained
}

#[test]
fn errors_of_python_itself_are_known_on_every_version() {
    for python in Python::all().iter().filter(|python| python.implementation == "cpython") {
        let folder = folder(&format!("python-{python}"));
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().expect("in the folder")).expect("the workshop is writable");
            fs::write(&file, text).expect("the workshop is writable");
            file
        };
        write("package/__init__.py", "");
        write("circle.py", "import square");
        write("square.py", "from circle import side");
        let suffix = &python.suffix;
        let text = write(&format!("text{suffix}"), &"this is no library ".repeat(100));
        let files = [text.as_path()];
        is(python, &files, "import package._core", "extension-missing");
        is(python, &files, "import nowhere_at_all", "module-missing");
        is(python, &files, "import circle", "circular-import");
        is(python, &files, "import text", "wrong-machine");
        is(
            python,
            &files,
            "import pickle, datetime; pickle.dumps(datetime.datetime_CAPI)",
            "capsule-not-picklable",
        );
        is(
            python,
            &files,
            "import pickle, _thread; pickle.dumps(_thread.allocate_lock())",
            "python-object-not-picklable",
        );
        let twice = "import pickle, sys\ndef f(): pass\ng = f\ndef f(): pass\npickle.dumps(g)";
        is(python, &files, twice, "not-the-same-object");
    }
}

/// A tiny extension in C or C++.
fn compiled(
    folder: &Path,
    name: &str,
    suffix: &str,
    compiler: &str,
    source: &str,
    more: &[&str],
) -> Option<PathBuf> {
    let program = needed(compiler, "provoking loaders")?;
    let input = folder.join(if compiler == "g++" { format!("{name}.cpp") } else { format!("{name}.c") });
    fs::write(&input, source).expect("the workshop is writable");
    let file = folder.join(format!("{name}{suffix}"));
    let status =
        Command::new(program).args(["-shared", "-fPIC", "-o"]).arg(&file).arg(&input).args(more).status();
    assert!(status.expect("the compiler was found").success());
    Some(file)
}

#[test]
fn errors_of_the_loader_are_known() {
    if !cfg!(target_os = "linux") {
        skip("provoking loaders", "the files are made as on Linux");
        return;
    }
    let Some(python) = Python::default("provoking loaders") else { return };
    let folder = folder("loader");
    let make = |name, compiler, source: &str, more: &[&str]| {
        compiled(&folder, name, &python.suffix, compiler, source, more)
    };
    let Some(plain) = make(
        "needs",
        "gcc",
        "extern int nowhere(void); void *PyInit_needs(void) { return (void *)(long)nowhere(); }",
        &[],
    ) else {
        return;
    };
    let files = [plain.as_path()];
    let said = is(python, &files, "import needs", "undefined-symbol");
    assert_eq!(said.meanings[0].names["symbol"], "nowhere");
    make(
        "foreign",
        "gcc",
        "extern int PyFuture_Thing(void); void *PyInit_foreign(void) { return (void *)(long)PyFuture_Thing(); }",
        &[],
    );
    is(python, &files, "import foreign", "undefined-python-symbol");
    make(
        "mangled",
        "g++",
        "namespace a { int f(int); } extern \"C\" void *PyInit_mangled() { return (void *)(long)a::f(1); }",
        &[],
    );
    is(python, &files, "import mangled", "undefined-cxx-symbol");
    make("nameless", "gcc", "void *PyInit_other(void) { return 0; }", &[]);
    is(python, &files, "import nameless", "no-init-function");
    let library =
        compiled(&folder, "libgone", ".so", "gcc", "int gone(void) { return 1; }", &[]).expect("as before");
    let place = format!("-L{}", folder.display());
    make(
        "lonely",
        "gcc",
        "extern int gone(void); void *PyInit_lonely(void) { return (void *)(long)gone(); }",
        &[&place, "-lgone"],
    );
    fs::remove_file(library).expect("it was made");
    let said = is(python, &files, "import lonely", "library-missing");
    assert_eq!(said.meanings[0].names["library"], "libgone.so");
    let pip = "import runpy, sys; sys.argv = ['pip', 'install', '--no-index', 'x-1-cp27-cp27m-win32.whl']; runpy.run_module('pip', run_name='__main__')";
    let (text, explained) = provoked(python, &files, pip);
    if text.contains("No module named pip") {
        missing("provoking pip", Lack::Package("pip"), "it isn't installed");
    } else {
        assert_eq!(explained.meanings[0].rule, "wheel-not-supported", "{text}");
    }
}

const ONE: Side = Side::new("told_one", Library::Pybind11, "3.1.0");
const TWO: Side = Side::new("told_two", Library::Pybind11, "2.13.6");
const NANO: Side = Side::new("told_nano", Library::Nanobind, "2.9.2").flags(&["-UNB_COMPACT_ASSERTIONS"]);
/// As nanobind's CMake function builds it for a release: its checks no longer say what failed.
const NANO_RELEASE: Side = Side::new("told_nano_release", Library::Nanobind, "2.9.2");

#[test]
fn errors_of_pybind11_are_known() {
    let Some(python) = ONE.interpreter() else { return };
    for side in [ONE, TWO] {
        let Some(file) = side.build(workshop!()) else { continue };
        let run = |code: &str, rule: &str| {
            is(python, &[&file], &format!("import {} as m\n{code}", side.name), rule)
        };
        let said = run("m.bind()\nm.take(3)", "incompatible-arguments");
        let raw = "when `take` was bound";
        assert!(
            said.meanings[0].seen.iter().any(|seen| seen.contains(raw))
                || said.meanings[0].names.contains_key("raw-type")
                || said.meanings[0].names["invoked-with"] == "3",
            "{said:#?}"
        );
        run("m.make(3)", "return-value-not-convertible");
        let said = run("m.derive()", "pybind11-unknown-base");
        assert_eq!((&*said.meanings[0].names["type"], &*said.meanings[0].names["base"]), ("Deeper", "Thing"));
        let said = run("m.bind()\ndel m.Thing\nm.bind()", "pybind11-already-registered");
        assert_eq!(said.meanings[0].names["type"], "Thing");
        run("m.Thing = 1\nm.bind()", "pybind11-name-taken");
        run("m.bind()\nclass A(m.Thing):\n    def __init__(self): pass\nA()", "init-not-called");
        run("m.bind()\nimport pickle\npickle.dumps(m.Thing(1))", "object-not-picklable");
    }
    if let Some(file) = TWO.build(workshop!()) {
        is(python, &[&file], "import told_two, pickle\npickle.dumps(told_two.take)", "capsule-not-picklable");
    }
}

#[test]
fn errors_of_nanobind_are_known() {
    let (Some(python), Some(file)) = (NANO.interpreter(), NANO.build(workshop!())) else { return };
    let run = |code: &str, rule: &str| is(python, &[&file], &format!("import told_nano as m\n{code}"), rule);
    run("m.bind()\nm.take(3)", "incompatible-arguments");
    run("m.make(3)", "return-value-not-convertible");
    let said = run("m.derive()", "nanobind-unknown-base");
    assert_eq!((&*said.meanings[0].names["type"], &*said.meanings[0].names["base"]), ("Deeper", "Thing"));
    run("m.bind()\nm.bind()", "nanobind-already-registered");
    run("import pickle\npickle.dumps(m.take)", "function-not-picklable");
    if let Some(file) = NANO_RELEASE.build(workshop!()) {
        is(python, &[&file], "import told_nano_release as m\nm.derive()", "nanobind-critical-unsaid");
    }
}

#[test]
fn a_module_for_another_python_is_known_as_one() {
    let (Some(here), Some(file)) = (ONE.interpreter(), ONE.python("3.13").build(workshop!())) else { return };
    let folder = folder("another-python");
    let plain = folder.join(format!("told_one{}", here.suffix));
    fs::copy(file, &plain).expect("the workshop is writable");
    let (said, explained) = provoked(here, &[&plain], "import told_one");
    let rule = explained.meanings[0].rule.as_str();
    assert!(["python-version-mismatch", "undefined-python-symbol"].contains(&rule), "{said}");
}

#[test]
fn what_a_free_threaded_python_and_a_second_interpreter_say_is_known() {
    if let (Some(python), Some(file)) =
        (ONE.python("3.13t").interpreter(), ONE.python("3.13t").build(workshop!()))
    {
        let said = is(python, &[&file], "import told_one", "gil-enabled");
        assert_eq!(said.meanings[0].names["module"], "told_one");
    }
    if let (Some(python), Some(file)) =
        (ONE.python("3.13").interpreter(), ONE.python("3.13").build(workshop!()))
    {
        let code = "import _interpreters as i\nraise SystemExit(str(i.exec(i.create('isolated'), 'import told_one').formatted))";
        is(python, &[&file], code, "single-interpreter");
    }
}

/// Two extensions that compile the same class: the case for which this project exists.
#[test]
fn errors_of_pyo3_are_known() {
    let Some(python) = interbind_tests::examples::python("provoking PyO3") else { return };
    let source = |name: &str| {
        format!(
            "use pyo3::prelude::*;
#[pyclass]
struct Base {{ held: i32 }}
#[pymethods]
impl Base {{
    #[new]
    fn new() -> Self {{ Base {{ held: 1 }} }}
    fn twice(&mut self, call: Bound<'_, PyAny>) -> PyResult<()> {{ self.held += 1; call.call0()?; Ok(()) }}
}}
#[pyfunction]
fn take(base: &Bound<'_, Base>) -> i32 {{ base.borrow().held }}
#[pyfunction]
fn boom() {{ panic!(\"on purpose\") }}
#[pymodule]
fn {name}(m: &Bound<'_, PyModule>) -> PyResult<()> {{
    m.add_class::<Base>()?;
    m.add_function(wrap_pyfunction!(take, m)?)?;
    m.add_function(wrap_pyfunction!(boom, m)?)
}}"
        )
    };
    let build = |name: &'static str| {
        let package = Package::new(name, source(name)).dependency("pyo3 = \"0.28\"");
        Extension::of(&package, workshop!())
    };
    let modules =
        Modules::new(workshop!(), "explain-pyo3", python).with(&build("base_a")).with(&build("base_b"));
    let file = modules.file("base_a");
    let run = |code: &str, rule: &str| is(python, &[&file], code, rule);
    let said = run("import base_a, base_b\nbase_b.take(base_a.Base())", "pyo3-same-name");
    assert_eq!(said.meanings[0].names["want"], "Base");
    run("import base_a\nbase_a.take('text')", "pyo3-not-an-instance");
    run("import base_a\nbase_a.boom()", "rust-panic");
    run("import base_a\nb = base_a.Base()\nb.twice(lambda: b.twice(print))", "pyo3-borrowed");
}

/// Finds a release's sources; `None` where they can't be had, which is said.
fn release(project: &str, version: &str) -> Option<PathBuf> {
    if project == "pyo3" {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
        let registries = fs::read_dir(home.join("registry/src")).ok()?.flatten();
        let found =
            registries.map(|each| each.path().join(format!("pyo3-{version}"))).find(|path| path.is_dir());
        if found.is_none() {
            missing(
                "looking messages up",
                Lack::Package("pyo3"),
                &format!("pyo3 {version} isn't in cargo's registry"),
            );
        }
        return found;
    }
    let python = Python::default("looking messages up")?;
    packages::release(workshop!(), python, &format!("{project}=={version}"), "looking messages up")
}

/// All sources below a folder as one text, in which string literals that follow each other are joined.
fn text_of(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if path.is_dir() {
            text_of(&path, text);
        } else if ["h", "c", "cpp", "hpp", "rs", "py", "pxd", "cmake"].contains(&ending) {
            text.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()));
        }
    }
}

fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('"') {
        joined.push_str(before);
        let gap = behind.trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
        // The end of one literal and the start of the next, with nothing but space between.
        match gap.strip_prefix('"').filter(|_| gap.len() < behind.len()) {
            Some(next) => rest = next,
            None => {
                joined.push('"');
                rest = behind;
            }
        }
    }
    joined.push_str(rest);
    joined
}

#[test]
fn the_releases_that_are_named_have_the_texts() {
    let mut asked: BTreeMap<(String, String), Vec<(String, Written)>> = BTreeMap::new();
    for (message, written) in sources() {
        for version in BTreeSet::from([&written.first, &written.last]) {
            let release = (written.project.clone(), version.clone());
            asked.entry(release).or_default().push((message.clone(), written.clone()));
        }
    }
    let (mut looked, mut unsaid) = (0, Vec::new());
    for ((project, version), all) in asked {
        let Some(folder) = release(&project, &version) else { continue };
        let mut text = String::new();
        text_of(&folder, &mut text);
        let text = joined(&text);
        for (message, written) in all {
            looked += 1;
            if !text.contains(&written.text) {
                unsaid.push(format!("{message}: {project} {version} doesn't say `{}`", written.text));
            }
        }
    }
    assert!(unsaid.is_empty(), "{}", unsaid.join("\n"));
    if looked == 0 {
        missing("looking messages up", Lack::Package("any"), "no release could be had");
    }
}
