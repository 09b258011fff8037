//! What the loader would write into a place of the image: an address of its own, or that of a symbol elsewhere.
//!
//! ELF says it in tables of relocations, newer Mach-O in chains that run through the data, PE and older Mach-O leave the
//! address in the place. Only data are asked for; what a relocation does to instructions is not followed.

use object::Endian;
use object::Endianness;
use object::elf as constants;

use crate::facts::Format;

use super::image::{Image, Kind};
use super::relocations::{Chains, Fixups, Pointer, Pointers, Relocations, Table, TableKind, Tables};
use super::text::text_at;

/// More relocations than any module has that we know; a hostile file has no more of our memory.
const MOST: usize = 1 << 23;

impl<'a> Image<'a> {
    /// What the loader would write into places of the image; read at the first call.
    pub fn pointers(&self) -> &Pointers<'a> {
        self.pointers.get_or_init(|| Pointers::read(self))
    }

    /// What the loader would write into the slots that calls of imported functions go through; of ELF alone.
    pub(crate) fn jump_slots(&self) -> Vec<(u64, Pointer<'a>)> {
        let mut found = Vec::new();
        if let Relocations::Elf(tables) = &self.relocations {
            if let Some(table) = tables.jumps {
                read_table(self, tables, table, &mut found);
            }
        }
        found
    }
}

impl<'a> Pointers<'a> {
    fn read(image: &Image<'a>) -> Self {
        match &image.relocations {
            Relocations::None => Self::default(),
            Relocations::InPlace => Self { table: Vec::new(), chains: Chains::InPlace },
            Relocations::MachO(fixups) => Self { table: Vec::new(), chains: chains(fixups) },
            Relocations::Elf(tables) => {
                let mut table = Vec::new();
                for each in &tables.tables {
                    read_table(image, tables, *each, &mut table);
                }
                table.sort_by_key(|(place, _)| *place);
                Self { table, chains: Chains::None }
            }
        }
    }

    /// All places and what stands there, in the order of places; only where a table tells (ELF).
    pub(crate) fn all(&self) -> &[(u64, Pointer<'a>)] {
        &self.table
    }

    /// What stands at an address, if it is a pointer.
    pub fn at(&self, image: &Image<'a>, address: u64) -> Option<Pointer<'a>> {
        match self.chains {
            Chains::None => {
                let index = self.table.binary_search_by_key(&address, |(place, _)| *place).ok()?;
                Some(self.table[index].1)
            }
            chains => {
                let target = chains.decode(number(image, address)?)?;
                image.is_loaded(target).then_some(Pointer::Here(target))
            }
        }
    }

    /// The places of data that hold a pointer to one of `targets` (sorted addresses), at most `most` of them.
    pub fn to(&self, image: &Image<'a>, targets: &[u64], most: usize) -> Vec<u64> {
        let wanted = |pointer: Pointer<'_>| match pointer {
            Pointer::Here(address) => targets.binary_search(&address).is_ok(),
            Pointer::Import(_) => false,
        };
        if self.chains == Chains::None {
            let places = self.table.iter().filter(|(_, pointer)| wanted(*pointer));
            return places.map(|(place, _)| *place).take(most).collect();
        }
        let mut found = Vec::new();
        let step = usize::from(image.arch.bits / 8);
        for section in
            image.sections.iter().filter(|section| matches!(section.kind, Kind::Data | Kind::ReadOnly))
        {
            let name = &*section.name;
            let pointers = image.format == Format::Pe || name.contains("__DATA") || name.contains("__AUTH");
            if !pointers {
                continue;
            }
            for (index, word) in image.bytes(section).chunks_exact(step).enumerate() {
                let value = match word.try_into() {
                    Ok(bytes) => u64::from_le_bytes(bytes),
                    Err(_) => word.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)),
                };
                if self.chains.decode(value).is_some_and(|address| wanted(Pointer::Here(address))) {
                    found.push(section.address.wrapping_add((index * step) as u64));
                    if found.len() == most {
                        return found;
                    }
                }
            }
        }
        found
    }
}

impl Chains {
    fn decode(self, value: u64) -> Option<u64> {
        let high = |value: u64| (value >> 36 & 0xff) << 56;
        match self {
            Self::None => None,
            // No pointer leads into the header; small numbers are numbers.
            _ if value < 4096 => None,
            Self::InPlace => Some(value),
            // The highest bit says that it is bound to a symbol.
            Self::Address if value >> 63 == 0 => Some((value & 0xf_ffff_ffff) | high(value)),
            Self::Offset(base) if value >> 63 == 0 => {
                Some(base.wrapping_add(value & 0xf_ffff_ffff) | high(value))
            }
            // The next says so here; the highest that it is signed.
            Self::Signed if value >> 62 & 1 == 0 => Some(value & 0x7ff_ffff_ffff),
            Self::SignedOffset(base) if value >> 62 & 1 == 0 => {
                let bits = if value >> 63 == 1 { 0xffff_ffff } else { 0x7ff_ffff_ffff };
                Some(base.wrapping_add(value & bits))
            }
            _ => None,
        }
    }
}

/// How the chains of an image are written: by the first segment that has any.
fn chains(fixups: &Fixups<'_>) -> Chains {
    let Some(bytes) = fixups.chained else { return Chains::InPlace };
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let format = || -> Option<u16> {
        let starts = word(4)? as usize;
        for index in 0..(word(starts)? as usize).min(64) {
            let offset = word(starts.checked_add(4 + index * 4)?)? as usize;
            if offset != 0 {
                let at = starts.checked_add(offset)?.checked_add(6)?;
                return Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?));
            }
        }
        None
    };
    match format() {
        Some(2) => Chains::Address,
        Some(6) => Chains::Offset(fixups.base),
        Some(1) => Chains::Signed,
        Some(9 | 12) => Chains::SignedOffset(fixups.base),
        _ => Chains::None,
    }
}

/// The number at an address, as wide as a pointer.
fn number(image: &Image<'_>, address: u64) -> Option<u64> {
    let bytes = image.at(address)?;
    let endian = if image.arch.little_endian { Endianness::Little } else { Endianness::Big };
    if image.arch.bits == 64 {
        Some(endian.read_u64_bytes(bytes.get(..8)?.try_into().ok()?))
    } else {
        Some(endian.read_u32_bytes(bytes.get(..4)?.try_into().ok()?).into())
    }
}

fn read_table<'a>(image: &Image<'a>, tables: &Tables<'a>, table: Table, found: &mut Vec<(u64, Pointer<'a>)>) {
    let bytes = image.part(table.offset, table.size);
    let wide = image.arch.bits == 64;
    let endian = if image.arch.little_endian { Endianness::Little } else { Endianness::Big };
    let size = if wide { 8 } else { 4 };
    let field = |record: &[u8], index: usize| -> u64 {
        let bytes = &record[index * size..][..size];
        match (wide, bytes.try_into()) {
            (true, Ok(bytes)) => endian.read_u64_bytes(bytes),
            _ => bytes.try_into().map_or(0, |bytes| endian.read_u32_bytes(bytes).into()),
        }
    };
    if table.kind == TableKind::Relr {
        read_relr(image, bytes, size, &field, found);
        return;
    }
    let fields = if table.kind == TableKind::Rela { 3 } else { 2 };
    for record in bytes.chunks_exact(size * fields) {
        if found.len() == MOST {
            return;
        }
        let (place, info) = (field(record, 0), field(record, 1));
        let addend = || if fields == 3 { field(record, 2) } else { number(image, place).unwrap_or(0) };
        let (symbol, kind) = if wide { (info >> 32, info & 0xffff_ffff) } else { (info >> 8, info & 0xff) };
        let jump = tables.jumps.is_some_and(|jumps| jumps.offset == table.offset);
        let pointer = match relocation(tables.machine, kind as u32, jump) {
            Some(Meaning::Relative) => Some(Pointer::Here(addend())),
            Some(Meaning::Symbol) => of_symbol(tables, endian, wide, symbol, addend()),
            None => None,
        };
        found.extend(pointer.map(|pointer| (place, pointer)));
    }
}

/// Places that hold an address already: one that is even starts a run, odd ones are maps of the places behind it.
fn read_relr<'a>(
    image: &Image<'a>,
    bytes: &[u8],
    size: usize,
    field: &impl Fn(&[u8], usize) -> u64,
    found: &mut Vec<(u64, Pointer<'a>)>,
) {
    let mut next = 0u64;
    for record in bytes.chunks_exact(size) {
        let entry = field(record, 0);
        let (first, mut map) = if entry & 1 == 0 { (entry, 1) } else { (next, entry >> 1) };
        let mut place = first;
        while map != 0 {
            if found.len() == MOST {
                return;
            }
            if map & 1 == 1 {
                found.extend(number(image, place).map(|value| (place, Pointer::Here(value))));
            }
            map >>= 1;
            place = place.wrapping_add(size as u64);
        }
        let step = if entry & 1 == 0 { 1 } else { size as u64 * 8 - 1 };
        next = first.wrapping_add(step * size as u64);
    }
}

enum Meaning {
    /// The addend, slid.
    Relative,
    /// A symbol's address plus the addend.
    Symbol,
}

fn relocation(machine: u16, kind: u32, jump: bool) -> Option<Meaning> {
    use constants as c;
    if (machine, kind, jump) == (c::EM_X86_64, c::R_X86_64_JUMP_SLOT, true) {
        return Some(Meaning::Symbol);
    }
    Some(match (machine, kind) {
        (c::EM_X86_64, c::R_X86_64_RELATIVE)
        | (c::EM_386, c::R_386_RELATIVE)
        | (c::EM_AARCH64, c::R_AARCH64_RELATIVE)
        | (c::EM_ARM, c::R_ARM_RELATIVE)
        | (c::EM_PPC64, c::R_PPC64_RELATIVE)
        | (c::EM_S390, c::R_390_RELATIVE)
        | (c::EM_RISCV, c::R_RISCV_RELATIVE)
        | (c::EM_LOONGARCH, c::R_LARCH_RELATIVE) => Meaning::Relative,
        (c::EM_X86_64, c::R_X86_64_64 | c::R_X86_64_GLOB_DAT)
        | (c::EM_386, c::R_386_32 | c::R_386_GLOB_DAT)
        | (c::EM_AARCH64, c::R_AARCH64_ABS64 | c::R_AARCH64_GLOB_DAT)
        | (c::EM_ARM, c::R_ARM_ABS32 | c::R_ARM_GLOB_DAT)
        | (c::EM_PPC64, c::R_PPC64_ADDR64)
        | (c::EM_S390, c::R_390_64 | c::R_390_GLOB_DAT)
        | (c::EM_RISCV, c::R_RISCV_32 | c::R_RISCV_64)
        | (c::EM_LOONGARCH, c::R_LARCH_32 | c::R_LARCH_64) => Meaning::Symbol,
        _ => return None,
    })
}

fn of_symbol<'a>(
    tables: &Tables<'a>,
    endian: Endianness,
    wide: bool,
    symbol: u64,
    addend: u64,
) -> Option<Pointer<'a>> {
    let (each, shndx_at, value_at) = if wide { (24, 6, 8) } else { (16, 14, 4) };
    let start = usize::try_from(symbol).ok()?.checked_mul(each)?;
    let record = tables.symbols.get(start..start.checked_add(each)?)?;
    let undefined = endian.read_u16_bytes(record[shndx_at..shndx_at + 2].try_into().ok()?) == 0;
    if undefined {
        let name = endian.read_u32_bytes(record[..4].try_into().ok()?);
        return text_at(tables.strings, name.into()).map(Pointer::Import);
    }
    let value = if wide {
        endian.read_u64_bytes(record[value_at..value_at + 8].try_into().ok()?)
    } else {
        endian.read_u32_bytes(record[value_at..value_at + 4].try_into().ok()?).into()
    };
    Some(Pointer::Here(value.wrapping_add(addend)))
}
