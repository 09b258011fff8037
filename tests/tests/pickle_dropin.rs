//! The drop-in of `interbind.pickle` against cloudpickle 3.1.3: its bytes where it loads right, what loads right where it
//! doesn't. The scripts in `dropin/` run by hand too; each says at its top how.

use std::path::{Path, PathBuf};
use std::process::Command;

use interbind_tests::modules::Modules;
use interbind_tests::package::repository;
use interbind_tests::pickle::{self, cloudpickle, laid_out};
use interbind_tests::python::Python;
use interbind_tests::skip::skip;
use interbind_tests::workshop;

/// What runs on one interpreter: the package, and one script.
struct Trial {
    python: &'static Python,
    modules: Modules,
}

impl Trial {
    /// One for each interpreter that pickling is tried on.
    fn all(what: &'static str) -> impl Iterator<Item = Self> {
        let pythons = pickle::pythons(what).into_iter();
        pythons.map(move |python| Self { python, modules: laid_out(workshop!(), what, python) })
    }

    /// Runs a script of `tests/dropin/`; returns what it printed.
    fn run(&self, script: &str, arguments: &[&str], path: &[&Path]) -> String {
        let path = std::env::join_paths(path).expect("paths without colons");
        let output = Command::new(&self.python.executable)
            .arg("-B")
            .arg(repository().join("tests/dropin").join(script))
            .args(arguments)
            .env_remove("PYTHONHOME")
            .env("PYTHONPATH", path)
            .env("PYTHONFAULTHANDLER", "1")
            .output()
            .expect("the interpreter starts: it has answered before");
        let (said, complained) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for line in said.lines() {
            if let Some(reason) = line.strip_prefix("skip: ") {
                skip(script, &format!("Python {}: {reason}", self.python));
            }
        }
        let skipped = output.status.code() == Some(77);
        assert!(
            output.status.success() || skipped,
            "{script} on Python {} ended with {}\n{said}{complained}",
            self.python,
            output.status
        );
        said.into_owned()
    }

    fn package(&self) -> &str {
        self.modules.folder().to_str().expect("a path in UTF-8")
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn each_kind_loads_right_and_has_cloudpickles_bytes_where_those_do() {
    let what = "dropin_kinds";
    let Some(rival) = cloudpickle(workshop!(), "3.1.3", what) else { return };
    for trial in Trial::all(what) {
        let said = trial.run("check_kinds.py", &[trial.package(), text(&rival)], &[]);
        let kinds: usize =
            said.split(' ').nth(1).and_then(|count| count.parse().ok()).expect("the count of kinds");
        assert!(kinds >= 370, "kinds may only grow: {said}");
    }
}

#[test]
fn random_graphs_have_cloudpickles_bytes() {
    let what = "dropin_graphs";
    let Some(rival) = cloudpickle(workshop!(), "3.1.3", what) else { return };
    for trial in Trial::all(what) {
        trial.run("graphs.py", &[trial.package(), text(&rival), "60", "1"], &[]);
    }
}

#[test]
fn the_surface_is_cloudpickles() {
    let what = "dropin_surface";
    let Some(rival) = cloudpickle(workshop!(), "3.1.3", what) else { return };
    let Some(older) = cloudpickle(workshop!(), "3.1.2", what) else { return };
    for trial in Trial::all(what) {
        trial.run("surface.py", &[trial.package(), text(&rival), text(&older)], &[]);
    }
}

#[test]
fn attacks_end_in_exceptions_or_right_bytes() {
    for trial in Trial::all("dropin_hostile") {
        let package = PathBuf::from(trial.package());
        let said = trial.run("hostile.py", &[], &[&package]);
        assert!(said.lines().filter(|line| line.starts_with("held: ")).count() >= 26, "{said}");
    }
}

#[test]
fn cloudpickles_own_suite_passes_but_for_two_tests_of_its_name() {
    for trial in Trial::all("dropin_suite") {
        let work = trial.modules.folder().join("suite");
        let package = trial.package().to_owned();
        let mut arguments = vec!["--package", package.as_str(), "--work", text(&work)];
        let suite = std::env::var("INTERBIND_CLOUDPICKLE_SUITE").ok();
        if let Some(suite) = &suite {
            arguments.extend(["--suite", suite]);
        }
        trial.run("suite.py", &arguments, &[]);
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
sys.exit(runner.failures > 0 or runner.tries < 10)
";

#[test]
fn what_the_guide_shows_is_what_python_does() {
    for trial in Trial::all("dropin_guide") {
        let page = repository().join("docs/src/pickle/from-cloudpickle.md");
        let output = Command::new(&trial.python.executable)
            .args(["-B", "-c", DOCTEST, text(&page)])
            .env("PYTHONPATH", trial.package())
            .output()
            .expect("the interpreter starts: it has answered before");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "Python {}\n{said}{}",
            trial.python,
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
