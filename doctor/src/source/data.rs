//! Data files and folders on disk, read with a bound: metadata, lists, tables of a build.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::file::open_regular;

/// Reads a regular file up to a bound, whatever its bytes; nothing else is opened.
pub(crate) fn text(path: &Path, most: u64) -> Option<String> {
    let mut bytes = Vec::new();
    open_regular(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Lists a folder in the order of names; none where it can't be read.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}
