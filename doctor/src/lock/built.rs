//! The declarations in what was compiled: an extension, a wheel, or a crate's own library (`libframe_api.rlib`), whose members
//! are read like files.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use interbind_abi::note::{Item, read};

use super::file::LockedType;
use crate::binary::Image;
use crate::inspect::{Options, Quiet, inspect};
use crate::source::Input;

/// The largest library that is read.
const LARGEST: u64 = 1 << 30;
const MAGIC: &[u8] = b"!<arch>\n";
/// What stands in front of each member.
const HEAD: usize = 60;

/// Why nothing can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuiltError {
    /// A file can't be read: its name, and why.
    Unreadable(PathBuf, String),
    /// Nothing that was named declares a type.
    Nothing(Vec<PathBuf>),
    /// Two builds declare one type differently under one version.
    Twice(String),
}

impl fmt::Display for BuiltError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, why) => write!(f, "`{}` can't be read: {why}", path.display()),
            Self::Nothing(paths) => {
                let names: Vec<_> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
                write!(f, "{} has no declaration of a shared type", names.join(", "))
            }
            Self::Twice(name) => write!(f, "{name} is declared in two ways under one version"),
        }
    }
}

impl std::error::Error for BuiltError {}

/// The declarations in these files, by name and version.
///
/// # Errors
/// See [`BuiltError`].
pub fn built(paths: &[PathBuf]) -> Result<Vec<LockedType>, BuiltError> {
    let mut found: BTreeSet<LockedType> = BTreeSet::new();
    let mut others = Vec::new();
    for path in paths {
        match library(path)? {
            Some(types) => found.extend(types),
            None => others.push(path.clone()),
        }
    }
    let inspection = inspect(&others, &Options::default(), &Quiet);
    let note = |module: &crate::facts::Module| module.note.clone();
    for declared in inspection.modules.iter().filter_map(note).flat_map(|note| note.declared) {
        let version = declared.version.parse().unwrap_or_default();
        found.insert(LockedType { name: declared.name, version, descriptor: declared.descriptor });
    }
    if found.is_empty() {
        return match inspection.problems.first() {
            Some(problem) => {
                Err(BuiltError::Unreadable(PathBuf::from(&problem.path), problem.message.clone()))
            }
            None => Err(BuiltError::Nothing(paths.to_vec())),
        };
    }
    let found: Vec<LockedType> = found.into_iter().collect();
    let twice =
        found.windows(2).find(|pair| pair[0].name == pair[1].name && pair[0].version == pair[1].version);
    match twice {
        Some(pair) => Err(BuiltError::Twice(pair[0].name.clone())),
        None => Ok(found),
    }
}

/// The declarations in the members of a library; none: it is no such file.
fn library(path: &Path) -> Result<Option<Vec<LockedType>>, BuiltError> {
    let failed = |error: std::io::Error| BuiltError::Unreadable(path.to_owned(), error.to_string());
    if path.is_dir() {
        return Ok(None);
    }
    let input = Input::open(path).map_err(failed)?;
    if input.first(MAGIC.len()).map_err(failed)? != MAGIC {
        return Ok(None);
    }
    if input.size > LARGEST {
        let why = format!("it has {} bytes, and libraries above {LARGEST} are not read", input.size);
        return Err(BuiltError::Unreadable(path.to_owned(), why));
    }
    input.with(|bytes| Some(members(bytes).flat_map(declared).collect())).map_err(failed)
}

/// The bytes of each member.
fn members(archive: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = MAGIC.len();
    std::iter::from_fn(move || {
        let head = archive.get(at..at.checked_add(HEAD)?)?;
        let size: usize = std::str::from_utf8(&head[48..58]).ok()?.trim().parse().ok()?;
        let start = at + HEAD;
        let bytes = archive.get(start..start.checked_add(size)?)?;
        // Members start at even places.
        at = (start + size).next_multiple_of(2);
        Some(bytes)
    })
}

fn declared(member: &[u8]) -> Vec<LockedType> {
    let Ok(image) = Image::parse(member) else { return Vec::new() };
    let items = image.notes.iter().flat_map(|section| read(section)).filter_map(Result::ok);
    let types = items.filter_map(|item| match item {
        Item::Type { version, descriptor } => {
            let name = descriptor.split(' ').nth(1)?.to_owned();
            Some(LockedType { name, version: super::file::TypeVersion(version), descriptor })
        }
        Item::Module(_) => None,
    });
    types.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_library_has_fewer_members_and_is_no_panic() {
        let mut archive = MAGIC.to_vec();
        let head = |size: &str| format!("{:<48}{size:<10}`\n", "a.o/").into_bytes();
        archive.extend(head("4"));
        archive.extend(b"\x7fELF");
        archive.extend(head("99999999"));
        assert_eq!(members(&archive).count(), 1);
        for end in 0..archive.len() {
            members(&archive[..end]).flat_map(declared).for_each(drop);
        }
    }
}
