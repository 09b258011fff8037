//! Brings a wheel into `target/corpus`: exactly that file, by its hash, through pip as it is configured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::truth::Wheel;
use crate::package::repository;
use crate::python::Python;
use crate::skip::{Lack, missing};

/// Where fetched wheels stay.
pub fn cache() -> PathBuf {
    repository().join("target/corpus")
}

/// A wheel's place in the cache, if it is there whole.
pub fn cached(wheel: &Wheel) -> Option<PathBuf> {
    let file = cache().join(&wheel.file);
    (digest(&file)? == wheel.sha256).then_some(file)
}

/// A wheel's place, after fetching it where that is needed.
///
/// # Errors
/// The last line of what pip says, or that the file isn't the one that is meant.
pub fn fetch(wheel: &Wheel, python: &Python) -> Result<PathBuf, String> {
    if let Some(file) = cached(wheel) {
        return Ok(file);
    }
    fs::create_dir_all(cache()).map_err(|error| error.to_string())?;
    // The hash in the requirement makes pip pass over every other file of the release.
    let requirement = cache().join(format!("{}.txt", wheel.file));
    let line = format!("{}=={} --hash=sha256:{}\n", wheel.project, wheel.version, wheel.sha256);
    fs::write(&requirement, line).map_err(|error| error.to_string())?;
    let mut pip = Command::new(&python.executable);
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.args(["--only-binary=:all:", "--ignore-requires-python", "--require-hashes"]);
    pip.arg("--dest").arg(cache()).arg("--requirement").arg(&requirement);
    pip.args(tags(&wheel.file)?).stdin(Stdio::null());
    let output = pip.output().map_err(|error| format!("pip: {error}"))?;
    // A requirement that stays behind does no harm.
    let _ = fs::remove_file(&requirement);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(said.lines().rev().find(|line| !line.is_empty()).unwrap_or("pip failed").to_owned());
    }
    cached(wheel).ok_or_else(|| format!("{} isn't the file that was hashed", wheel.file))
}

/// What tells pip to take a wheel for another machine: the tags of its name.
fn tags(file: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{file}` isn't a wheel's name");
    let name = file.strip_suffix(".whl").ok_or_else(wrong)?;
    let parts: Vec<&str> = name.rsplitn(4, '-').collect();
    let [platforms, abis, pythons, _] = parts.try_into().map_err(|_| wrong())?;
    let python = pythons.split('.').next_back().ok_or_else(wrong)?;
    let (implementation, version) = python.split_at_checked(2).ok_or_else(wrong)?;
    // `py3` fits any; pip wants one.
    let version = if version.len() < 2 { "313" } else { version };
    let implementation = if implementation == "py" { "cp" } else { implementation };
    let mut tags: Vec<String> =
        ["--implementation", implementation, "--python-version", version].map(str::to_owned).into();
    for abi in abis.split('.') {
        tags.extend(["--abi".to_owned(), abi.to_owned()]);
    }
    for platform in platforms.split('.') {
        tags.extend(["--platform".to_owned(), platform.to_owned()]);
    }
    Ok(tags)
}

fn digest(file: &Path) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    Some(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::tags;

    #[test]
    fn the_tags_of_a_name_are_what_pip_is_asked_for() {
        let asked = tags("a_b-1.0-1-cp315-abi3.abi3t-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
        let wanted = "--implementation cp --python-version 315 --abi abi3 --abi abi3t \
                      --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64";
        assert_eq!(asked.map(|tags| tags.join(" ")).as_deref(), Ok(wanted));
        let asked = tags("a-1-py2.py3-none-win_amd64.whl").map(|tags| tags.join(" "));
        let wanted = "--implementation cp --python-version 313 --abi none --platform win_amd64";
        assert_eq!(asked.as_deref(), Ok(wanted));
        let asked = tags("a-1-pp310-pypy310_pp73-macosx_11_0_arm64.whl").map(|tags| tags.join(" "));
        let wanted =
            "--implementation pp --python-version 310 --abi pypy310_pp73 --platform macosx_11_0_arm64";
        assert_eq!(asked.as_deref(), Ok(wanted));
        assert!(tags("a.tar.gz").is_err());
    }
}

/// A wheel of which nothing but its name and hash is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The project's name.
    pub project: String,
    /// Its release.
    pub version: String,
    /// The wheel's file name.
    pub file: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Named {
    /// The wheel's file. `None`, visibly, where it can't be had.
    #[must_use]
    pub fn found(&self, python: &Python) -> Option<PathBuf> {
        let Self { project, version, file, sha256 } = self;
        let wheel = Wheel {
            project: project.clone(),
            version: version.clone(),
            file: file.clone(),
            sha256: sha256.clone(),
            size: 0,
            module: Vec::new(),
        };
        fetch(&wheel, python).map_err(|why| missing(file, Lack::Package("corpus"), &why)).ok()
    }
}
