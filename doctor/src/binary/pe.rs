//! PE: extension modules and libraries of Windows, 32 and 64 bits.
//!
//! The tables of imports and exports are walked here, with a bound for each, because the loader takes them without end.

use std::borrow::Cow;

use object::LittleEndian as LE;
use object::pe::{self, ImageDosHeader, ImageNtHeaders32, ImageNtHeaders64};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader, RichHeaderInfo};

use crate::facts::{Arch, Format, Os};

use super::image::{Export, Image, Kind, Mapped, Section, Unreadable};
use super::relocations::Relocations;
use super::text::text_at;

/// More libraries than any file asks for.
const MOST_LIBRARIES: usize = 1 << 12;
/// More names than any file has.
const MOST_NAMES: usize = 1 << 20;

/// A Rich header has some dozen entries.
const MOST_TOOLS: usize = 256;

/// Sections that hold no texts of the program.
const NO_TEXTS: &[&str] = &[".reloc", ".rsrc", ".pdata", ".xdata", ".tls", ".debug"];

pub(super) fn read(data: &[u8]) -> Result<Image<'_>, Unreadable> {
    let malformed = |error: object::Error| Unreadable::Malformed(error.to_string());
    match object::read::pe::optional_header_magic(data).map_err(malformed)? {
        pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => headers::<ImageNtHeaders32>(data),
        pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => headers::<ImageNtHeaders64>(data),
        other => Err(Unreadable::Malformed(format!("the optional header's magic is {other:#x}"))),
    }
}

fn headers<Pe: ImageNtHeaders>(data: &[u8]) -> Result<Image<'_>, Unreadable> {
    let malformed = |error: object::Error| Unreadable::Malformed(error.to_string());
    let dos = ImageDosHeader::parse(data).map_err(malformed)?;
    let mut offset = dos.nt_headers_offset().into();
    let (headers, directories) = Pe::parse(data, &mut offset).map_err(malformed)?;
    let optional = headers.optional_header();
    let arch = Arch {
        name: machine(headers.file_header().machine.get(LE)),
        bits: if headers.is_type_64() { 64 } else { 32 },
        little_endian: true,
    };
    let mut image = Image::new(data, Format::Pe, arch);
    image.os = Some(Os::Windows);
    image.program = headers.file_header().characteristics.get(LE) & pe::IMAGE_FILE_DLL == 0;
    image.linker =
        Some(format!("{}.{:02}", optional.major_linker_version(), optional.minor_linker_version()));
    image.relocations = Relocations::InPlace;
    if let Some(rich) = RichHeaderInfo::parse(data, dos.nt_headers_offset().into()) {
        let tools = rich.unmasked_entries().take(MOST_TOOLS);
        image.tools = tools.map(|tool| ((tool.comp_id >> 16) as u16, tool.comp_id as u16)).collect();
    }
    let base = optional.image_base();
    match headers.sections(data, offset) {
        Ok(sections) => {
            for section in sections.iter() {
                read_section(&mut image, section, base);
            }
        }
        Err(error) => image.flaw("truncated", format!("the section headers can't be read: {error}")),
    }
    let directory = |index: usize| {
        let directory = directories.get(index)?;
        let address = directory.virtual_address.get(LE);
        (address != 0).then(|| (base.wrapping_add(address.into()), directory.size.get(LE)))
    };
    if let Some((address, _)) = directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT) {
        if read_exports(&mut image, base, address).is_none() {
            image.flaw("malformed", "the table of exports is cut off");
        }
    }
    for (index, delayed) in
        [(pe::IMAGE_DIRECTORY_ENTRY_IMPORT, false), (pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, true)]
    {
        if let Some((address, _)) = directory(index) {
            if read_imports(&mut image, base, address, delayed).is_none() {
                image.flaw("malformed", "the table of imports is cut off");
            }
        }
    }
    Ok(image)
}

fn read_section<'a>(image: &mut Image<'a>, section: &'a pe::ImageSectionHeader, base: u64) {
    let end = section.name.iter().position(|byte| *byte == 0).unwrap_or(section.name.len());
    let name = String::from_utf8_lossy(&section.name[..end]);
    let (offset, size) = section.pe_file_range();
    let (offset, size) = (u64::from(offset), u64::from(size));
    if offset.saturating_add(size) > image.data.len() as u64 {
        let message = format!(
            "section `{}` should reach byte {}, the file has {}",
            name.escape_default(),
            offset.saturating_add(size),
            image.data.len()
        );
        image.flaw("truncated", message);
    }
    let flags = section.characteristics.get(LE);
    let flag = |flag: u32| flags & flag != 0;
    let kind = if NO_TEXTS.contains(&&*name) || name.starts_with('/') || flag(pe::IMAGE_SCN_MEM_DISCARDABLE) {
        Kind::Other
    } else if flag(pe::IMAGE_SCN_CNT_CODE) || flag(pe::IMAGE_SCN_MEM_EXECUTE) {
        Kind::Code
    } else if flag(pe::IMAGE_SCN_MEM_WRITE) || name == "_RDATA" {
        // `_RDATA` is a few constants of the compiler's, also where all others were merged into the code.
        Kind::Data
    } else {
        Kind::ReadOnly
    };
    let address = base.wrapping_add(section.virtual_address.get(LE).into());
    let memory = size.max(section.virtual_size.get(LE).into());
    image.mapped.push(Mapped { address, offset, size, memory });
    let section = Section { name, address, offset, size, kind };
    if section.name == interbind_abi::note::PE_SECTION {
        let bytes = image.bytes(&section);
        image.notes.push(bytes);
    }
    image.sections.push(section);
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

fn read_exports(image: &mut Image<'_>, base: u64, table: u64) -> Option<()> {
    let table = image.at(table)?;
    let rva = |at: usize| Some(base.wrapping_add(word(table, at)?.into()));
    let names = word(table, 24)? as usize;
    if names == 0 {
        return Some(());
    }
    let (addresses, pointers, ordinals) = (image.at(rva(28)?)?, image.at(rva(32)?)?, image.at(rva(36)?)?);
    for index in 0..names.min(MOST_NAMES) {
        let name = base.wrapping_add(word(pointers, index * 4)?.into());
        let ordinal = half(ordinals, index * 2)?;
        let address = base.wrapping_add(word(addresses, usize::from(ordinal) * 4)?.into());
        let name = text_at(image.at(name)?, 0)?;
        image.exports.push(Export { name: Cow::Borrowed(name), address });
    }
    Some(())
}

fn read_imports(image: &mut Image<'_>, base: u64, table: u64, delayed: bool) -> Option<()> {
    let table = image.at(table)?;
    // Offsets of the library's name and of the table of names in each record.
    let (each, name_at, thunks_at, other_at) = if delayed { (32, 4, 16, 16) } else { (20, 12, 0, 16) };
    let mut names = 0;
    for index in 0..MOST_LIBRARIES {
        let at = index * each;
        let name = word(table, at + name_at)?;
        if name == 0 {
            return Some(());
        }
        let library = text_at(image.at(base.wrapping_add(name.into()))?, 0)?;
        let ordinal = image.needed.len();
        image.needed.push(library.to_owned());
        if delayed {
            image.linking.late.push(library.to_owned());
        }
        let thunks = match word(table, at + thunks_at)? {
            0 => word(table, at + other_at)?,
            thunks => thunks,
        };
        let Some(thunks) = image.at(base.wrapping_add(thunks.into())) else { continue };
        let size = if image.arch.bits == 64 { 8 } else { 4 };
        for index in 0.. {
            let thunk = if size == 8 { long(thunks, index * 8)? } else { word(thunks, index * 4)?.into() };
            let by_number = thunk >> (size * 8 - 1) == 1;
            if thunk == 0 {
                break;
            }
            names += 1;
            if names > MOST_NAMES {
                return None;
            }
            if by_number {
                continue;
            }
            let hint = image.at(base.wrapping_add(thunk & 0x7fff_ffff))?;
            image.imports.push(text_at(hint, 2)?);
            image.linking.ordinals.push(Some(ordinal));
        }
    }
    None
}

fn machine(machine: u16) -> String {
    let name = match machine {
        pe::IMAGE_FILE_MACHINE_AMD64 => "x86_64",
        pe::IMAGE_FILE_MACHINE_I386 => "i686",
        pe::IMAGE_FILE_MACHINE_ARM64 => "aarch64",
        pe::IMAGE_FILE_MACHINE_ARM64EC => "arm64ec",
        pe::IMAGE_FILE_MACHINE_ARMNT => "armv7l",
        other => return format!("pe-{other:#x}"),
    };
    name.to_owned()
}
