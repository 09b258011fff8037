//! The runner's one error type: bad use and bad data, with the file that holds it. Whatever happens
//! *inside* a cell is never an error but an [`Outcome`](crate::outcome::Outcome).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

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
    /// A word on the command line, or in a pattern, that means nothing here.
    Word {
        /// The word as given.
        word: String,
        /// What was expected.
        expected: String,
    },
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
