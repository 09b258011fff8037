//! Finds what is worth reading in a folder. Symbolic links to files are followed, links to folders are not, so that no
//! loop is walked; a file that has several names is read once.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::facts::Problem;

/// Folders that hold copies of what an environment has elsewhere, or none of it.
const PASSED_OVER: &[&str] = &["__pycache__", ".git", ".hg", ".svn"];
/// What Apple's tools keep beside a module for debuggers: a file of the same name with its symbols and without its code.
const DEBUG_SYMBOLS: &str = ".dSYM";
/// A folder inside more folders than this is made by a program gone wrong.
const DEEPEST: usize = 128;

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The folder that was asked for and in which it was found; none for a file that was named itself.
    pub(crate) root: Option<PathBuf>,
    /// How many bytes it had.
    pub(crate) size: u64,
}

/// Finds the native modules and wheels of these paths, in order; a file that is named is read whatever its name is.
pub(crate) fn walk(paths: &[PathBuf]) -> (Vec<Found>, Vec<Problem>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let start = found.len();
                folder(path, path, 0, &mut found, &mut problems);
                found[start..].sort();
            }
            Ok(metadata) => found.push(Found { path: path.clone(), root: None, size: metadata.len() }),
            Err(error) => problems.push(unreadable(path, &error)),
        }
    }
    let mut seen = HashSet::new();
    found.retain(|file| fs::canonicalize(&file.path).map_or(true, |real| seen.insert(real)));
    (found, problems)
}

pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem {
        kind: "unreadable".to_owned(),
        path: path.display().to_string(),
        message: format!("can't be read: {error}"),
        evidence: None,
    }
}

fn folder(root: &Path, path: &Path, depth: usize, found: &mut Vec<Found>, problems: &mut Vec<Problem>) {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(unreadable(path, &error));
            return;
        }
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                problems.push(unreadable(path, &error));
                continue;
            }
        };
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if depth == DEEPEST {
                problems.push(Problem {
                    kind: "too-deep".to_owned(),
                    path: entry.path().display().to_string(),
                    message: format!("lies inside more than {DEEPEST} folders and is not read"),
                    evidence: None,
                });
            } else if !PASSED_OVER.contains(&&*name) && !name.ends_with(DEBUG_SYMBOLS) {
                folder(root, &entry.path(), depth + 1, found, problems);
            }
            continue;
        }
        let path = entry.path();
        let program = !is_native(&name) && !is_wheel(&name);
        if program && !is_program(&path.to_string_lossy()) {
            continue;
        }
        if !kind.is_symlink() && !kind.is_file() {
            // Pipes, sockets and devices, whatever they are called.
            continue;
        }
        let size = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            Ok(_) => continue,
            Err(error) => {
                problems.push(unreadable(&path, &error));
                continue;
            }
        };
        if program && !begins_as_native(&path) {
            continue;
        }
        found.push(Found { path, root: Some(root.to_owned()), size });
    }
}

/// Whether a file's name says that it is a native module or a library.
pub(crate) fn is_native(name: &str) -> bool {
    let ends = |ending: &str| {
        name.len() >= ending.len()
            && name.as_bytes()[name.len() - ending.len()..].eq_ignore_ascii_case(ending.as_bytes())
    };
    let versioned = || {
        // libfoo.so.1.2 and libcrypto.so.1.1.1k: parts that begin with a digit, else it is `x.so.txt`.
        let part = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
        name.rsplit_once(".so.").is_some_and(|(_, version)| version.split('.').all(part))
    };
    let debugs = || name.split(['/', '\\']).rev().skip(1).any(|folder| folder.ends_with(DEBUG_SYMBOLS));
    ([".so", ".pyd", ".dylib", ".dll"].into_iter().any(ends) || versioned()) && !debugs()
}

/// Whether a path is one where wheels put programs: without an ending or with `.exe`, in a folder of scripts. Its first bytes tell
/// whether it is one.
pub(crate) fn is_program(path: &str) -> bool {
    let (folders, name) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
    let folder = folders.rsplit(['/', '\\']).next().unwrap_or_default();
    let ending = name.len() > 4 && name.as_bytes()[name.len() - 4..].eq_ignore_ascii_case(b".exe");
    matches!(folder, "bin" | "scripts") && (ending || !name.contains('.'))
}

/// Whether a file begins as a native program does.
fn begins_as_native(path: &Path) -> bool {
    let mut first = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok()
        && matches!(
            first,
            [0x7f, b'E', b'L', b'F']
                | [0xfe, 0xed, 0xfa, 0xce | 0xcf]
                | [0xce | 0xcf, 0xfa, 0xed, 0xfe]
                | [0xca, 0xfe, 0xba, 0xbe | 0xbf]
                | [b'M', b'Z', ..]
                | [0, b'a', b's', b'm']
        )
}

/// Whether a file's name says that it is a wheel.
pub(crate) fn is_wheel(name: &str) -> bool {
    name.len() > 4 && name.as_bytes()[name.len() - 4..].eq_ignore_ascii_case(b".whl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_native() {
        for name in
            ["a.so", "a.cpython-312-darwin.so", "a.PYD", "liba.dylib", "a.dll", "liba.so.1.2", "c.so.1.1k"]
        {
            assert!(is_native(name), "{name}");
        }
        for name in ["a.py", "so", "a.so.txt", "a.so.1.txt", "a.sox", "a.so.", "é.s"] {
            assert!(!is_native(name), "{name}");
        }
        assert!(is_native("a/b.so") && !is_native("a/b.so.dSYM/Contents/Resources/DWARF/b.so"));
        for name in ["a-1.data/scripts/ruff", "cmake/data/bin/cmake", "a/bin/x.exe"] {
            assert!(is_program(name), "{name}");
        }
        for name in ["bin", "a/ruff", "a/bin/activate.sh", "a/scripts.d/x", "a/exe/x.exe"] {
            assert!(!is_program(name), "{name}");
        }
        assert!(is_wheel("a.whl") && !is_wheel(".whl") && !is_wheel("a.zip"));
    }
}
