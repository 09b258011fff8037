//! What a file is by its first bytes: the reader for each format, and the slices of a fat Mach-O file.

use object::macho::{FatArch32, FatArch64};
use object::read::macho::{FatArch, MachOFatFile};

use super::image::{Flaw, Image, Unreadable, part};
use super::{elf, macho, pe, wasm};

/// A fat file for more processors than exist is none.
const MOST_SLICES: usize = 32;

/// One architecture's part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice<'a> {
    /// Where it starts in the file; 0 but in a fat file.
    pub offset: u64,
    /// Its bytes.
    pub data: &'a [u8],
}

/// The slices of a file: itself, or those of a fat Mach-O file, and what is wrong with those that are missing.
///
/// # Errors
/// The first bytes are of no format we know, or a fat header can't be read.
pub fn slices(data: &[u8]) -> Result<(Vec<Slice<'_>>, Vec<Flaw>), Unreadable> {
    let malformed = |error: object::Error| Unreadable::Malformed(error.to_string());
    match data {
        // A Java class starts with the same four bytes; its version, where the number of slices stands, is above 40.
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, count, ..] if usize::from(*count) <= MOST_SLICES => {
            let file = MachOFatFile::<FatArch32>::parse(data).map_err(malformed)?;
            Ok(fat(data, file.arches()))
        }
        [0xca, 0xfe, 0xba, 0xbf, 0, 0, 0, count, ..] if usize::from(*count) <= MOST_SLICES => {
            let file = MachOFatFile::<FatArch64>::parse(data).map_err(malformed)?;
            Ok(fat(data, file.arches()))
        }
        _ => reader(data).map(|_| (vec![Slice { offset: 0, data }], Vec::new())),
    }
}

/// Reads one slice.
type Reader = for<'a> fn(&'a [u8]) -> Result<Image<'a>, Unreadable>;

/// The reader of a slice's format.
fn reader(data: &[u8]) -> Result<Reader, Unreadable> {
    match data {
        [0x7f, b'E', b'L', b'F', ..] => Ok(elf::read),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => Ok(macho::read),
        [b'M', b'Z', ..] => Ok(pe::read),
        [0, b'a', b's', b'm', ..] => Ok(wasm::read),
        _ => Err(Unreadable::UnknownFormat),
    }
}

impl<'a> Image<'a> {
    /// Reads an image from the bytes of one slice.
    ///
    /// # Errors
    /// The bytes are of no known format, or the header can't be read. Everything behind the header is read as far as it
    /// goes; what can't be is in `flaws`.
    pub fn parse(data: &'a [u8]) -> Result<Self, Unreadable> {
        reader(data)?(data)
    }
}

/// Whether the first bytes of a file are of a format we know.
pub fn is_known(first: &[u8]) -> bool {
    !matches!(slices(first), Err(Unreadable::UnknownFormat))
}

fn fat<'a>(data: &'a [u8], arches: &[impl FatArch]) -> (Vec<Slice<'a>>, Vec<Flaw>) {
    let (mut found, mut flaws) = (Vec::new(), Vec::new());
    for arch in arches {
        let (offset, size) = arch.file_range();
        let bytes = part(data, offset, size);
        if (bytes.len() as u64) < size {
            let message =
                format!("the slice at {offset} should have {size} bytes, the file has {}", bytes.len());
            flaws.push(Flaw { kind: "truncated", message });
        }
        if !bytes.is_empty() {
            found.push(Slice { offset, data: bytes });
        }
    }
    (found, flaws)
}
