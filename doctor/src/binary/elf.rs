//! ELF: 32 and 64 bits, both byte orders, with or without section headers.
//!
//! Symbols, libraries and version needs are what the loader reads: `.dynsym`, `.dynamic`, `.gnu.version_r`. Where the
//! section headers were taken off, the same tables are found through the dynamic segment.

use std::borrow::Cow;
use std::collections::HashMap;

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{Endian, Endianness};

use crate::facts::{Arch, Format, Os};

use super::image::{Binding, Export, Image, Kind, Mapped, Need, Section, Unreadable};
use super::relocations::{Relocations, Table, TableKind, Tables};
use super::text::text_at;

/// A table of symbols names strings beyond its bounds only if somebody made it so: after this many it is left alone.
const MOST_BAD_NAMES: usize = 16;
/// More records of one kind than any compiler writes.
const MOST_RECORDS: usize = 1 << 16;
/// More folders than any file searches.
const MOST_FOLDERS: usize = 256;

/// Addresses alone, packed; and their size. `object` has no names for them yet.
const DT_RELR: u32 = 36;
const DT_RELRSZ: u32 = 35;

pub(super) fn read(data: &[u8]) -> Result<Image<'_>, Unreadable> {
    match data.get(4) {
        Some(&elf::ELFCLASS32) => Reader::<FileHeader32<Endianness>>::read(data),
        Some(&elf::ELFCLASS64) => Reader::<FileHeader64<Endianness>>::read(data),
        _ => Err(Unreadable::Malformed("the class of the ELF header is neither 32 nor 64 bits".to_owned())),
    }
}

struct Reader<'a, Elf: FileHeader<Endian = Endianness>> {
    header: &'a Elf,
    endian: Endianness,
    segments: &'a [Elf::ProgramHeader],
    image: Image<'a>,
}

impl<'a, Elf: FileHeader<Endian = Endianness>> Reader<'a, Elf> {
    fn read(data: &'a [u8]) -> Result<Image<'a>, Unreadable> {
        let malformed = |error: object::Error| Unreadable::Malformed(error.to_string());
        let header = Elf::parse(data).map_err(malformed)?;
        let endian = header.endian().map_err(malformed)?;
        let arch = Arch {
            name: machine(header, endian),
            bits: if header.is_class_64() { 64 } else { 32 },
            little_endian: header.is_little_endian(),
        };
        let mut image = Image::new(data, Format::Elf, arch);
        image.os = match header.e_ident().os_abi {
            elf::ELFOSABI_LINUX => Some(Os::Linux),
            elf::ELFOSABI_NONE => None,
            _ => Some(Os::Other),
        };
        let segments = match header.program_headers(endian, data) {
            Ok(segments) => segments,
            Err(error) => {
                image.flaw("truncated", format!("the program headers can't be read: {error}"));
                &[]
            }
        };
        let interpreted = segments.iter().any(|segment| segment.p_type(endian) == elf::PT_INTERP);
        image.program = header.e_type(endian) == elf::ET_EXEC || interpreted;
        let mut reader = Self { header, endian, segments, image };
        reader.map();
        reader.sections();
        reader.noted();
        reader.dynamic();
        reader.comments();
        Ok(reader.image)
    }

    fn map(&mut self) {
        let (endian, whole) = (self.endian, self.image.data.len() as u64);
        for segment in self.segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD) {
            let (offset, size) = (segment.p_offset(endian).into(), segment.p_filesz(endian).into());
            if offset.saturating_add(size) > whole {
                self.image.flaw(
                    "truncated",
                    format!(
                        "a segment should reach byte {}, the file has {whole}",
                        offset.saturating_add(size)
                    ),
                );
            }
            let (address, memory) = (segment.p_vaddr(endian).into(), segment.p_memsz(endian).into());
            // Tools that make room for longer names let tables run over from one segment into the next.
            match self.image.mapped.last_mut() {
                Some(last)
                    if last.address.checked_add(last.size.max(last.memory)) == Some(address)
                        && last.offset.checked_add(last.size) == Some(offset) =>
                {
                    last.size = last.size.saturating_add(size);
                    last.memory = last.memory.saturating_add(memory);
                }
                _ => self.image.mapped.push(Mapped { address, offset, size, memory }),
            }
        }
    }

    fn sections(&mut self) {
        let (endian, data) = (self.endian, self.image.data);
        let sections = match self.header.sections(endian, data) {
            Ok(sections) => sections,
            Err(error) => {
                self.image.flaw("truncated", format!("the section headers can't be read: {error}"));
                return;
            }
        };
        let names = self.header.section_strings_index(endian, data).ok().and_then(|index| {
            let strings = sections.section(index).ok()?;
            Some((strings.sh_offset(endian).into(), strings.sh_size(endian).into()))
        });
        let names: &[u8] = names.map_or(&[], |(offset, size)| self.image.part(offset, size));
        for section in sections.iter().skip(1) {
            let name = text_at(names, section.sh_name(endian).into()).unwrap_or("");
            let (flags, kind): (u64, _) = (section.sh_flags(endian).into(), section.sh_type(endian));
            let flag = |flag: u32| flags & u64::from(flag) != 0;
            let (offset, size) = (section.sh_offset(endian).into(), section.sh_size(endian).into());
            let in_file = if kind == elf::SHT_NOBITS { 0 } else { size };
            if offset.saturating_add(in_file) > data.len() as u64 {
                let message = format!(
                    "section `{}` should reach byte {}, the file has {}",
                    name.escape_default(),
                    offset.saturating_add(in_file),
                    data.len()
                );
                self.image.flaw("truncated", message);
            }
            let text = kind == elf::SHT_PROGBITS || name == ".dynstr";
            let kind = if !flag(elf::SHF_ALLOC) || !text || name.starts_with(".eh_frame") {
                Kind::Other
            } else if flag(elf::SHF_EXECINSTR) {
                Kind::Code
            } else if flag(elf::SHF_WRITE) {
                Kind::Data
            } else {
                Kind::ReadOnly
            };
            let section = Section {
                name: Cow::Borrowed(name),
                address: section.sh_addr(endian).into(),
                offset,
                size: in_file,
                kind,
            };
            if name == interbind_abi::note::ELF_SECTION {
                let bytes = self.image.bytes(&section);
                self.image.notes.push(bytes);
            }
            self.image.sections.push(section);
        }
    }

    /// Notes of a file whose list of sections was taken out: the loader's own list has them too.
    fn noted(&mut self) {
        if !self.image.notes.is_empty() {
            return;
        }
        for segment in self.segments.iter().filter(|segment| segment.p_type(self.endian) == elf::PT_NOTE) {
            let (offset, size) = (segment.p_offset(self.endian).into(), segment.p_filesz(self.endian).into());
            let bytes = self.image.part(offset, size);
            if memchr::memmem::find(bytes, interbind_abi::note::NAME).is_some() {
                self.image.notes.push(bytes);
            }
        }
    }

    /// What the loader reads: libraries, symbols, version needs, relocations.
    fn dynamic(&mut self) {
        let (endian, data) = (self.endian, self.image.data);
        let Some(segment) = self.segments.iter().find(|segment| segment.p_type(endian) == elf::PT_DYNAMIC)
        else {
            return;
        };
        let entries = match segment.dynamic(endian, data) {
            Ok(Some(entries)) => entries,
            Ok(None) => return,
            Err(error) => {
                self.image.flaw("truncated", format!("the dynamic segment can't be read: {error}"));
                return;
            }
        };
        let end = entries.iter().position(|entry| entry.d_tag(endian).into() == 0).unwrap_or(entries.len());
        let entries = &entries[..end.min(MOST_RECORDS)];
        let value = |tag: u32| {
            let entry = entries.iter().find(|entry| entry.tag32(endian) == Some(tag))?;
            Some(entry.d_val(endian).into())
        };
        let strings: &[u8] = value(elf::DT_STRTAB)
            .and_then(|address| self.image.at(address))
            .map(|bytes| {
                let size = value(elf::DT_STRSZ).unwrap_or(u64::MAX);
                &bytes[..bytes.len().min(usize::try_from(size).unwrap_or(usize::MAX))]
            })
            .unwrap_or_default();
        for entry in entries.iter().filter(|entry| entry.tag32(endian) == Some(elf::DT_NEEDED)) {
            match text_at(strings, entry.d_val(endian).into()) {
                Some(name) => self.image.needed.push(name.to_owned()),
                None => self.image.flaw("malformed", "the name of a needed library lies outside its table"),
            }
        }
        let text = |tag: u32| value(tag).and_then(|at| text_at(strings, at));
        let folders = |tag: u32| -> Vec<String> {
            let parts = text(tag).unwrap_or_default().split(':').filter(|part| !part.is_empty());
            parts.take(MOST_FOLDERS).map(str::to_owned).collect()
        };
        self.image.linking.own_name = text(elf::DT_SONAME).map(str::to_owned);
        // Some libraries name a loader too, so that they can be started and tell their version.
        let position = value(elf::DT_FLAGS_1).is_some_and(|flags| flags & u64::from(elf::DF_1_PIE) != 0);
        self.image.program = position || self.image.program && self.image.linking.own_name.is_none();
        self.image.linking.rpath = folders(elf::DT_RPATH);
        self.image.linking.runpath = folders(elf::DT_RUNPATH);
        if let (Some(address), Some(count)) = (value(elf::DT_VERNEED), value(elf::DT_VERNEEDNUM)) {
            self.version_needs(address, count, strings);
        }
        if let (Some(address), Some(count)) = (value(elf::DT_VERDEF), value(elf::DT_VERDEFNUM)) {
            self.own_versions(address, count, strings);
        }
        let symbols = self.symbols(&value);
        let indices = value(elf::DT_VERSYM).and_then(|address| self.image.at(address)).unwrap_or_default();
        self.names(symbols, strings, indices);
        self.relocations(&value, symbols, strings);
    }

    /// The dynamic symbols' bytes: as many as the section says, else as the hash tables know of.
    fn symbols(&self, value: &impl Fn(u32) -> Option<u64>) -> &'a [u8] {
        let Some(bytes) = value(elf::DT_SYMTAB).and_then(|address| self.image.at(address)) else {
            return &[];
        };
        let each = size_of::<Elf::Sym>() as u64;
        let by_section = self.image.section(".dynsym").map(|section| section.size);
        let size = by_section.or_else(|| Some(self.symbol_count(value)?.saturating_mul(each))).unwrap_or(0);
        &bytes[..bytes.len().min(usize::try_from(size).unwrap_or(usize::MAX))]
    }

    fn symbol_count(&self, value: &impl Fn(u32) -> Option<u64>) -> Option<u64> {
        let word = |bytes: &[u8], at: usize| -> Option<u32> {
            let bytes = bytes.get(at..at.checked_add(4)?)?;
            Some(self.endian.read_u32_bytes(bytes.try_into().ok()?))
        };
        if let Some(hash) = value(elf::DT_HASH).and_then(|address| self.image.at(address)) {
            return word(hash, 4).map(u64::from);
        }
        let hash = value(elf::DT_GNU_HASH).and_then(|address| self.image.at(address))?;
        let (buckets, first, bloom) = (word(hash, 0)? as usize, word(hash, 4)?, word(hash, 8)? as usize);
        let buckets_at =
            16usize.checked_add(bloom.checked_mul(if self.header.is_class_64() { 8 } else { 4 })?)?;
        let chains_at = buckets_at.checked_add(buckets.checked_mul(4)?)?;
        let last = (0..buckets.min(hash.len() / 4)).filter_map(|i| word(hash, buckets_at + i * 4)).max()?;
        let mut last = last.max(first);
        while word(hash, chains_at.checked_add((last - first) as usize * 4)?)? & 1 == 0 {
            last = last.checked_add(1)?;
        }
        Some(u64::from(last) + 1)
    }

    /// The versions of its own symbols: each record's first name. What can't be read is left out.
    fn own_versions(&mut self, address: u64, count: u64, strings: &'a [u8]) {
        let Some(bytes) = self.image.at(address) else { return };
        let half =
            |at: usize| Some(self.endian.read_u16_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?));
        let word =
            |at: usize| Some(self.endian.read_u32_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?));
        let (mut found, mut at) = (Vec::new(), 0usize);
        let mut walk = || -> Option<()> {
            for _ in 0..count.min(MOST_RECORDS as u64) {
                // The first flag marks the file's own name, which is no version.
                if half(at.checked_add(2)?)? & 1 == 0 {
                    let first = at.checked_add(word(at.checked_add(12)?)? as usize)?;
                    found.push(text_at(strings, word(first)?.into())?);
                }
                match word(at.checked_add(16)?)? {
                    0 => return Some(()),
                    next => at = at.checked_add(next as usize)?,
                }
            }
            Some(())
        };
        walk();
        self.image.linking.versions = found;
    }

    fn names(&mut self, symbols: &'a [u8], strings: &'a [u8], indices: &'a [u8]) {
        let (endian, mut bad) = (self.endian, 0);
        let count = symbols.len() / size_of::<Elf::Sym>();
        let Ok((symbols, _)) = object::pod::slice_from_bytes::<Elf::Sym>(symbols, count) else {
            self.image.flaw("malformed", "the dynamic symbols are not aligned");
            return;
        };
        let versions: HashMap<u16, Need<'a>> =
            self.image.needs.iter().map(|need| (need.index, *need)).collect();
        let binding = |at: usize| {
            let bytes = indices.get(at * 2..at * 2 + 2).and_then(|bytes| bytes.try_into().ok());
            let index = bytes.map(|bytes| endian.read_u16_bytes(bytes) & 0x7fff);
            let need = index.and_then(|index| versions.get(&index));
            Binding { library: need.map(|need| need.library), version: need.map(|need| need.version) }
        };
        for (at, symbol) in symbols.iter().enumerate().skip(1) {
            let undefined = symbol.st_shndx(endian) == elf::SHN_UNDEF;
            if !undefined && (symbol.st_bind() == elf::STB_LOCAL || symbol.st_shndx(endian) == elf::SHN_ABS) {
                continue;
            }
            let Some(name) = text_at(strings, symbol.st_name(endian).into()) else {
                bad += 1;
                if bad == MOST_BAD_NAMES {
                    self.image.flaw("malformed", "the names of the dynamic symbols lie outside their table");
                    return;
                }
                continue;
            };
            match undefined {
                _ if name.is_empty() => {}
                true => {
                    if symbol.st_bind() == elf::STB_WEAK {
                        self.image.weak.push(name);
                    }
                    self.image.imports.push(name);
                    self.image.linking.bindings.push(binding(at));
                }
                false => self
                    .image
                    .exports
                    .push(Export { name: Cow::Borrowed(name), address: symbol.st_value(endian).into() }),
            }
        }
    }

    fn version_needs(&mut self, address: u64, count: u64, strings: &'a [u8]) {
        let Some(bytes) = self.image.at(address) else {
            self.image.flaw("malformed", "the version needs lie outside the file");
            return;
        };
        let start = self.image.offset_of(address);
        let place = |name: &str| {
            // The text is part of the string table, whose place is its distance from the file's start.
            (name.as_ptr() as usize).checked_sub(self.image.data.as_ptr() as usize).map_or(0, |at| at as u64)
        };
        let half = |at: usize| {
            let bytes = bytes.get(at..at.checked_add(2)?)?;
            Some(self.endian.read_u16_bytes(bytes.try_into().ok()?))
        };
        let word = |at: usize| {
            let bytes = bytes.get(at..at.checked_add(4)?)?;
            Some(self.endian.read_u32_bytes(bytes.try_into().ok()?))
        };
        let (mut found, mut at) = (Vec::new(), 0usize);
        let mut walk = || -> Option<()> {
            for _ in 0..count.min(MOST_RECORDS as u64) {
                let library = text_at(strings, word(at.checked_add(4)?)?.into())?;
                let mut each = at.checked_add(word(at.checked_add(8)?)? as usize)?;
                for _ in 0..half(at.checked_add(2)?)? {
                    let version = text_at(strings, word(each.checked_add(8)?)?.into())?;
                    let index = half(each.checked_add(6)?)?;
                    found.push(Need { library, version, offset: place(version), index });
                    if found.len() >= MOST_RECORDS {
                        return None;
                    }
                    match word(each.checked_add(12)?)? {
                        0 => break,
                        next => each = each.checked_add(next as usize)?,
                    }
                }
                match word(at.checked_add(12)?)? {
                    0 => return Some(()),
                    next => at = at.checked_add(next as usize)?,
                }
            }
            Some(())
        };
        let whole = walk().is_some();
        self.image.needs = found;
        if !whole || start.is_none() {
            self.image.flaw("malformed", "the version needs are cut off");
        }
    }

    fn relocations(&mut self, value: &impl Fn(u32) -> Option<u64>, symbols: &'a [u8], strings: &'a [u8]) {
        let mut tables = Vec::new();
        let tags = [
            (TableKind::Rela, elf::DT_RELA, elf::DT_RELASZ),
            (TableKind::Rel, elf::DT_REL, elf::DT_RELSZ),
            (TableKind::Relr, DT_RELR, DT_RELRSZ),
        ];
        for (kind, address, size) in tags {
            if let (Some(address), Some(size)) = (value(address), value(size)) {
                if let Some(offset) = self.image.offset_of(address) {
                    tables.push(Table { kind, offset, size });
                }
            }
        }
        let jumps = value(elf::DT_JMPREL).zip(value(elf::DT_PLTRELSZ)).and_then(|(address, size)| {
            let addends = value(elf::DT_PLTREL) == Some(elf::DT_RELA.into());
            let kind = if addends { TableKind::Rela } else { TableKind::Rel };
            Some(Table { kind, offset: self.image.offset_of(address)?, size })
        });
        let machine = self.header.e_machine(self.endian);
        self.image.relocations = Relocations::Elf(Tables { tables, jumps, symbols, strings, machine });
    }

    fn comments(&mut self) {
        let Some(section) = self.image.section(".comment") else { return };
        let (start, bytes) = (section.offset, self.image.bytes(section));
        let mut at = 0;
        for text in bytes.split(|byte| *byte == 0).take(256) {
            if let Ok(text) = std::str::from_utf8(text) {
                let text = super::cut_text(text);
                let known = self.image.comments.iter().any(|(_, known)| *known == text);
                if !text.trim().is_empty() && !known {
                    self.image.comments.push((start + at, text));
                }
            }
            at += text.len() as u64 + 1;
        }
    }
}

/// The processor, by the name Linux wheels use.
fn machine(header: &impl FileHeader<Endian = Endianness>, endian: Endianness) -> String {
    let little = header.is_little_endian();
    let name = match header.e_machine(endian) {
        elf::EM_X86_64 if header.is_class_32() => "x32",
        elf::EM_X86_64 => "x86_64",
        elf::EM_386 => "i686",
        elf::EM_AARCH64 => "aarch64",
        elf::EM_ARM => "armv7l",
        elf::EM_PPC64 if little => "ppc64le",
        elf::EM_PPC64 => "ppc64",
        elf::EM_PPC => "ppc",
        elf::EM_S390 => "s390x",
        elf::EM_RISCV if header.is_class_64() => "riscv64",
        elf::EM_RISCV => "riscv32",
        elf::EM_LOONGARCH => "loongarch64",
        elf::EM_MIPS => "mips",
        machine => return format!("elf-{machine}"),
    };
    name.to_owned()
}
