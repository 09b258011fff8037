//! `interbind lock`: the layouts and signatures of a crate's shared types, kept beside its source.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use interbind_doctor::lock::{self, LockFile};

use crate::output::Output;
use crate::{Error, Result, view};

/// What was built, and the lock.
#[derive(Args, Debug)]
pub struct Lock {
    /// What the declarations were compiled into: the crate's own library (`target/debug/libframe_api.rlib`), an extension, a wheel
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The lock
    #[arg(long, value_name = "FILE", default_value = "interbind.lock")]
    lock: PathBuf,
    /// Write nothing; exit 1 if a type changed without the version that it needs, or the lock isn't current
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    output: Output,
}

impl Lock {
    pub fn judge(&self) -> Result<lock::Lock> {
        for path in &self.paths {
            fs::metadata(path).map_err(|error| Error::read(path, error))?;
        }
        let built = lock::built(&self.paths).map_err(|error| {
            let fix = "name what declares the types: `cargo build`, then `interbind lock target/debug/libNAME.rlib`";
            Error::word("lock", error.to_string(), fix)
        })?;
        let locked = match fs::read_to_string(&self.lock) {
            Ok(text) => LockFile::parse(&text).map_err(|error| {
                let fix = "restore it from version control, or remove it and run `interbind lock`";
                Error::word(self.lock.display().to_string(), error.to_string(), fix)
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.check => LockFile::default(),
            Err(error) => return Err(Error::read(&self.lock, error)),
        };
        let found = lock::compare(&self.lock.display().to_string(), &locked.types, &built, self.check);
        // A lock that says otherwise would hide the change from the next check.
        if !self.check && !found.broken() {
            write(&self.lock, &LockFile { types: built })?;
        }
        Ok(found)
    }

    pub fn run(self) -> Result<u8> {
        let found = self.judge()?;
        self.output.write(&found, &found.findings, |page| view::lock::view(page, &found, self.check))
    }
}

fn write(path: &Path, lock: &LockFile) -> Result<()> {
    fs::write(path, lock.to_string()).map_err(|error| Error::write(path, error))
}
