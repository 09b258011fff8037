//! Packages of PyPI that tests try things on: wheels in a folder of their own, kept beside what tests build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::built::{cache, works};
use crate::python::Python;
use crate::skip::{Lack, missing};

/// A folder with packages for one Python and what they depend on, from where pip finds their wheels; says so when pip can't have
/// them.
pub fn packages(workshop: &Path, python: &'static Python, wanted: &[&str], what: &str) -> Option<PathBuf> {
    put("packages", &[], workshop, python, wanted, what)
}

/// A folder with one release alone, as `nanobind==3.1.0`; says so when pip can't have it.
pub fn release(workshop: &Path, python: &'static Python, wanted: &str, what: &str) -> Option<PathBuf> {
    put("release", &["--no-deps"], workshop, python, &[wanted], what)
}

fn put(
    kind: &str,
    options: &[&str],
    workshop: &Path,
    python: &'static Python,
    wanted: &[&str],
    what: &str,
) -> Option<PathBuf> {
    let name = format!("{kind}-{python}-{}", wanted.join("-").replace("==", "-"));
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
        .args(options)
        .args(wanted)
        .stdin(Stdio::null())
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
        Lack::Package(wanted[0].split("==").next().unwrap_or_default()),
        &format!("pip can't have {wanted:?} for Python {python}: {said}"),
    );
    None
}
