//! Where things are: the repository, this crate's data, the work folder. Reads and writes whole files;
//! decides nothing.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::work;

/// The folders of a run.
#[derive(Clone, Debug)]
pub struct House {
    /// The repository.
    pub repo: PathBuf,
    /// The data: `cases/`, `participants/`, `expect/`, `child/`, …
    pub data: PathBuf,
    /// Where builds, logs and reports go.
    pub work: PathBuf,
}

impl House {
    /// Takes the repository at `repo`.
    pub fn at(repo: impl Into<PathBuf>) -> Self {
        let repo = repo.into();
        let target = std::env::var_os("INTERBIND_CONFORMANCE_DIR").map(PathBuf::from);
        let work = target.unwrap_or_else(|| repo.join("target").join("conformance"));
        Self { data: repo.join("conformance"), repo, work }
    }

    /// Finds the repository: the nearest folder above `from` that holds the conformance data.
    pub fn find(from: &Path) -> Option<Self> {
        let root = from.ancestors().find(|dir| dir.join("conformance/hosts.toml").is_file())?;
        Some(Self::at(root))
    }

    /// Where the report of the last run is kept.
    pub fn last(&self) -> PathBuf {
        self.work.join("last.json")
    }

    /// Where the child's modules are kept compiled: a folder for these very sources.
    pub fn compiled(&self) -> Result<PathBuf> {
        let mut all = String::new();
        for file in files_with_ending(&self.data.join("child"), "py")? {
            all.push_str(&read(&file)?);
        }
        Ok(self.work.join("compiled").join(&sha256(all.as_bytes())[..16]))
    }
}

/// Reads a TOML file into its type.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = read(path)?;
    toml::from_str(&text).map_err(|e| Error::data(path, e.to_string()))
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| Error::io(path, e))
}

/// Writes a file unless it already says the same, so that build tools see no change where there is none.
pub(crate) fn write_if_changed(path: &Path, text: &str) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    }
    work::write(path, text.as_bytes())
}

/// Lists the files of a folder with this ending, sorted; a folder that isn't there has none.
pub(crate) fn files_with_ending(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    Ok(entries(folder)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == ending)).collect())
}

/// Lists a folder, sorted; a folder that isn't there is empty.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        found.push(entry.map_err(|e| Error::io(folder, e))?.path());
    }
    found.sort();
    Ok(found)
}

/// Hashes bytes as hexadecimal SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
