//! The runner's one error type: bad use and bad data, with the file that holds it. Whatever happens
//! *inside* a cell is never an error but an [`Outcome`](crate::outcome::Outcome).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Why the runner itself could not go on.
#[derive(Debug)]
pub enum Error {
    /// A file or folder could not be read or written.
    Io {
        /// What was touched.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A data file does not say what it should.
    Data {
        /// The file.
        path: PathBuf,
        /// What is wrong in it, and what to write instead.
        what: String,
    },
    /// There is no interpreter to run anything with.
    NoHost {
        /// What was named like one.
        skipped: Vec<Skipped>,
    },
    /// A word on the command line, or in a pattern, that means nothing here.
    Word {
        /// The word as given.
        word: String,
        /// What was expected.
        expected: String,
    },
}

/// A program that is named like a Python but did not answer like one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which.
    pub executable: PathBuf,
    /// What it did instead.
    pub why: String,
}

/// A result of the runner.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Names the file of an I/O error.
    pub fn io(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io { path: path.as_ref().to_owned(), source }
    }

    /// Says what is wrong in a data file.
    pub fn data(path: impl AsRef<Path>, what: impl Into<String>) -> Self {
        Self::Data { path: path.as_ref().to_owned(), what: what.into() }
    }

    /// Says that there is no room for a file.
    pub fn full(path: impl AsRef<Path>) -> Self {
        Self::io(path, io::ErrorKind::StorageFull.into())
    }

    /// What to do about it, where the text doesn't say so itself.
    pub fn fix(&self) -> Option<String> {
        match self {
            Self::Io { source, .. } if is_full(source) => Some(
                "make room on that disk, and type the same words again: what has finished is kept".to_owned(),
            ),
            Self::NoHost { .. } => {
                Some("install one of the Pythons of `conformance/hosts.toml`, or put it on PATH".to_owned())
            }
            _ => None,
        }
    }

    /// Refuses a word.
    pub fn word(word: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Word { word: word.into(), expected: expected.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(f, "`{}`: {source}", path.display()),
            Self::Data { path, what } => write!(f, "`{}`: {what}", path.display()),
            Self::NoHost { skipped } => {
                f.write_str("no Python was found")?;
                skipped.iter().try_for_each(|it| write!(f, "\n  `{}` {}", it.executable.display(), it.why))
            }
            Self::Word { word, expected } => write!(f, "`{word}` is not {expected}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Whether the system says that there is no room.
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
