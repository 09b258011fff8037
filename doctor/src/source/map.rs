//! Maps a file into memory. The only file of the crate that holds `unsafe` code.
#![allow(unsafe_code, reason = "a mapping can't be made without")]

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapOptions};

/// Maps a whole file, for reading only.
///
/// What others do to the file meanwhile can't be kept out, and this is what it means:
///
/// - written to: the reader may see old and new bytes. Every reader of this crate checks each value where it uses it and
///   indexes with bounds, so that a changed value is a wrong statement or a problem, never a place outside the mapping.
/// - made shorter: touching a page behind the new end ends the process (`SIGBUS`; on Windows the system refuses to make a
///   mapped file shorter). Package managers replace files by renaming, which leaves a mapping as it is. Small files are
///   read instead, see `file`.
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: `map` asks that the file isn't changed while the mapping lives. Nobody can promise that for a foreign file.
    // The mapping is private and read-only, so nothing we do changes it; what others do has the two outcomes above, and
    // neither reads or writes memory outside the mapping: the bytes are only ever parsed, none of them is trusted twice.
    unsafe { MmapOptions::new().map_copy_read_only(file) }
}
