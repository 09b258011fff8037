//! A binding library's headers, as its release in the package index has them: unpacked once into the work folder, and never
//! changed. Where pip can't have it, a build that needs it is `absent(not found)`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use interbind_ask::{Limits, ask};

use crate::error::{Error, Result};
use crate::house::{self, House};

/// What the reason begins with of a build that has no package, or no compiler.
pub(crate) const MISSING: &str = "not here: ";

/// What a package that an extension imports may be called: a folder beside it.
pub(crate) const IMPORTED: [&str; 2] = ["interbind", "nanobind_backend"];

/// Copies the modules of a release to where an extension lies.
pub(crate) fn lay_out(release: &Path, out: &Path) -> Result<()> {
    for name in IMPORTED.iter().filter(|name| release.join(name).is_dir()) {
        let (from, to) = (release.join(name), out.join(name));
        fs::create_dir_all(&to).map_err(|e| Error::io(&to, e))?;
        for file in house::entries(&from)?.into_iter().filter(|file| file.is_file()) {
            let name = file.file_name().unwrap_or_default();
            fs::copy(&file, to.join(name)).map_err(|e| Error::io(&file, e))?;
        }
    }
    Ok(())
}

/// Finds the folder of a release, `name==version`, or has pip fill it; `what` tells those for one Python apart. Otherwise says why that
/// failed; `log` gets pip's own words.
pub(crate) fn find(
    house: &House,
    python: &Path,
    wanted: &str,
    what: &str,
    log: &mut String,
) -> Result<std::result::Result<PathBuf, String>> {
    let all = house.work.join("packages");
    let name = wanted.replace("==", "-") + what;
    let folder = all.join(&name);
    if folder.is_dir() {
        return Ok(Ok(folder));
    }
    // Another build may want the same release meanwhile. The one that is finished first gives the folder its name.
    let fresh = all.join(format!("{name}.{}", unique()));
    fs::create_dir_all(&fresh).map_err(|e| Error::io(&fresh, e))?;
    let mut pip = Command::new(python);
    pip.args([
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-compile",
    ]);
    pip.args(["--only-binary=:all:", "--target"]).arg(&fresh).arg(wanted);
    let answer = ask(&mut pip, Limits::BUILD);
    let said = match &answer {
        Ok(answer) => String::from_utf8_lossy(&answer.stderr).into_owned(),
        Err(why) => why.to_string(),
    };
    log.push_str(&format!("$ pip install {wanted}\n{said}\n"));
    if answer.is_ok_and(|answer| answer.status.success()) && fs::rename(&fresh, &folder).is_ok() {
        return Ok(Ok(folder));
    }
    drop(fs::remove_dir_all(&fresh));
    if folder.is_dir() {
        return Ok(Ok(folder));
    }
    Ok(Err(format!("{MISSING}{wanted}: {}", said.lines().last().unwrap_or("pip says nothing"))))
}

/// A name that no other build has.
fn unique() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static MADE: AtomicUsize = AtomicUsize::new(0);
    format!("{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed))
}
