//! Why a command could not be done: what failed, with its values, and what to do. A finding is no error.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::output::tell;

/// Why a command could not be done.
#[derive(Debug)]
pub enum Error {
    /// A file or folder can't be read.
    Read {
        /// Which.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A file can't be written.
    Write {
        /// Which; `-` is stdout.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A word that means nothing here.
    Word {
        /// The word as given.
        word: String,
        /// Why it is refused.
        why: String,
        /// What to type instead.
        fix: String,
    },
    /// A program that was needed failed.
    Program {
        /// Which.
        program: PathBuf,
        /// What it said.
        said: String,
        /// What to do.
        fix: String,
    },
    /// Words that don't fit what can be typed.
    Usage(clap::Error),
    /// What the conformance suite says.
    #[cfg(feature = "matrix")]
    Matrix(interbind_conformance::Error),
    /// A report of the conformance suite can't be written.
    #[cfg(feature = "matrix")]
    Report {
        /// Which, and what the system answered.
        source: interbind_conformance::Error,
        /// Where the run is kept all the same.
        kept: PathBuf,
    },
}

impl Error {
    pub(crate) fn read(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Read { path: path.as_ref().to_owned(), source }
    }

    pub(crate) fn write(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Write { path: path.as_ref().to_owned(), source }
    }

    pub(crate) fn word(word: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Word { word: word.into(), why: why.into(), fix: fix.into() }
    }

    /// What the system answered, where it did.
    pub fn io(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source.kind()),
            _ => None,
        }
    }

    /// The error and what to do about it, for those who have one text for both.
    pub fn in_full(&self) -> String {
        match self.fix() {
            Some(fix) => format!("{self}\n  fix: {fix}"),
            None => self.to_string(),
        }
    }

    /// What to do about it.
    fn fix(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } => Some(
                match source.kind() {
                    io::ErrorKind::NotFound => "check the path; names are looked for from the current folder",
                    io::ErrorKind::PermissionDenied => "allow this user to read it",
                    _ => "check that the file can be read",
                }
                .to_owned(),
            ),
            Self::Write { source, .. } => Some(
                match source.kind() {
                    io::ErrorKind::NotFound => "make the folder first",
                    io::ErrorKind::PermissionDenied => "choose a file that this user may write",
                    _ => "choose another file",
                }
                .to_owned(),
            ),
            Self::Word { fix, .. } | Self::Program { fix, .. } => Some(fix.clone()),
            Self::Usage(_) => None,
            #[cfg(feature = "matrix")]
            Self::Matrix(error) => error.fix(),
            #[cfg(feature = "matrix")]
            Self::Report { kept, .. } => Some(format!(
                "choose another file; `interbind matrix show {}` prints this run",
                kept.display()
            )),
        }
    }

    /// Says it on stderr.
    pub(crate) fn print(&self) {
        use anstyle::AnsiColor;
        let (red, cyan) = (AnsiColor::Red.on_default().bold(), AnsiColor::Cyan.on_default().bold());
        tell(&format!("{red}error{red:#}: {self}"));
        if let Some(fix) = self.fix() {
            tell(&format!("\n{cyan}fix{cyan:#}: {fix}"));
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "cannot read `{}`: {}", path.display(), cause(source)),
            Self::Write { path, source } => write!(f, "cannot write `{}`: {}", path.display(), cause(source)),
            Self::Word { word, why, .. } => write!(f, "`{word}` {why}"),
            Self::Program { program, said, .. } => {
                write!(f, "`{}` failed: {}", program.display(), said.trim_end())
            }
            Self::Usage(said) => f.write_str(said.to_string().trim_end().trim_start_matches("error: ")),
            #[cfg(feature = "matrix")]
            Self::Matrix(error) => error.fmt(f),
            #[cfg(feature = "matrix")]
            Self::Report { source, .. } => write!(f, "the report can't be written: {source}"),
        }
    }
}

/// What the system answered, the same on each for what happens most.
fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(feature = "matrix")]
impl From<interbind_conformance::Error> for Error {
    fn from(error: interbind_conformance::Error) -> Self {
        Self::Matrix(error)
    }
}
