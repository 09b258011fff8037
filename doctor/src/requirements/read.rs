//! Which file is of which kind: known by its name, as the installers themselves do.

use std::fmt;
use std::path::{Path, PathBuf};

use super::lock::{self, Lock};
use super::text::{self, MOST};
use super::wanted::Requirements;
use crate::source;

/// Why a file names no packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequirementsError {
    /// It can't be read.
    Unreadable(PathBuf),
    /// It is larger than any such file.
    TooLarge(PathBuf),
    /// It isn't what its name says; with the reader's own words.
    Broken(PathBuf, String),
    /// A kind that isn't read, and what to give instead.
    Unsupported(PathBuf, &'static str),
}

impl fmt::Display for RequirementsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path) => {
                write!(f, "can't read `{}`; check its name and permissions", path.display())
            }
            Self::TooLarge(path) => {
                write!(f, "`{}` is larger than {} MiB; give a smaller file", path.display(), MOST >> 20)
            }
            Self::Broken(path, why) => {
                write!(f, "`{}` isn't what its name says ({why}); lock again", path.display())
            }
            Self::Unsupported(path, instead) => write!(f, "`{}` isn't read; {instead}", path.display()),
        }
    }
}

impl std::error::Error for RequirementsError {}

enum FileKind {
    Text,
    Lock(Lock),
    Unsupported(&'static str),
}

fn kind(path: &Path) -> Option<FileKind> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let conda = "give the environment's folder instead, once it is made";
    Some(match name.as_str() {
        "uv.lock" => FileKind::Lock(Lock::Uv),
        "poetry.lock" => FileKind::Lock(Lock::Poetry),
        "pdm.lock" => FileKind::Lock(Lock::Pdm),
        "pipfile.lock" => FileKind::Lock(Lock::Pipfile),
        "pixi.lock" | "conda-lock.yml" | "environment.yml" | "environment.yaml" => {
            FileKind::Unsupported(conda)
        }
        "pyproject.toml" | "pipfile" | "setup.py" | "setup.cfg" => {
            FileKind::Unsupported("it names no versions: lock it, and give the lock file")
        }
        name if name.starts_with("pylock.") && name.ends_with(".toml") => FileKind::Lock(Lock::Pylock),
        name if name.ends_with(".txt") || name.ends_with(".in") => FileKind::Text,
        _ => return None,
    })
}

/// Whether a path is a requirements or lock file by its name; those that aren't supported are too.
pub fn is_requirements(path: &Path) -> bool {
    path.is_file() && kind(path).is_some()
}

/// Reads a requirements or lock file.
///
/// # Errors
/// See [`RequirementsError`]. A line that isn't understood is a problem of the result.
pub fn requirements(path: &Path) -> Result<Requirements, RequirementsError> {
    let unsupported =
        "give a requirements file (`.txt`), uv.lock, poetry.lock, pdm.lock, pylock.toml or Pipfile.lock";
    let lock = match kind(path) {
        Some(FileKind::Text) => None,
        Some(FileKind::Lock(lock)) => Some(lock),
        Some(FileKind::Unsupported(instead)) => {
            return Err(RequirementsError::Unsupported(path.to_owned(), instead));
        }
        None => return Err(RequirementsError::Unsupported(path.to_owned(), unsupported)),
    };
    let text = source::text(path, MOST + 1).ok_or_else(|| RequirementsError::Unreadable(path.to_owned()))?;
    if text.len() as u64 > MOST {
        return Err(RequirementsError::TooLarge(path.to_owned()));
    }
    match lock {
        None => Ok(text::read(path, &text)),
        Some(lock) => {
            lock::read(lock, path, &text).map_err(|why| RequirementsError::Broken(path.to_owned(), why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Folder;

    #[test]
    fn a_kind_that_isnt_read_says_what_to_give_instead() {
        let root = Folder::new();
        for name in ["environment.yml", "pyproject.toml", "notes.md"] {
            let path = root.write(name, "");
            let error = requirements(&path).unwrap_err();
            assert!(matches!(error, RequirementsError::Unsupported(..)), "{name}");
            assert!(error.to_string().contains("give"), "{error}");
        }
        assert!(matches!(requirements(&root.path("a.txt")), Err(RequirementsError::Unreadable(_))));
    }

    #[test]
    fn a_broken_lock_is_an_error_not_a_panic() {
        let root = Folder::new();
        for name in ["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.dev.toml", "Pipfile.lock"] {
            let path = root.write_bytes(name, b"[[package]\xff");
            assert!(matches!(requirements(&path), Err(RequirementsError::Broken(..))), "{name}");
            assert!(is_requirements(&path));
        }
    }
}
