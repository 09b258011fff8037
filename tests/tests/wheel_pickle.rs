//! The wheel brings `interbind.pickle`: built and installed as a user does it, packed as sources, and merged for a release.
//!
//! Without a network, or without a tool, the part is skipped, visibly.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use interbind_tests::package::repository;
use interbind_tests::python::Python;
use interbind_tests::wheel::{environment, run};
use interbind_tests::workshop;

/// A fresh folder.
fn folder(name: &str) -> PathBuf {
    let folder = workshop!().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the workshop is writable");
    folder
}

/// Runs code in an interpreter that sees nothing of its caller.
#[track_caller]
fn said(python: &Path, code: &str, arguments: &[&Path]) -> String {
    let outcome = run(Command::new(python).args(["-I", "-c", code]).args(arguments).current_dir(workshop!()));
    outcome.unwrap_or_else(|said| panic!("{said}"))
}

#[test]
fn an_installed_wheel_pickles_and_its_record_is_right() {
    let Some(python) = environment(workshop!()) else { return };
    let code = "
import sys, sysconfig, interbind
assert not [name for name in sys.modules if name.startswith('interbind.')], 'the package alone imports nothing'
import interbind.pickle
from interbind.pickle import own
import pickle
data = {'a': [1, 2.5, (None, b'x')], 'b': {3}}
assert own.loads(own.dumps(data)) == pickle.loads(own.dumps(data)) == data
import interbind._pickle as native
assert native.__file__.endswith('_pickle' + sysconfig.get_config_var('EXT_SUFFIX')), native.__file__
import base64, hashlib, importlib.metadata
files = importlib.metadata.files('interbind')
assert [file.name for file in files if file.name.startswith('_pickle.')] == [native.__file__.rpartition('/')[2]]
for file in files:
    if file.hash is not None:
        found = hashlib.new(file.hash.mode, file.read_binary()).digest()
        assert base64.urlsafe_b64encode(found).decode().rstrip('=') == file.hash.value, file
unsigned = {file.name for file in files if file.hash is None and file.suffix != '.pyc'}
assert unsigned <= {'RECORD', 'REQUESTED', 'INSTALLER'}, unsigned
print('pickled')";
    assert_eq!(said(python, code, &[]), "pickled\n");
}

/// Imports what needs the native half from a folder; prints the error.
const FAILING: &str = "
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import interbind
assert interbind.__file__.startswith(sys.argv[1]), interbind.__file__
assert interbind.get_include() and not [name for name in sys.modules if name.startswith('interbind.')]
try:
    from interbind.pickle import own
except ImportError as error:
    print(error.name)
    print(error)
";

#[test]
fn without_its_module_pickling_says_who_has_it_and_what_to_do() {
    let package = folder("pickle-missing").join("interbind");
    copy(&repository().join("python/interbind"), &package);
    let site = package.parent().expect("it was joined");
    let mut pythons: Vec<_> = Python::default("pickling without its module").into_iter().collect();
    pythons.extend(Python::find("3.13t", "pickling without its module"));
    pythons.extend(Python::find("pypy3.11", "pickling without its module"));
    for python in pythons {
        let (name, way) = match python.implementation.as_str() {
            "cpython" => ("CPython", "pip install --no-binary interbind interbind"),
            _ => ("PyPy", "fix: run CPython, or use `pickle`"),
        };
        let threads = if python.free_threaded { "t" } else { "" };
        let running = format!("{name} {}.{}{threads}; ", python.version.0, python.version.1);
        // Files of other Pythons, on other systems too; none of them is this one's.
        let others =
            ["_pickle.cpython-38-darwin.so", "_pickle.cp313t-win_amd64.pyd", "_pickle.cpython-37t-x-gnu.so"];
        for file in others {
            let _ = fs::remove_file(package.join(file));
        }
        let text = said(&python.executable, FAILING, &[site]);
        assert!(text.starts_with("interbind._pickle\ninterbind.pickle needs 'interbind._pickle'"), "{text}");
        assert!(text.contains(&running) && text.contains("' has it for no Python; fix: "), "{text}");
        assert!(text.contains(way), "{text}");
        for file in others {
            fs::write(package.join(file), "").expect("the workshop is writable");
        }
        let text = said(&python.executable, FAILING, &[site]);
        assert!(text.contains("' has it for CPython 3.7t, 3.8, 3.13t; fix: "), "{text}");
        assert!(text.contains(way), "{text}");
    }
}

#[test]
fn a_module_that_is_there_and_cannot_be_loaded_says_why_itself() {
    let Some(python) = Python::default("a module that isn't one") else { return };
    let package = folder("pickle-broken").join("interbind");
    copy(&repository().join("python/interbind"), &package);
    fs::write(package.join(format!("_pickle{}", python.suffix)), "not a library").expect("it is writable");
    let text = said(&python.executable, FAILING, &[package.parent().expect("it was joined")]);
    assert!(!text.contains("needs 'interbind._pickle'") && text.contains("_pickle"), "{text}");
}

#[test]
fn merged_wheels_are_exact_and_what_does_not_fit_is_refused() {
    let Some(python) = Python::default("merging wheels") else { return };
    let script = repository().join("tests/fixtures/wheel/merging.py");
    let outcome = run(Command::new(&python.executable).arg(script).arg(folder("merging")));
    assert_eq!(outcome.unwrap_or_else(|said| panic!("{said}")), "merged\n");
}

#[test]
fn the_source_distribution_has_all_that_the_module_is_built_from() {
    let Some(python) = environment(workshop!()) else { return };
    let code = "
import sys, tarfile
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[2] + '/backend')
import interbind_build
name = interbind_build.build_sdist(sys.argv[1])
with tarfile.open(sys.argv[1] + '/' + name) as archive:
    for name in archive.getnames():
        print('packed', name.partition('/')[2])";
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = python.parent().expect("an interpreter lies in a folder");
    let mut pack = Command::new(python);
    pack.args(["-c", code]).arg(folder("sdist")).arg(repository().join("python"));
    pack.env("PATH", format!("{}:{path}", bin.display())).current_dir(repository().join("python"));
    let text = run(&mut pack).unwrap_or_else(|said| panic!("{said}"));
    let packed: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("packed ")).collect();
    let mut needed = BTreeSet::new();
    for folder in ["pickle", "python/backend", "python/interbind/pickle"] {
        files(folder, &mut needed);
    }
    assert!(needed.len() > 40, "{needed:?}");
    let lacking: Vec<_> = needed.iter().filter(|file| !packed.contains(file.as_str())).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
    for file in ["pyproject.toml", "Cargo.toml", "python/Cargo.lock", "pickle/native/Cargo.lock"] {
        assert!(packed.contains(file), "{file}");
    }
    let built: Vec<_> =
        packed.iter().filter(|file| file.contains("/target/") || file.ends_with(".so")).collect();
    assert!(built.is_empty(), "{built:?}");
}

/// The sources below a folder of the repository.
fn files(folder: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(repository().join(folder)).expect("the folder is there").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        if ["target", "tests", "__pycache__", "corpus"].contains(&name.as_str()) || name.ends_with(".so") {
            continue;
        }
        if entry.path().is_dir() { files(&path, found) } else { assert!(found.insert(path)) }
    }
}

/// Copies a package: what is there of it without a compiler.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the workshop is writable");
    for entry in fs::read_dir(from).expect("the package is in the repository").flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else if path.extension().is_some_and(|ending| ending != "so" && ending != "pyc") {
            fs::copy(&path, &to).expect("the workshop is writable");
        }
    }
}
