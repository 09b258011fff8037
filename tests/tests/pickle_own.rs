//! The writer of `interbind.pickle` on functions and classes by value: what it writes loads in a bare Python, and has the same
//! bytes in every process. The scripts in `own/` run by hand too; each says at its top how.

use std::path::Path;
use std::process::Command;

use interbind_tests::modules::Modules;
use interbind_tests::package::repository;
use interbind_tests::pickle::{self, laid_out};
use interbind_tests::python::Python;
use interbind_tests::workshop;

/// The package on each interpreter that pickling is tried on.
fn everywhere(what: &'static str) -> impl Iterator<Item = (&'static Python, Modules)> {
    let pythons = pickle::pythons(what).into_iter();
    pythons.map(move |python| (python, laid_out(workshop!(), what, python)))
}

/// Runs a script of `tests/own/`; returns what it printed.
fn run(python: &Python, modules: &Modules, script: &str, arguments: &[&Path]) -> String {
    let all = Python::all().iter().filter(|other| other.version >= (3, 9)).map(|other| &other.executable);
    let others = std::env::join_paths(all).expect("paths without colons");
    let output = Command::new(&python.executable)
        .arg("-B")
        .arg(repository().join("tests/own").join(script))
        .args(arguments)
        .env_remove("PYTHONHOME")
        .env("PYTHONPATH", modules.folder())
        .env("PYTHONFAULTHANDLER", "1")
        .env("INTERBIND_OTHER_PYTHONS", others)
        .output()
        .expect("the interpreter starts: it has answered before");
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "{script} on Python {python} ended with {}\n{said}{complained}",
        output.status
    );
    said.into_owned()
}

#[test]
fn each_kind_loads_bare_and_has_one_stream_everywhere() {
    for (python, modules) in everywhere("own_kinds") {
        let said = run(python, &modules, "check_kinds.py", &[modules.folder()]);
        let last = said.lines().last().unwrap_or_default();
        let kinds: usize =
            last.split(' ').nth(1).and_then(|count| count.parse().ok()).expect("the count of kinds");
        assert!(kinds >= 900 && last.ends_with(" 0 faults"), "kinds may only grow: {said}");
    }
}

#[test]
fn the_laws_hold() {
    for (python, modules) in everywhere("own_laws") {
        let said = run(python, &modules, "laws.py", &[]);
        assert!(said.lines().filter(|line| line.starts_with("holds: ")).count() >= 44, "{said}");
        let said = run(python, &modules, "more_laws.py", &[]);
        assert!(said.lines().filter(|line| line.starts_with("holds: ")).count() >= 25, "{said}");
        let said = run(python, &modules, "default_laws.py", &[]);
        assert!(said.lines().filter(|line| line.starts_with("holds: ")).count() >= 23, "{said}");
    }
}

#[test]
fn pydantics_models_are_the_same_everywhere_and_validate_where_they_are_loaded() {
    let what = "own_pydantic";
    for (python, modules) in everywhere(what) {
        let Some(pydantic) = pickle::pydantic(workshop!(), python, what) else { continue };
        let path = std::env::join_paths([modules.folder(), &pydantic]).expect("paths without colons");
        let output = Command::new(&python.executable)
            .arg("-B")
            .arg(repository().join("tests/own/pydantic_models.py"))
            .env("PYTHONPATH", path)
            .output()
            .expect("the interpreter starts: it has answered before");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.ends_with("the same in 5 processes\n"),
            "Python {python}\n{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Runs the sessions of a page: what it prints must be what the page shows.
const DOCTEST: &str = r"
import doctest, re, sys
page = open(sys.argv[1], encoding='utf-8').read()
session = '\n'.join(block for block in re.findall(r'```text\n(.*?)```', page, re.S) if block.startswith('>>>'))
space = {'__name__': '__main__'}
test = doctest.DocTestParser().get_doctest(session, space, sys.argv[1], sys.argv[1], 0)
runner = doctest.DocTestRunner()
runner.run(test)
sys.exit(runner.failures > 0 or runner.tries < 6)
";

#[test]
fn what_the_guides_show_is_what_python_does() {
    for (python, modules) in everywhere("own_guides") {
        for page in ["README.md", "docs/src/pickle/bare-python.md", "docs/src/pickle/cache-keys.md"] {
            let output = Command::new(&python.executable)
                .args(["-B", "-c", DOCTEST])
                .arg(repository().join(page))
                .env("PYTHONPATH", modules.folder())
                .output()
                .expect("the interpreter starts: it has answered before");
            let said = String::from_utf8_lossy(&output.stdout);
            let complained = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{page} on Python {python}\n{said}{complained}");
        }
    }
}
