//! What a file is by its first bytes, and the slices of a fat Mach-O file.

use object::macho::{FatArch32, FatArch64};
use object::read::macho::{FatArch, MachOFatFile};

use super::image::{Flaw, Unreadable, part};

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
        [0x7f, b'E', b'L', b'F', ..]
        | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
        | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
        | [b'M', b'Z', ..] => Ok((vec![Slice { offset: 0, data }], Vec::new())),
        _ => Err(Unreadable::UnknownFormat),
    }
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
