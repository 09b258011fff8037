//! Lays out the package `interbind` with the native half of `interbind.pickle`, for one interpreter.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::built::{cache, works};
use crate::extension::Extension;
use crate::modules::Modules;
use crate::package::repository;
use crate::python::Python;
use crate::skip::{Lack, missing};

/// The crate of the native half: the free-threaded 3.13 has a lockfile of its own.
fn crate_for(python: &Python) -> &'static str {
    if python.free_threaded && python.version == (3, 13) {
        "pickle/native/free-threaded-3.13"
    } else {
        "pickle/native"
    }
}

/// The interpreters that pickling is tried on: the default one, one without a GIL and a new one; with `INTERBIND_PICKLE=full`
/// every CPython.
pub fn pythons(what: &str) -> Vec<&'static Python> {
    if env::var_os("INTERBIND_PICKLE").is_some_and(|mode| mode == "full") {
        return Python::all().iter().filter(|python| python.implementation == "cpython").collect();
    }
    let default = Python::default(what).filter(|python| python.is_plain_cpython());
    let others = ["3.13t", "3.14"].into_iter().filter_map(|name| Python::find(name, what));
    let mut found: Vec<_> = default.into_iter().chain(others).collect();
    found.dedup();
    found
}

/// Builds `interbind._pickle` for an interpreter, and lays out `interbind/` around it: what scripts import.
pub fn laid_out(workshop: &Path, name: &str, python: &'static Python) -> Modules {
    let modules = Modules::new(workshop, name, python);
    let package = modules.folder().join("interbind");
    copy(&repository().join("python/interbind"), &package);
    let extension = Extension::of_repository("_pickle", crate_for(python));
    extension.build_to(workshop, python, &package.join(format!("_pickle{}", python.suffix)));
    modules
}

/// Copies the Python files of a package, folders in it too.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the workshop is writable");
    for entry in fs::read_dir(from).expect("the package is in the repository") {
        let path = entry.expect("a folder can be read").path();
        let to = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() && path.join("__init__.py").exists() {
            copy(&path, &to);
        } else if path.extension().is_some_and(|ending| ending == "py") {
            fs::copy(&path, &to).expect("the workshop is writable");
        }
    }
}

/// A folder with cloudpickle of that version and nothing else, from where pip finds it; says so when pip can't have it.
///
/// `INTERBIND_CLOUDPICKLE` names a folder that has the versions already: `3.1.3/cloudpickle`.
pub fn cloudpickle(workshop: &Path, version: &str, what: &str) -> Option<PathBuf> {
    if let Some(folder) = env::var_os("INTERBIND_CLOUDPICKLE") {
        return Some(PathBuf::from(folder).join(version));
    }
    let python = Python::default(what)?;
    let folder = workshop.join("cloudpickle").join(version);
    installed(&folder, python, "cloudpickle", &[&format!("cloudpickle=={version}"), "--no-deps"], what)
}

/// A folder with pydantic for that interpreter, and what it needs; says so when pip can't have it.
pub fn pydantic(workshop: &Path, python: &Python, what: &str) -> Option<PathBuf> {
    let folder = workshop.join("pydantic").join(python.to_string());
    installed(&folder, python, "pydantic", &["pydantic==2.14.4", "--only-binary=:all:"], what)
}

fn installed(
    folder: &Path,
    python: &Python,
    package: &'static str,
    wanted: &[&str],
    what: &str,
) -> Option<PathBuf> {
    let _alone = works(cache().alone(&format!("{package}-{}", wanted[0])));
    if folder.join(package).join("__init__.py").exists() {
        return Some(folder.to_owned());
    }
    let done = Command::new(&python.executable)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"])
        .arg(folder)
        .args(wanted)
        .output()
        .expect("the interpreter starts: it has answered before");
    if done.status.success() {
        return Some(folder.to_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.lines().last().unwrap_or_default();
    missing(what, Lack::Package(package), &format!("pip can't have {}: {said}", wanted[0]));
    None
}
