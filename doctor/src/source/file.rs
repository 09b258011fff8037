//! Opens a file: small ones are read, others are mapped.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use super::map::map;

/// Up to here reading is as fast as mapping, and nobody can take the bytes away.
const READ_BELOW: u64 = 64 * 1024;

/// The bytes of a file.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// Read.
    Owned(Vec<u8>),
    /// Mapped.
    Mapped(Mmap),
}

impl Bytes {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        // Opening a pipe would wait for its other end, and a device never ends.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no regular file"));
        }
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.len() > READ_BELOW {
            return map(&file).map(Self::Mapped);
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        file.by_ref().take(READ_BELOW).read_to_end(&mut bytes)?;
        Ok(Self::Owned(bytes))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(bytes) => bytes,
        }
    }
}
