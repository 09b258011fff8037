//! What the wheel brings for people: the command by both of its names, and its facts as Python objects.
//!
//! The wheel is built and installed as a user does it; without the means, the part is skipped, visibly.

use std::path::Path;
use std::process::Command;

use interbind_tests::package::repository;
use interbind_tests::skip::skip;
use interbind_tests::wheel::{environment, install, run};
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
    let Some(python) = environment(workshop!()) else { return };
    if let Err(said) = install(python, &["mypy"]) {
        return skip("the package's types", said.lines().last().unwrap_or("mypy can't be had"));
    }
    let user = workshop!().join("user_of_types.py");
    let code = "
from typing import Optional
import interbind
from interbind.facts import FrameworkKind, Versions

def releases(path: str) -> list[tuple[FrameworkKind, Optional[Versions]]]:
    modules = interbind.inspect(path).modules
    return [(framework.kind, framework.version.value) for module in modules for framework in module.frameworks]
verdict: str = interbind.check('a', 'b').pairs[0].verdict
";
    std::fs::write(&user, code).expect("the workshop is writable");
    let cache = workshop!().join("mypy");
    let strict = |what: &Path| {
        let mut mypy = Command::new(python);
        mypy.args(["-m", "mypy", "--strict", "--cache-dir"]).arg(&cache).arg(what);
        run(&mut mypy).unwrap_or_else(|said| panic!("{said}"));
    };
    strict(&user);
    strict(&repository().join("python/interbind"));
}
