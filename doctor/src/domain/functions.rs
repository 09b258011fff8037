//! Where functions begin and end, by the tables that exceptions are unwound with: they stay in a stripped file. `.eh_frame`
//! in ELF, `.pdata` in PE, the list of starts in Mach-O.

use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindSection};

use crate::binary::Image;
use crate::facts::Format;

/// More functions than any module has that we know.
const MOST: usize = 1 << 22;

/// A piece of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Piece {
    /// Its first address.
    pub start: u64,
    /// Behind its last.
    pub end: u64,
    /// Where the function begins that it belongs to.
    pub entry: u64,
}

/// All pieces, in the order of their addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Functions(Vec<Piece>);

impl Functions {
    pub(crate) fn of(image: &Image<'_>) -> Self {
        let mut pieces = match image.format {
            Format::Elf => frames(image),
            Format::Pe => exceptions(image),
            Format::MachO => starts(image),
            // Its code has no addresses to follow.
            Format::Wasm => Vec::new(),
        };
        pieces.retain(|piece| piece.start < piece.end);
        pieces.sort_unstable();
        Self(pieces)
    }

    /// The piece that holds an address.
    pub fn holding(&self, address: u64) -> Option<Piece> {
        let behind = self.0.partition_point(|piece| piece.start <= address);
        let piece = *self.0.get(behind.checked_sub(1)?)?;
        (address < piece.end).then_some(piece)
    }

    /// Where the piece begins that holds an address.
    pub(crate) fn begin_of(&self, address: u64) -> Option<u64> {
        self.holding(address).map(|piece| piece.start)
    }

    /// How long the piece is that begins there.
    pub(crate) fn length_of(&self, address: u64) -> Option<u64> {
        self.holding(address).filter(|piece| piece.start == address).map(|piece| piece.end - piece.start)
    }

    /// Whether a piece begins there.
    pub fn begins(&self, address: u64) -> bool {
        self.0.binary_search_by_key(&address, |piece| piece.start).is_ok()
    }
}

fn frames(image: &Image<'_>) -> Vec<Piece> {
    let Some(section) = image.section(".eh_frame") else { return Vec::new() };
    let frames = EhFrame::new(image.bytes(section), LittleEndian);
    let mut bases = BaseAddresses::default().set_eh_frame(section.address);
    if let Some(text) = image.section(".text") {
        bases = bases.set_text(text.address);
    }
    if let Some(got) = image.section(".got") {
        bases = bases.set_got(got.address);
    }
    let mut found = Vec::new();
    let mut entries = frames.entries(&bases);
    while let Ok(Some(entry)) = entries.next() {
        let CieOrFde::Fde(partial) = entry else { continue };
        let Ok(fde) = partial.parse(EhFrame::cie_from_offset) else { continue };
        let start = fde.initial_address();
        found.push(Piece { start, end: start.saturating_add(fde.len()), entry: start });
        if found.len() == MOST {
            break;
        }
    }
    found
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// x64 alone: arm64 packs its table in another way.
fn exceptions(image: &Image<'_>) -> Vec<Piece> {
    let table = || {
        let header = word(image.data, 0x3c)? as usize;
        let optional = header.checked_add(24)?;
        let low = word(image.data, optional.checked_add(24)?)?;
        let high = word(image.data, optional.checked_add(28)?)?;
        let base = u64::from(high) << 32 | u64::from(low);
        (image.arch.name == "x86_64").then_some((image.section(".pdata")?, base))
    };
    let Some((section, base)) = table() else { return Vec::new() };
    let address = |rva: u32| base.wrapping_add(rva.into());
    let mut found = Vec::new();
    for record in image.bytes(section).chunks_exact(12).take(MOST) {
        let (Some(start), Some(end), Some(unwind)) = (word(record, 0), word(record, 4), word(record, 8))
        else {
            break;
        };
        let mut entry = start;
        let mut unwind = unwind;
        // A piece that continues another names it behind its own codes.
        for _ in 0..32 {
            let parent = || {
                let bytes = image.at(address(unwind))?;
                let (flags, codes) = (*bytes.first()? >> 3, usize::from(*bytes.get(2)?));
                let at = 4 + codes.next_multiple_of(2) * 2;
                (flags & 4 != 0).then(|| Some((word(bytes, at)?, word(bytes, at + 8)?)))?
            };
            let Some((begin, next)) = parent() else { break };
            (entry, unwind) = (begin, next);
        }
        found.push(Piece { start: address(start), end: address(end), entry: address(entry) });
    }
    found
}

fn starts(image: &Image<'_>) -> Vec<Piece> {
    const SEGMENT: u32 = 0x19;
    const STARTS: u32 = 0x26;
    let (mut text, mut list) = (None, None);
    let count = word(image.data, 16).unwrap_or(0).min(4096);
    let mut at = 32_usize;
    for _ in 0..count {
        let (Some(kind), Some(size)) = (word(image.data, at), word(image.data, at + 4)) else { break };
        if kind == SEGMENT && image.data.get(at + 8..at + 15) == Some(b"__TEXT\0") {
            let (low, high) = (word(image.data, at + 24), word(image.data, at + 28));
            text = low.zip(high).map(|(low, high)| u64::from(high) << 32 | u64::from(low));
        } else if kind == STARTS {
            list = word(image.data, at + 8).zip(word(image.data, at + 12));
        }
        at = at.saturating_add(size.max(8) as usize);
    }
    let (Some(mut address), Some((offset, size))) = (text, list) else { return Vec::new() };
    let bytes =
        image.data.get(offset as usize..(offset as usize).saturating_add(size as usize)).unwrap_or(&[]);
    let mut addresses = Vec::new();
    let (mut distance, mut shift) = (0_u64, 0);
    for byte in bytes {
        distance |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte & 0x80 == 0 {
            if distance == 0 || addresses.len() == MOST {
                break;
            }
            address = address.wrapping_add(distance);
            addresses.push(address);
            (distance, shift) = (0, 0);
        }
    }
    let section = image.section("__TEXT,__text");
    let last = section.map_or(address, |section| section.address.saturating_add(section.size));
    let ends = addresses.iter().skip(1).copied().chain([last]);
    addresses.iter().zip(ends).map(|(&start, end)| Piece { start, end, entry: start }).collect()
}
