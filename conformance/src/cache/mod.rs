//! One cache of built things, for the matrix's forge and for the tests: extensions, libraries, wheels, environments.
//!
//! An entry is a folder that [`Key`] names by all that is known before the build: command line, compiler, Python. What is
//! known only afterwards, the files that the build has read, are its [`Inputs`], and stand in its record with their hashes.
//! An entry is used when each input and each of its own files is still what the record says, and is built again otherwise.
//!
//! - [`key`]: the name of an entry;
//! - [`inputs`]: what a build has read, and how it is seen that it changed;
//! - [`entry`]: an entry with its lock and its record;
//! - [`units`]: what cargo has compiled for one entry and needs for others;
//! - [`sweep`]: what was used last goes last when there are too many.
//!
//! One entry has one lock, so threads and processes that want the same wait for the one that builds it. The record is written
//! last, and whole: a build that is killed leaves an entry without one, which is built again.

pub mod entry;
pub mod inputs;
pub mod key;
pub mod sweep;
pub mod units;

use std::path::{Path, PathBuf};

pub use entry::{Building, Entry, Kept};
pub use inputs::Inputs;
pub use key::Key;
pub use units::Target;

use crate::error::Result;
use crate::work::Lock;

/// The entries of a work folder.
#[derive(Clone, Debug)]
pub struct Cache {
    work: PathBuf,
}

impl Cache {
    /// The cache of a work folder.
    pub fn of(work: &Path) -> Self {
        Self { work: work.to_owned() }
    }

    /// Where the entries are.
    pub fn folder(&self) -> PathBuf {
        self.work.join("built")
    }

    /// Where an entry is, whether it was built or not.
    pub fn place(&self, key: &str) -> PathBuf {
        self.folder().join(key)
    }

    /// Takes an entry, which nobody else has meanwhile.
    ///
    /// # Errors
    /// The work folder can't be written.
    pub fn entry(&self, key: &str) -> Result<Entry> {
        Ok(Entry::new(self.place(key), self.alone(key)?))
    }

    /// Keeps other threads and other processes away from what has this name.
    ///
    /// # Errors
    /// The work folder can't be written.
    pub fn alone(&self, name: &str) -> Result<Lock> {
        Lock::take(&self.lock_of(name), &|_| {})
    }

    fn lock_of(&self, name: &str) -> PathBuf {
        self.work.join("locks").join(name)
    }
}
