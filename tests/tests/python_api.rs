//! What the wheel brings for people: the command by both of its names, and its facts as Python objects.
//!
//! The wheel is built and installed as a user does it; without the means, the part is skipped, visibly.

use std::fs;
use std::path::Path;
use std::process::Command;

use interbind_tests::package::repository;
use interbind_tests::python::{Python, needed};
use interbind_tests::skip::skip;
use interbind_tests::wheel::{environment, environment_with, run};
use interbind_tests::workshop;

/// Runs Python code in the environment; what it prints.
#[track_caller]
fn python(code: &str, arguments: &[&str]) -> Option<String> {
    let python = environment(workshop!())?;
    let said = run(Command::new(python).args(["-c", code]).args(arguments).current_dir(workshop!()));
    Some(said.unwrap_or_else(|said| panic!("{said}")))
}

#[test]
fn the_command_has_two_names_and_keeps_its_exit_codes() {
    let Some(python) = environment(workshop!()) else { return };
    let script = python.with_file_name("interbind");
    let asked = run(Command::new(&script).args(["schema", "check"])).unwrap();
    assert!(asked.contains("interbind-check/1"), "{asked}");
    assert_eq!(run(Command::new(python).args(["-m", "interbind", "schema", "check"])).unwrap(), asked);
    let help = run(Command::new(&script).arg("--help")).unwrap();
    assert!(help.contains("inspect") && help.contains("--includes") && !help.contains("matrix"), "{help}");
    for (words, code) in
        [(&["inspect", "no-such-file"][..], 2), (&["explain", "nothing known"], 1), (&["man"], 0)]
    {
        let status = Command::new(&script).args(words).output().expect("the script runs").status;
        assert_eq!(status.code(), Some(code), "{words:?}");
    }
}

/// Holds an object against the JSON that it was made from, field by field.
const SAME: &str = "
import dataclasses, json, subprocess, sys, interbind, interbind._runtime as native

def same(made, told, place):
    if dataclasses.is_dataclass(made):
        assert isinstance(told, dict), place
        names = {field.name.rstrip('_') for field in dataclasses.fields(made)}
        assert set(told) <= names, (place, set(told) - names)
        for field in dataclasses.fields(made):
            value = getattr(made, field.name)
            name = field.name.rstrip('_')
            if name in told:
                same(value, told[name], f'{place}.{name}')
            else:
                assert value in (None, (), '', False), (place, name, value)
        return
    if isinstance(made, tuple):
        assert len(made) == len(told), place
        for i, pair in enumerate(zip(made, told)):
            same(*pair, f'{place}[{i}]')
        return
    assert made == told and type(made) is type(told), (place, made, told)

def told(*words):
    said = subprocess.run([sys.executable, '-m', 'interbind', *words, '--json'], capture_output=True, text=True)
    assert said.returncode < 2, said.stderr
    return json.loads(said.stdout)

file = native.__file__
found = interbind.inspect(file)
same(found, told('inspect', file), 'inspect')
assert found.modules[0].extension and found.modules[0].note is not None
assert [framework.kind for framework in found.modules[0].frameworks] == ['interbind'], found
same(interbind.check(file, file + '.copy'), told('check', file, file + '.copy'), 'check')
key = '__pybind11_internals_v5_gcc_libstdcpp_cxxabi1014__'
same(interbind.explain(key), told('explain', key), 'explain')
same(interbind.diff(key, key.replace('5', '4')), told('diff', key, key.replace('5', '4')), 'diff')
same(interbind.doctor(sys.prefix), told('doctor', sys.prefix), 'doctor')
try:
    found.modules[0].size = 3
except dataclasses.FrozenInstanceError:
    print('same')
";

#[test]
fn python_gets_the_facts_that_json_has() {
    let copy = "import shutil, interbind._runtime as native; shutil.copy(native.__file__, native.__file__ + '.copy')";
    if python(copy, &[]).is_some() {
        assert_eq!(python(SAME, &[]).as_deref(), Some("same\n"));
    }
}

#[test]
fn one_wheel_serves_every_python_with_a_gil() {
    let Some(python) = environment(workshop!()) else { return };
    let site = "import interbind; print(interbind.__path__[0])";
    let package = run(Command::new(python).args(["-c", site])).unwrap();
    let site = Path::new(package.trim()).parent().expect("a package lies in a folder");
    let code = "import sys; sys.path.insert(0, sys.argv[1])
import interbind
found = interbind.inspect(sys.argv[1] + '/interbind')
assert sorted(framework.kind for module in found.modules for framework in module.frameworks) == ['interbind', 'plain'], found
assert interbind.explain('Critical nanobind error: x').meanings[0].rule == 'nanobind-critical'
from interbind.__main__ import main
sys.argv = ['interbind', 'explain', 'v16_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1']
raise SystemExit(main())
";
    let mut ran = 0;
    for other in Python::all().iter().filter(|other| other.is_plain_cpython()) {
        let said = run(Command::new(&other.executable).args(["-I", "-c", code]).arg(site))
            .unwrap_or_else(|said| panic!("{other}: {said}"));
        assert!(said.contains("nanobind 2.6.0–2.9.2"), "{other}: {said}");
        ran += 1;
    }
    assert!(ran > 0, "the environment's own Python at least");
}

#[test]
fn what_cannot_be_done_is_an_exception_that_says_what_to_do() {
    let code = "
import interbind, sys
for call in (lambda: interbind.inspect('no-such-file'), lambda: interbind.check(sys.executable, sys.executable),
             lambda: interbind.inspect(3), lambda: interbind._api._document(['a list'])):
    try:
        call()
    except Exception as error:
        print(type(error).__name__, 'fix:' in str(error))
";
    if let Some(said) = python(code, &[]) {
        assert_eq!(said, "FileNotFoundError True\nValueError True\nTypeError False\nTypeError False\n");
    }
}

#[test]
fn importing_the_package_alone_loads_nothing_of_the_command() {
    let code = "
import sys
before = set(sys.modules)
import interbind
print(sorted(name for name in set(sys.modules) - before if name.startswith('interbind')), 'dataclasses' in sys.modules)
print('inspect' in dir(interbind), hasattr(interbind, 'nothing'))
";
    if let Some(said) = python(code, &[]) {
        assert_eq!(said, "['interbind'] False\nTrue False\n");
    }
}

/// Reading a pipe ends when another thread of the interpreter has written to it: it must be let run.
#[cfg(unix)]
#[test]
fn other_threads_run_while_the_command_works() {
    let code = "
import os, sys, tempfile, threading
from interbind._runtime import _document
pipe = os.path.join(tempfile.mkdtemp(), 'pipe')
os.mkfifo(pipe)
def write():
    with open(pipe, 'w') as file:
        file.write('__pybind11_internals_v5_gcc_libstdcpp_cxxabi1014__')
thread = threading.Thread(target=write)
thread.start()
said = _document(('interbind', 'explain', '--file', pipe))
thread.join()
print('pybind11' in said)
";
    if let Some(said) = python(code, &[]) {
        assert_eq!(said, "True\n");
    }
}

#[test]
fn the_command_works_in_a_forked_process_and_in_another_interpreter() {
    let code = "
import os, sys, interbind
def look():
    assert interbind.inspect(sys.modules['interbind._runtime'].__file__).modules
look()
if hasattr(os, 'fork'):
    child = os.fork()
    if child == 0:
        look()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
import _xxsubinterpreters as interpreters
other = interpreters.create()
interpreters.run_string(other, 'import interbind; assert interbind.explain(\"tag\").given.bytes == 3')
interpreters.destroy(other)
print('done')
";
    let Some(env) = environment(workshop!()) else { return };
    if run(Command::new(env).args(["-c", "import _xxsubinterpreters"])).is_err() {
        return skip("the command in a second interpreter", "this Python calls the module otherwise");
    }
    assert_eq!(python(code, &[]).as_deref(), Some("done\n"));
}

#[test]
fn the_types_hold_under_a_strict_checker() {
    let Some(python) = environment_with(workshop!(), "mypy", "the package's types") else { return };
    let user = workshop!().join("user_of_types.py");
    let code = "
from typing import Optional
import interbind
from interbind.facts import FrameworkKind, Versions

def releases(path: str) -> list[tuple[FrameworkKind, Optional[Versions]]]:
    modules = interbind.inspect(path).modules
    return [(framework.kind, framework.version.value) for module in modules for framework in module.frameworks]
verdict: str = interbind.check('a', 'b').pairs[0].verdict
import interbind.pickle as cloudpickle
from interbind.pickle import own
data: bytes = cloudpickle.dumps(releases, strict=True, by_value=['app.']) + own.dumps([1])
class Mine(cloudpickle.Pickler):
    def persistent_id(self, obj: object) -> object: return None
";
    std::fs::write(&user, code).expect("the workshop is writable");
    let cache = workshop!().join("mypy");
    let strict = |what: &Path| {
        let mut mypy = Command::new(&python);
        // The pickler's own files have no types; those that people import have stubs.
        mypy.args(["-m", "mypy", "--strict", "--exclude", "interbind/pickle/_", "--cache-dir"])
            .arg(&cache)
            .arg(what);
        run(&mut mypy).unwrap_or_else(|said| panic!("{said}"));
    };
    strict(&user);
    strict(&repository().join("python/interbind"));
}

/// A folder with a module that is whole and one that isn't, as a project's `dist`.
fn dist(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder.join("dist")).expect("the workshop is writable");
    fs::write(folder.join("dist/cut.so"), b"\x7fELF\x02\x01\x01").expect("the workshop is writable");
    let code =
        "import interbind._runtime, shutil, sys; shutil.copy(interbind._runtime.__file__, sys.argv[1])";
    python(code, &[&folder.join("dist/_runtime.so").display().to_string()]);
}

#[test]
fn the_action_s_script_runs_the_command_and_keeps_what_it_found() {
    let (Some(python), Some(bash)) = (environment(workshop!()), needed("bash", "the action")) else { return };
    let action = fs::read_to_string(repository().join("action.yml")).expect("it is in the repository");
    // The last block of the file, as the runner hands it to bash.
    let (_, block) = action.rsplit_once("run: |\n").expect("the action has a script");
    let script: String =
        block.lines().map(|line| format!("{}\n", line.trim_start_matches("        "))).collect();
    let folder = workshop!().join("action");
    dist(&folder);
    let bin = python.parent().expect("it lies in a folder").display();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    let run = |command: &str, arguments: &str, fail: &str| {
        let _ = fs::remove_file(folder.join("output"));
        let output = Command::new(&bash)
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", &script])
            .current_dir(&folder)
            .envs([("PATH", &*path), ("COMMAND", command), ("ARGUMENTS", arguments), ("FAIL", fail)])
            .envs([("SARIF", "found.sarif"), ("JUNIT", "found.xml"), ("GITHUB_OUTPUT", "output")])
            .output()
            .expect("bash starts");
        let told = fs::read_to_string(folder.join("output")).expect("the script tells the exit code");
        (output.status.code(), told, String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, told, said) = run("inspect", "dist/*.so", "true");
    assert_eq!((code, &*told), (Some(1), "exit-code=1\n"), "{said}");
    assert!(said.lines().any(|line| line.starts_with("::warning") && line.contains("dist/cut.so")), "{said}");
    let sarif = fs::read_to_string(folder.join("found.sarif")).expect("it was written");
    assert!(sarif.contains("\"2.1.0\"") && sarif.contains("dist/cut.so"), "{sarif}");
    let junit = fs::read_to_string(folder.join("found.xml")).expect("it was written");
    assert!(junit.contains("<failure") && junit.contains("dist/cut.so"), "{junit}");
    assert_eq!(run("inspect", "dist", "false").0, Some(0), "a finding is told and doesn't fail the step");
    let (code, told, _) = run("inspect", "dist/_runtime.so", "true");
    assert_eq!((code, &*told), (Some(0), "exit-code=0\n"));
    // What is no command is bad use, whatever `fail` says; and no input is run as shell code.
    let (code, told, _) = run("inspect", "dist/none.so; touch ran $(touch ran) `touch ran`", "false");
    assert_eq!((code, &*told), (Some(2), "exit-code=2\n"));
    assert!(!folder.join("ran").exists());
}

#[test]
fn the_hooks_of_pre_commit_run() {
    let what = "the hooks of pre-commit";
    let Some(git) = needed("git", what) else { return };
    let Some(python) = environment_with(workshop!(), "pre-commit>=4,<5", what) else { return };
    let hooks = repository().join(".pre-commit-hooks.yaml");
    let bin = python.parent().expect("it lies in a folder");
    let pre_commit = bin.join("pre-commit");
    run(Command::new(&pre_commit).arg("validate-manifest").arg(&hooks)).unwrap();
    // As a local repository, which takes the command that is installed: building it anew would take minutes.
    let text = fs::read_to_string(hooks).expect("it is in the repository");
    let local: String = text
        .replace("language: python", "language: system")
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    let folder = workshop!().join("pre-commit");
    dist(&folder);
    fs::write(
        folder.join(".pre-commit-config.yaml"),
        format!("repos:\n  - repo: local\n    hooks:\n{local}"),
    )
    .expect("the workshop is writable");
    run(Command::new(&git).args(["init", "--quiet", "."]).current_dir(&folder)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let hook = |name: &str, files: &[&str]| {
        run(Command::new(&git)
            .args(["add", "--force", "dist", ".pre-commit-config.yaml"])
            .current_dir(&folder))
        .unwrap();
        let home = workshop!().join("pre-commit-home");
        let mut command = Command::new(&pre_commit);
        command.args(["run", name, "--verbose", "--files"]).args(files).current_dir(&folder);
        run(command.env("PATH", &path).env("PRE_COMMIT_HOME", home))
    };
    let said = hook("interbind-inspect", &["dist/_runtime.so"]).unwrap();
    assert!(said.contains("Passed") && said.contains("_runtime.so"), "{said}");
    let said = hook("interbind-inspect", &["dist/_runtime.so", "dist/cut.so"]).unwrap_err();
    assert!(said.contains("Failed") && said.contains("cut.so"), "{said}");
    // Files that aren't native are none of its business.
    let said = hook("interbind-inspect", &[".pre-commit-config.yaml"]).unwrap();
    assert!(said.contains("no files to check"), "{said}");
    let said = hook("interbind-doctor", &[".pre-commit-config.yaml"]).unwrap();
    assert!(said.contains("Passed"), "{said}");
}

/// A reader that closes the pipe early, and a stdout that isn't there, are none of the command's business.
#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_gets_no_traceback() {
    let Some(python) = environment(workshop!()) else { return };
    let script = python.with_file_name("interbind");
    for words in ["--help", "inspect --help", "schema inspect", "--version", "--includes", "man"] {
        for end in ["| head -c 1", "| true", ">&-"] {
            let line = format!("'{}' {words} {end}", script.display());
            let output = Command::new("sh").args(["-c", &line]).output().expect("sh is there");
            let err = String::from_utf8_lossy(&output.stderr);
            assert!(!err.contains("Traceback") && !err.contains("Exception ignored"), "{line}: {err}");
        }
    }
}

/// Python notes a signal, and acts on it when native code lets it.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_function_that_reads() {
    let code = "
import os, shutil, signal, sys, threading, interbind, interbind._runtime
folder = sys.argv[1]
shutil.copy(interbind._runtime.__file__, folder + '/m.so')
for number in range(2000):
    os.link(folder + '/m.so', f'{folder}/m{number}.so')
# Whatever started the tests may ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    for _ in range(1000):
        interbind.inspect(folder)
except KeyboardInterrupt:
    print('interrupted')
print(len(interbind.inspect(interbind._runtime.__file__).modules))
";
    let folder = workshop!().join("interrupted");
    // A run that was killed has left it.
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder is writable");
    if let Some(said) = python(code, &[&folder.display().to_string()]) {
        assert_eq!(said.trim(), "interrupted\n1");
    }
    _ = fs::remove_dir_all(folder);
}
