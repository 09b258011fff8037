//! Packages of PyPI that tests try things on: wheels in a folder of their own, kept beside what tests build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::built::{cache, works};
use crate::python::Python;
use crate::skip::{Lack, missing};

/// A folder with packages for one Python, from where pip finds their wheels; says so when pip can't have them.
pub fn packages(workshop: &Path, python: &'static Python, wanted: &[&str], what: &str) -> Option<PathBuf> {
    let name = format!("packages-{python}-{}", wanted.join("-").replace("==", "-"));
    let folder = workshop.join(&name);
    let _alone = works(cache().alone(&name));
    if folder.join("complete").exists() {
        return Some(folder);
    }
    let done = Command::new(&python.executable)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary=:all:",
            "--target",
        ])
        .arg(&folder)
        .args(wanted)
        .output()
        .expect("the interpreter starts: it has answered before");
    if done.status.success() {
        fs::write(folder.join("complete"), "").expect("the workshop is writable");
        return Some(folder);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.lines().last().unwrap_or_default();
    missing(
        what,
        Lack::Package(wanted[0]),
        &format!("pip can't have {wanted:?} for Python {python}: {said}"),
    );
    None
}
