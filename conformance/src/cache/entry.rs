//! One entry of the cache: a folder, the lock of the one that looks at it or builds it, and the record that says what it was built
//! from and what it holds. The record is the last thing that a build writes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::inputs::{Input, Inputs};
use crate::error::{Error, Result};
use crate::house;
use crate::work::{self, Lock};

/// The record's file. Its time is that of the last use.
pub(super) const RECORD: &str = ".record.json";

/// What an entry was built from, and what it holds.
#[derive(Serialize, Deserialize)]
struct Record {
    inputs: Vec<Input>,
    /// Each file by its path in the folder, with its hash; a link with where it leads.
    files: BTreeMap<String, String>,
}

/// An entry that nobody else has.
#[derive(Debug)]
pub struct Entry {
    folder: PathBuf,
    lock: Lock,
}

/// An entry that was built, and is still as it was built. Nobody else builds it meanwhile.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    lock: Lock,
}

/// An entry that is being built.
#[derive(Debug)]
pub struct Building {
    folder: PathBuf,
    lock: Lock,
    /// What the build reads.
    pub inputs: Inputs,
}

impl Entry {
    pub(super) fn new(folder: PathBuf, lock: Lock) -> Self {
        Self { folder, lock }
    }

    /// Looks whether it was built, and whether all is as it was then.
    ///
    /// # Errors
    /// It wasn't, or something changed: the entry again, to be built.
    pub fn kept(self) -> std::result::Result<Kept, Self> {
        if !self.is_whole() {
            return Err(self);
        }
        // The time of the last use; without it the entry only seems older than it is.
        if let Ok(record) = File::options().append(true).open(self.folder.join(RECORD)) {
            _ = record.set_modified(SystemTime::now());
        }
        Ok(Kept { folder: self.folder, lock: self.lock })
    }

    fn is_whole(&self) -> bool {
        let Ok(text) = fs::read(self.folder.join(RECORD)) else { return false };
        let Ok(record) = serde_json::from_slice::<Record>(&text) else { return false };
        // What is quick to look at comes first.
        record.files.iter().all(|(file, hash)| state(&self.folder.join(file)).as_ref() == Some(hash))
            && record.inputs.iter().all(Input::is_the_same)
    }

    /// Empties it, to be built.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn build(self) -> Result<Building> {
        let io = |e| Error::io(&self.folder, e);
        if self.folder.exists() {
            // Without its record first, so that a half of it is never taken for the whole.
            _ = fs::remove_file(self.folder.join(RECORD));
            fs::remove_dir_all(&self.folder).map_err(io)?;
        }
        fs::create_dir_all(&self.folder).map_err(io)?;
        Ok(Building { folder: self.folder, lock: self.lock, inputs: Inputs::from_now() })
    }
}

impl Building {
    /// Where to build.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the record, unless an input was changed meanwhile: then what was built is good for this time only.
    ///
    /// # Errors
    /// It can't be written.
    pub fn keep(self) -> Result<Kept> {
        if let Some(inputs) = self.inputs.settle() {
            let mut files = BTreeMap::new();
            collect(&self.folder, &self.folder, &mut files)?;
            let record = serde_json::to_vec(&Record { inputs, files });
            let record = record.map_err(|e| Error::data(&self.folder, e.to_string()))?;
            work::write(&self.folder.join(RECORD), &record)?;
        }
        Ok(Kept { folder: self.folder, lock: self.lock })
    }
}

impl Kept {
    /// Empties it, to be built once more.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn again(self) -> Result<Building> {
        Entry::new(self.folder, self.lock).build()
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a file of it is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Copies a file of it to a place where it may be changed. Who has the old file there open keeps it whole.
    ///
    /// # Errors
    /// It can't be written.
    pub fn copy(&self, name: &str, to: &Path) -> Result<()> {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        }
        static COPIES: AtomicUsize = AtomicUsize::new(0);
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let fresh = to.with_extension(format!("{}.{number}", std::process::id()));
        let copied = fs::copy(self.file(name), &fresh).and_then(|_| fs::rename(&fresh, to));
        copied.map_err(|e| Error::io(to, e))
    }
}

/// What a file of an entry is now.
fn state(path: &Path) -> Option<String> {
    match fs::read_link(path) {
        Ok(target) => Some(format!("link to {}", target.display())),
        Err(_) => Some(house::sha256(&fs::read(path).ok()?)),
    }
}

/// Every file below a folder with its hash. What Python compiles by itself may come and go.
fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) -> Result<()> {
    for path in house::entries(folder)? {
        let is_link = path.is_symlink();
        if path.is_dir() && !is_link {
            if path.file_name().is_some_and(|name| name != "__pycache__") {
                collect(root, &path, found)?;
            }
        } else if let Some(state) = state(&path) {
            let below = path.strip_prefix(root).unwrap_or(&path);
            found.insert(below.to_string_lossy().into_owned(), state);
        }
    }
    Ok(())
}
