//! What the rest of the crate sees of a binary: the vocabulary, which knows no format. Offsets count from the start of the slice, addresses are those the linker
//! gave: virtual addresses in ELF and Mach-O, the image's base plus the RVA in PE.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use crate::facts::{Arch, Format, Os};

use super::relocations::{Pointers, Relocations};

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Instructions.
    Code,
    /// Data that the program may write, or that the loader relocates.
    Data,
    /// Constants.
    ReadOnly,
    /// What isn't loaded, or holds no constants of the program: debug information, relocations, unwind tables.
    Other,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// Its name; in Mach-O with the segment: `__TEXT,__cstring`.
    pub name: Cow<'a, str>,
    /// Where it is loaded.
    pub address: u64,
    /// Where its bytes stand.
    pub offset: u64,
    /// How many bytes of it are in the file; none for `.bss`.
    pub size: u64,
    /// What it holds.
    pub kind: Kind,
}

/// A symbol that others may ask for. Mach-O's leading underscore is taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Where it is.
    pub address: u64,
}

/// A version of a library's symbols that an ELF file needs: `libc.so.6`, `GLIBC_2.17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need<'a> {
    /// The library.
    pub library: &'a str,
    /// The version.
    pub version: &'a str,
    /// Where the version's name stands.
    pub offset: u64,
    /// By this number symbols ask for it.
    pub(crate) index: u16,
}

/// Where the loader looks for an imported symbol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Binding<'a> {
    /// The library that has it, as it is asked for; none: any that is loaded (ELF, and Mach-O's flat look-ups).
    pub library: Option<&'a str>,
    /// The version it must have (ELF).
    pub version: Option<&'a str>,
}

/// How the loader joins a file with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linking<'a> {
    /// The name by which others ask for it.
    pub own_name: Option<String>,
    /// Folders to search before all others, for what it asks for and for what that asks for (`DT_RPATH`, `LC_RPATH`).
    pub rpath: Vec<String>,
    /// Folders to search for what it asks for itself (`DT_RUNPATH`).
    pub runpath: Vec<String>,
    /// Where each import is looked for (ELF); in their order.
    pub bindings: Vec<Binding<'a>>,
    /// The same as places in `needed` (Mach-O, PE); none: any that is loaded.
    pub ordinals: Vec<Option<usize>>,
    /// The versions of its own symbols (ELF).
    pub versions: Vec<&'a str>,
    /// Libraries whose symbols it gives out as its own (Mach-O), as it asks for them.
    pub reexports: Vec<String>,
    /// Libraries that need not be there (Mach-O), or are loaded when they are first called (PE).
    pub late: Vec<String>,
}

/// A part of a file that could not be read, though the rest could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The kind of problem: `truncated`, `malformed`.
    pub kind: &'static str,
    /// What is wrong.
    pub message: String,
}

/// Why no image can be made of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// They are of no format we know.
    UnknownFormat,
    /// The header says more than the file holds, or makes no sense.
    Malformed(String),
}

impl Unreadable {
    /// The slug of the problem it becomes.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UnknownFormat => "unknown-format",
            Self::Malformed(_) => "malformed",
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat => f.write_str("is neither ELF, Mach-O, PE, WebAssembly nor a zip archive"),
            Self::Malformed(why) => write!(f, "can't be read as what its first bytes say: {why}"),
        }
    }
}

/// A stretch of the file that is loaded to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) address: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    /// How much memory it takes: more than the file has, where the rest is zero.
    pub(crate) memory: u64,
}

/// A binary for one processor.
#[derive(Debug)]
pub struct Image<'a> {
    /// The bytes of this slice.
    pub data: &'a [u8],
    /// The format.
    pub format: Format,
    /// The processor.
    pub arch: Arch,
    /// The system the header names; ELF rarely does.
    pub os: Option<Os>,
    /// The sections; empty where the file has none.
    pub sections: Vec<Section<'a>>,
    /// Undefined symbols, which the loader has to find; each once, in the file's order.
    pub imports: Vec<&'a str>,
    /// Those of `imports` that may stay undefined.
    pub weak: Vec<&'a str>,
    /// Symbols it offers.
    pub exports: Vec<Export<'a>>,
    /// The libraries it asks for, as it names them.
    pub needed: Vec<String>,
    /// How it is joined with others.
    pub linking: Linking<'a>,
    /// Versions of symbols it needs (ELF).
    pub needs: Vec<Need<'a>>,
    /// What compilers wrote into `.comment`, with the place (ELF).
    pub comments: Vec<(u64, String)>,
    /// The bytes of the sections that hold our build note.
    pub notes: Vec<&'a [u8]>,
    /// The oldest system it runs on, where the header says so (Mach-O): `11.0`.
    pub minimum_os: Option<String>,
    /// The linker's version, where the header says so (PE): `14.29`.
    pub linker: Option<String>,
    /// Tools that took part, from the Rich header (PE): product and build.
    pub tools: Vec<(u16, u16)>,
    /// Whether it is a program: what is started, and not loaded into another.
    pub program: bool,
    /// What could not be read.
    pub flaws: Vec<Flaw>,
    pub(crate) mapped: Vec<Mapped>,
    pub(crate) relocations: Relocations<'a>,
    pub(crate) pointers: OnceLock<Pointers<'a>>,
}

impl<'a> Image<'a> {
    pub(crate) fn new(data: &'a [u8], format: Format, arch: Arch) -> Self {
        Self {
            data,
            format,
            arch,
            os: None,
            sections: Vec::new(),
            imports: Vec::new(),
            weak: Vec::new(),
            exports: Vec::new(),
            needed: Vec::new(),
            linking: Linking::default(),
            needs: Vec::new(),
            comments: Vec::new(),
            notes: Vec::new(),
            minimum_os: None,
            linker: None,
            tools: Vec::new(),
            program: false,
            flaws: Vec::new(),
            mapped: Vec::new(),
            relocations: Relocations::None,
            pointers: OnceLock::new(),
        }
    }

    /// The section of this name.
    pub fn section(&self, name: &str) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The bytes of a section; those that are in the file, if it promises more.
    pub fn bytes(&self, section: &Section<'_>) -> &'a [u8] {
        self.part(section.offset, section.size)
    }

    /// Where an address stands in the file.
    pub fn offset_of(&self, address: u64) -> Option<u64> {
        let inside = |mapped: &&Mapped| {
            address.checked_sub(mapped.address).is_some_and(|distance| distance < mapped.size)
        };
        let mapped = self.mapped.iter().find(inside)?;
        mapped.offset.checked_add(address - mapped.address)
    }

    /// Where a place in the file is loaded.
    pub fn address_of(&self, offset: u64) -> Option<u64> {
        let inside = |mapped: &&Mapped| {
            offset.checked_sub(mapped.offset).is_some_and(|distance| distance < mapped.size)
        };
        let mapped = self.mapped.iter().find(inside)?;
        mapped.address.checked_add(offset - mapped.offset)
    }

    /// The bytes from an address to the end of the stretch that is loaded there.
    pub fn at(&self, address: u64) -> Option<&'a [u8]> {
        let inside = |mapped: &&Mapped| {
            address.checked_sub(mapped.address).is_some_and(|distance| distance < mapped.size)
        };
        let mapped = self.mapped.iter().find(inside)?;
        let distance = address - mapped.address;
        let bytes = self.part(mapped.offset.checked_add(distance)?, mapped.size - distance);
        (!bytes.is_empty()).then_some(bytes)
    }

    /// Whether an address is one of the image's own, be it in the file or made of zeros.
    pub fn is_loaded(&self, address: u64) -> bool {
        let inside = |mapped: &Mapped| {
            address.checked_sub(mapped.address).is_some_and(|distance| distance < mapped.memory)
        };
        self.mapped.iter().any(inside)
    }

    /// The part of the file at `offset`, as far as there is one.
    pub(crate) fn part(&self, offset: u64, size: u64) -> &'a [u8] {
        part(self.data, offset, size)
    }

    pub(crate) fn flaw(&mut self, kind: &'static str, message: impl Into<String>) {
        // A hostile file can have a flaw in every record; the first few tell enough.
        if self.flaws.len() < 16 {
            self.flaws.push(Flaw { kind, message: message.into() });
        }
    }
}

/// The part of `data` at `offset`, cut where the data ends.
pub(crate) fn part(data: &[u8], offset: u64, size: u64) -> &[u8] {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(data.len());
    let end = usize::try_from(offset.saturating_add(size)).unwrap_or(usize::MAX).min(data.len());
    &data[start..end]
}
