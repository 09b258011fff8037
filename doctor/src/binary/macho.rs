//! Mach-O: one slice, 32 or 64 bits.
//!
//! Names are given without the underscore that C compilers put in front. What a file offers stands in its symbol table
//! and, where that was stripped, in the export trie.

use std::borrow::Cow;

use object::Endianness;
use object::macho::{self, MachHeader32, MachHeader64};
use object::read::macho::{LoadCommandVariant, MachHeader, Nlist, Section as _, Segment};

use crate::facts::{Arch, Format, Os};

use super::image::{Export, Image, Kind, Mapped, Section, Unreadable, part};
use super::relocations::{Fixups, Relocations};
use super::text::text_at;

/// After this many names beyond their table it is left alone.
const MOST_BAD_NAMES: usize = 16;
/// More exports than any library has, and a bound for a trie that runs in a circle.
const MOST_NODES: usize = 1 << 18;
/// And one for the names of such a trie, in bytes.
const MOST_LETTERS: usize = 64 << 20;

pub(super) fn read(data: &[u8]) -> Result<Image<'_>, Unreadable> {
    match data.get(..4) {
        Some([0xfe, 0xed, 0xfa, 0xce] | [0xce, 0xfa, 0xed, 0xfe]) => slice::<MachHeader32<Endianness>>(data),
        _ => slice::<MachHeader64<Endianness>>(data),
    }
}

fn slice<Mach: MachHeader<Endian = Endianness>>(data: &[u8]) -> Result<Image<'_>, Unreadable> {
    let malformed = |error: object::Error| Unreadable::Malformed(error.to_string());
    let header = Mach::parse(data, 0).map_err(malformed)?;
    let endian = header.endian().map_err(malformed)?;
    let arch = Arch {
        name: processor(header.cputype(endian), header.cpusubtype(endian)),
        bits: if header.is_type_64() { 64 } else { 32 },
        little_endian: header.is_little_endian(),
    };
    let mut image = Image::new(data, Format::MachO, arch);
    image.program = header.filetype(endian) == macho::MH_EXECUTE;
    let mut fixups = Fixups::default();
    let mut trie: &[u8] = &[];
    let mut ordinals: Vec<u8> = Vec::new();
    let two_levels = header.flags(endian) & macho::MH_TWOLEVEL != 0;
    let mut commands = header.load_commands(endian, data, 0).map_err(malformed)?;
    loop {
        let command = match commands.next() {
            Ok(Some(command)) => command,
            Ok(None) => break,
            Err(error) => {
                image.flaw("truncated", format!("the load commands end early: {error}"));
                break;
            }
        };
        let linkedit = |offset: u32, size: u32| part(data, offset.into(), size.into());
        match command.variant() {
            Ok(LoadCommandVariant::Segment32(segment, sections)) => {
                read_segment::<MachHeader32<Endianness>>(&mut image, &mut fixups, endian, segment, sections);
            }
            Ok(LoadCommandVariant::Segment64(segment, sections)) => {
                read_segment::<MachHeader64<Endianness>>(&mut image, &mut fixups, endian, segment, sections);
            }
            Ok(LoadCommandVariant::Symtab(table)) => {
                let strings = linkedit(table.stroff.get(endian), table.strsize.get(endian));
                match table.symbols::<Mach, _>(endian, data) {
                    Ok(symbols) => {
                        let symbols = symbols.iter().as_slice();
                        ordinals.extend(read_symbols(&mut image, endian, symbols, strings));
                    }
                    Err(error) => image.flaw("truncated", format!("the symbols can't be read: {error}")),
                }
            }
            Ok(LoadCommandVariant::Dylib(library)) => match command.string(endian, library.dylib.name) {
                Ok(name) => {
                    let name = String::from_utf8_lossy(name).into_owned();
                    match command.cmd() {
                        macho::LC_REEXPORT_DYLIB => image.linking.reexports.push(name.clone()),
                        macho::LC_LOAD_WEAK_DYLIB => image.linking.late.push(name.clone()),
                        _ => {}
                    }
                    image.needed.push(name);
                }
                Err(error) => image.flaw("malformed", format!("a library has no name: {error}")),
            },
            Ok(LoadCommandVariant::IdDylib(library)) => {
                let name = command.string(endian, library.dylib.name).ok();
                image.linking.own_name = name.map(|name| String::from_utf8_lossy(name).into_owned());
            }
            Ok(LoadCommandVariant::Rpath(path)) => {
                let path = command.string(endian, path.path).ok();
                image.linking.rpath.extend(path.map(|path| String::from_utf8_lossy(path).into_owned()));
            }
            Ok(LoadCommandVariant::BuildVersion(build)) => {
                image.os = Some(platform(build.platform.get(endian)));
                image.minimum_os = Some(version(build.minos.get(endian)));
            }
            Ok(LoadCommandVariant::VersionMin(minimum)) => {
                let macos = command.cmd() == macho::LC_VERSION_MIN_MACOSX;
                image.os.get_or_insert(if macos { Os::Macos } else { Os::Ios });
                image.minimum_os.get_or_insert(version(minimum.version.get(endian)));
            }
            Ok(LoadCommandVariant::DyldInfo(info)) => {
                trie = linkedit(info.export_off.get(endian), info.export_size.get(endian));
            }
            Ok(LoadCommandVariant::LinkeditData(place)) => {
                let bytes = linkedit(place.dataoff.get(endian), place.datasize.get(endian));
                match command.cmd() {
                    macho::LC_DYLD_EXPORTS_TRIE => trie = bytes,
                    macho::LC_DYLD_CHAINED_FIXUPS => fixups.chained = Some(bytes),
                    _ => {}
                }
            }
            Ok(_) => {}
            Err(error) => image.flaw("malformed", format!("a load command can't be read: {error}")),
        }
    }
    if image.exports.is_empty() {
        read_trie(&mut image, trie, fixups.base);
    }
    image.relocations = Relocations::MachO(fixups);
    if two_levels {
        // Numbers count from 1; the highest ones mean the program, or whatever is loaded.
        let library = |ordinal: &u8| usize::from(*ordinal).checked_sub(1).filter(|_| *ordinal < 0xfd);
        image.linking.ordinals = ordinals.iter().map(library).collect();
    }
    Ok(image)
}

fn read_segment<'a, Mach: MachHeader<Endian = Endianness>>(
    image: &mut Image<'a>,
    fixups: &mut Fixups<'a>,
    endian: Endianness,
    segment: &'a Mach::Segment,
    sections: &'a [u8],
) {
    let (offset, size) = segment.file_range(endian);
    let address = segment.vmaddr(endian).into();
    if offset.saturating_add(size) > image.data.len() as u64 {
        let message = format!(
            "a segment should reach byte {}, the file has {}",
            offset.saturating_add(size),
            image.data.len()
        );
        image.flaw("truncated", message);
    }
    if offset == 0 && size > 0 {
        fixups.base = address;
    }
    let memory = segment.vmsize(endian).into();
    image.mapped.push(Mapped { address, offset, size, memory });
    let sections = match segment.sections(endian, sections) {
        Ok(sections) => sections,
        Err(error) => {
            image.flaw("malformed", format!("the sections of a segment can't be read: {error}"));
            return;
        }
    };
    for section in sections {
        let (segment, name) = (section.segment_name(), section.name());
        let flags = section.flags(endian);
        let name = format!("{},{}", String::from_utf8_lossy(segment), String::from_utf8_lossy(name));
        let code = flags & (macho::S_ATTR_PURE_INSTRUCTIONS | macho::S_ATTR_SOME_INSTRUCTIONS) != 0;
        let unwind = ["__TEXT,__unwind_info", "__TEXT,__eh_frame", "__TEXT,__gcc_except_tab"];
        let kind = if unwind.contains(&&*name) || segment == b"__DWARF" || segment == b"__LLVM" {
            Kind::Other
        } else if code {
            Kind::Code
        } else if segment == b"__TEXT" || segment == b"__DATA_CONST" {
            Kind::ReadOnly
        } else {
            Kind::Data
        };
        let (offset, size) = section.file_range(endian).unwrap_or((0, 0));
        let address = section.addr(endian).into();
        let section = Section { name: Cow::Owned(name), address, offset, size, kind };
        if section.name == interbind_abi::note::MACHO_SECTION {
            let bytes = image.bytes(&section);
            image.notes.push(bytes);
        }
        image.sections.push(section);
    }
}

fn read_symbols<'a, N: Nlist<Endian = Endianness>>(
    image: &mut Image<'a>,
    endian: Endianness,
    symbols: &'a [N],
    strings: &'a [u8],
) -> Vec<u8> {
    let (mut bad, mut ordinals) = (0, Vec::new());
    for symbol in symbols {
        if symbol.is_stab() || symbol.n_type() & macho::N_EXT == 0 {
            continue;
        }
        let Some(name) = text_at(strings, symbol.n_strx(endian).into()) else {
            bad += 1;
            if bad == MOST_BAD_NAMES {
                image.flaw("malformed", "the names of the symbols lie outside their table");
                return ordinals;
            }
            continue;
        };
        let name = name.strip_prefix('_').unwrap_or(name);
        if symbol.is_undefined() {
            if symbol.n_desc(endian) & macho::N_WEAK_REF != 0 {
                image.weak.push(name);
            }
            image.imports.push(name);
            ordinals.push((symbol.n_desc(endian) >> 8) as u8);
        } else if symbol.is_definition() && symbol.n_type() & macho::N_PEXT == 0 {
            image.exports.push(Export { name: Cow::Borrowed(name), address: symbol.n_value(endian).into() });
        }
    }
    ordinals
}

/// Walks the export trie, whose names are put together from the pieces on the way.
fn read_trie(image: &mut Image<'_>, trie: &[u8], base: u64) {
    let mut pending = vec![(0usize, String::new())];
    let (mut nodes, mut letters) = (0, 0);
    while let Some((at, name)) = pending.pop() {
        nodes += 1;
        letters += name.len();
        if nodes > MOST_NODES || letters > MOST_LETTERS {
            image.flaw("malformed", "the export trie has no end");
            break;
        }
        let mut rest = trie.get(at..).unwrap_or_default();
        let Some(size) = uleb(&mut rest) else { continue };
        let Some(children) = usize::try_from(size).ok().and_then(|size| rest.get(size..)) else { continue };
        if size > 0 {
            let (_flags, address) = (uleb(&mut rest), uleb(&mut rest));
            let name = name.strip_prefix('_').unwrap_or(&name).to_owned();
            let address = address.unwrap_or(0).wrapping_add(base);
            image.exports.push(Export { name: Cow::Owned(name), address });
        }
        let mut rest = children.get(1..).unwrap_or_default();
        for _ in 0..children.first().copied().unwrap_or(0) {
            let Some(edge) = text_at(rest, 0) else { break };
            rest = &rest[edge.len() + 1..];
            let Some(child) = uleb(&mut rest) else { break };
            let Some(child) = usize::try_from(child).ok().filter(|child| *child > 0) else { continue };
            if name.len() + edge.len() <= super::text::LONGEST_NAME {
                pending.push((child, format!("{name}{edge}")));
            }
        }
    }
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn uleb(bytes: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0u64, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if shift > 63 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
}

fn processor(cpu: u32, subtype: u32) -> String {
    let name = match (cpu, subtype & !macho::CPU_SUBTYPE_MASK) {
        (macho::CPU_TYPE_X86_64, _) => "x86_64",
        (macho::CPU_TYPE_X86, _) => "i686",
        (macho::CPU_TYPE_ARM64, macho::CPU_SUBTYPE_ARM64E) => "arm64e",
        (macho::CPU_TYPE_ARM64, _) => "aarch64",
        (macho::CPU_TYPE_ARM64_32, _) => "arm64_32",
        (macho::CPU_TYPE_ARM, _) => "armv7l",
        (macho::CPU_TYPE_POWERPC, _) => "ppc",
        (macho::CPU_TYPE_POWERPC64, _) => "ppc64",
        _ => return format!("macho-{cpu}"),
    };
    name.to_owned()
}

fn platform(platform: u32) -> Os {
    match platform {
        macho::PLATFORM_MACOS => Os::Macos,
        macho::PLATFORM_IOS | macho::PLATFORM_IOSSIMULATOR | macho::PLATFORM_MACCATALYST => Os::Ios,
        _ => Os::Other,
    }
}

/// `11.0`, as wheels write it; the third number only where it isn't 0.
fn version(packed: u32) -> String {
    let (major, minor, patch) = (packed >> 16, packed >> 8 & 0xff, packed & 0xff);
    if patch == 0 { format!("{major}.{minor}") } else { format!("{major}.{minor}.{patch}") }
}
