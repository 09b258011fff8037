//! The build note: what a finished file says about itself without being run.
//!
//! `module!` emits one note for the module (name, roles, panic strategy …), `#[derive(Shared)]` and `#[interface]` one
//! for each type they know. Read by diagnosis tools and by the tests. Where it stands:
//!
//! | format | section | form |
//! |---|---|---|
//! | ELF | `.note.interbind` | a well-formed note per item: name `interbind`, type 1 or 2 |
//! | Mach-O | `__DATA_CONST,__interbind` | the same bytes |
//! | PE | `.intbind` | the same bytes |
//!
//! The linker joins equal names in no promised order, and several versions of this crate may meet in one file: a reader
//! takes what it knows and passes over the rest. The note holds descriptors, never digests: readers hash.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::platform::Platform;
use crate::version::{Requirement, Version};

/// The section's name in an ELF file.
pub const ELF_SECTION: &str = ".note.interbind";
/// Segment and section in a Mach-O file; at most 16 bytes each.
pub const MACHO_SECTION: &str = "__DATA_CONST,__interbind";
/// The section's name in a PE file; at most 8 bytes.
pub const PE_SECTION: &str = ".intbind";

/// A note's owner, with the terminator that ELF wants.
pub const NAME: &[u8; 10] = b"interbind\0";
/// Note type: a module.
pub const MODULE: u32 = 1;
/// Note type: a type descriptor.
pub const TYPE: u32 = 2;

/// One note, as it stands in the file.
///
/// `N` is a multiple of 4: notes end on a boundary of 4, and the text is padded with line feeds that readers trim, so
/// `descsz` covers the padding and no byte of a file is undefined.
#[repr(C, align(4))]
#[derive(Debug)]
pub struct Note<const N: usize> {
    namesz: u32,
    descsz: u32,
    kind: u32,
    name: [u8; 12],
    desc: [u8; N],
}

impl<const N: usize> Note<N> {
    /// Makes a note of `text`, which is at most `N` bytes.
    pub const fn new(kind: u32, text: &str) -> Self {
        assert!(N % 4 == 0 && text.len() <= N, "the note's size comes from `padded`");
        let mut name = [0; 12];
        let mut i = 0;
        while i < NAME.len() {
            name[i] = NAME[i];
            i += 1;
        }
        let mut desc = [b'\n'; N];
        let (bytes, mut i) = (text.as_bytes(), 0);
        while i < bytes.len() {
            desc[i] = bytes[i];
            i += 1;
        }
        Self { namesz: NAME.len() as u32, descsz: N as u32, kind, name, desc }
    }
}

/// Rounds a text's length up to what [`Note`] needs.
pub const fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// What a module says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleNote {
    /// The module's name.
    pub name: String,
    /// The version of its crate.
    pub version: String,
    /// The version of interbind in it.
    pub interbind: String,
    /// `unwind` or `abort`: with `abort` a panic ends the process; `none` for a build in C or C++.
    pub panic: String,
    /// The compiler, for people.
    pub compiler: String,
    /// Where its implementation is: `static`, in the module, or `wheel`, in the package `interbind`. Not in the notes of older
    /// builds.
    pub runtime: Option<String>,
    /// What kind of build it is.
    pub platform: Platform,
    /// Types it provides: name and version.
    pub provides: Vec<(String, Version)>,
    /// Types it consumes: name and requirement.
    pub consumes: Vec<(String, Requirement)>,
}

/// A note that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A module.
    Module(Box<ModuleNote>),
    /// A type's version and descriptor, as text that [`Data`](crate::types::Data) or
    /// [`Interface`](crate::interface::Interface) parses.
    Type {
        /// The type's version.
        version: Version,
        /// The canonical descriptor.
        descriptor: String,
    },
}

/// Why a note isn't understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteError {
    /// The section ends inside a note, or a length points beyond it.
    Truncated {
        /// Byte at which the note starts.
        at: usize,
    },
    /// The text is not UTF-8 or lacks a line.
    Text {
        /// The line that is missing or wrong.
        line: String,
    },
    /// A type that only a newer version knows.
    Unknown {
        /// The note's type.
        kind: u32,
    },
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { at } => write!(f, "build note at byte {at} is cut off"),
            Self::Text { line } => write!(f, "build note: line `{line}` is missing or malformed"),
            Self::Unknown { kind } => write!(f, "build note of unknown type {kind}"),
        }
    }
}

/// Reads the notes in a section's bytes, in little-endian files.
///
/// Notes of other owners are passed over. A cut-off note ends the reading with an error; a note that isn't understood
/// is an error of its own and reading goes on.
pub fn read(section: &[u8]) -> Vec<Result<Item, NoteError>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < section.len() {
        match frame(section, at) {
            Some((name, kind, desc, next)) => {
                if name == NAME {
                    found.push(understand(kind, desc));
                }
                at = next;
            }
            // Zero padding between notes of differently aligned objects.
            None if section[at..].iter().all(|&byte| byte == 0) => break,
            None => {
                found.push(Err(NoteError::Truncated { at }));
                break;
            }
        }
    }
    found
}

fn frame(section: &[u8], at: usize) -> Option<(&[u8], u32, &[u8], usize)> {
    let word = |offset: usize| -> Option<u32> {
        let bytes = section.get(offset..offset.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let (namesz, descsz, kind) = (word(at)?, word(at + 4)?, word(at + 8)?);
    if namesz == 0 {
        return None;
    }
    let name_at = at + 12;
    let name_end = name_at.checked_add(usize::try_from(namesz).ok()?)?;
    let desc_at = name_end.checked_next_multiple_of(4)?;
    let desc_end = desc_at.checked_add(usize::try_from(descsz).ok()?)?;
    let name = section.get(name_at..name_end)?;
    let desc = section.get(desc_at..desc_end)?;
    Some((name, kind, desc, desc_end.checked_next_multiple_of(4)?))
}

fn understand(kind: u32, desc: &[u8]) -> Result<Item, NoteError> {
    let wrong = |line: &str| NoteError::Text { line: line.to_string() };
    let text = core::str::from_utf8(desc).map_err(|_| wrong("(not UTF-8)"))?;
    // C compilers fill with zeros.
    let text = text.trim_end_matches(['\n', '\0']);
    match kind {
        MODULE => text.parse().map(|note| Item::Module(Box::new(note))),
        TYPE => {
            let (version, descriptor) = text.split_once('\n').ok_or_else(|| wrong("version"))?;
            let version = version.parse().map_err(|_| wrong("version"))?;
            Ok(Item::Type { version, descriptor: descriptor.to_string() })
        }
        kind => Err(NoteError::Unknown { kind }),
    }
}

impl fmt::Display for ModuleNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, interbind, panic, compiler, runtime, platform, provides, consumes } = self;
        write!(
            f,
            "name={name}\nversion={version}\ninterbind={interbind}\npanic={panic}\ncompiler={compiler}"
        )?;
        if let Some(runtime) = runtime {
            write!(f, "\nruntime={runtime}")?;
        }
        write!(f, "\nplatform={platform}")?;
        for (name, version) in provides {
            write!(f, "\nprovides={name} {version}")?;
        }
        for (name, requirement) in consumes {
            write!(f, "\nconsumes={name} {requirement}")?;
        }
        Ok(())
    }
}

impl FromStr for ModuleNote {
    type Err = NoteError;

    /// Lines with keys that only a newer version knows are passed over.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let wrong = |line: &str| NoteError::Text { line: line.to_string() };
        let lines = || text.lines().filter_map(|line| line.split_once('='));
        let one = |key: &str| {
            let mut values = lines().filter(|(found, _)| *found == key);
            match (values.next(), values.next()) {
                (Some((_, value)), None) => Ok(value.to_string()),
                _ => Err(wrong(key)),
            }
        };
        let (mut provides, mut consumes) = (Vec::new(), Vec::new());
        for (key, value) in lines() {
            if key == "provides" || key == "consumes" {
                let (name, rest) = value.split_once(' ').ok_or_else(|| wrong(key))?;
                if key == "provides" {
                    provides.push((name.to_string(), rest.parse().map_err(|_| wrong(value))?));
                } else {
                    consumes.push((name.to_string(), rest.parse().map_err(|_| wrong(value))?));
                }
            }
        }
        Ok(Self {
            name: one("name")?,
            version: one("version")?,
            interbind: one("interbind")?,
            panic: one("panic")?,
            compiler: one("compiler")?,
            runtime: if lines().any(|(key, _)| key == "runtime") { Some(one("runtime")?) } else { None },
            platform: one("platform")?.parse().map_err(|_| wrong("platform"))?,
            provides,
            consumes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn bytes(kind: u32, text: &str) -> Vec<u8> {
        let mut out = vec![];
        let desc = text.len().next_multiple_of(4) as u32;
        for word in [10, desc, kind] {
            out.extend(u32::to_le_bytes(word));
        }
        out.extend(b"interbind\0\0\0");
        out.extend(text.bytes());
        out.resize(24 + desc as usize, b'\n');
        out
    }

    fn module() -> ModuleNote {
        ModuleNote {
            name: "frame".to_string(),
            version: "2.0.4".to_string(),
            interbind: "0.1.0".to_string(),
            panic: "unwind".to_string(),
            compiler: "rustc 1.95.0".to_string(),
            runtime: Some("wheel".to_string()),
            platform: "os=linux arch=x86_64 bits=64 endian=little c=sysv python=cpython api=3.13 gil=on debug=no refs=no"
                .parse()
                .unwrap(),
            provides: vec![("org.frame.Point".to_string(), Version::new(1, 2, 0))],
            consumes: vec![("org.frame.Series".to_string(), "^2.1.0".parse().unwrap())],
        }
    }

    #[test]
    fn a_module_note_parses_back_and_passes_over_lines_of_the_future() {
        let text = module().to_string();
        assert_eq!(text.parse(), Ok(module()));
        assert_eq!((text.clone() + "\ncolour=blue").parse(), Ok(module()));
        assert!(text.replace("panic=unwind\n", "").parse::<ModuleNote>().is_err());
        assert!((text + "\nname=again").parse::<ModuleNote>().is_err());
        let alone = ModuleNote { runtime: None, provides: vec![], consumes: vec![], ..module() };
        assert_eq!(alone.to_string().parse(), Ok(alone));
    }

    #[test]
    fn notes_of_others_and_of_the_future_do_not_hide_ours() {
        let mut section = vec![4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, b'G', b'N', b'U', 0, 7, 0, 0, 0];
        section.extend(bytes(9, "new"));
        section.extend(bytes(MODULE, &module().to_string()));
        section.extend(bytes(TYPE, "1.2.0\ndata a size 0 align 1 { }"));
        let found = read(&section);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], Err(NoteError::Unknown { kind: 9 }));
        assert_eq!(found[1], Ok(Item::Module(Box::new(module()))));
    }

    #[test]
    fn padding_ends_the_notes_and_what_is_cut_off_is_said() {
        let note = bytes(TYPE, "1.2.0\ndata a size 0 align 1 { }");
        let mut padded = note.clone();
        padded.extend([0; 8]);
        assert!(matches!(&read(&padded)[..], [Ok(Item::Type { .. })]));
        let at = note.len();
        for rest in
            [&[1, 0, 0][..], &[0, 0, 0, 7], &note[..note.len() - 4], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]
        {
            let mut cut = note.clone();
            cut.extend(rest);
            assert!(
                matches!(&read(&cut)[..], [Ok(_), Err(NoteError::Truncated { at: found })] if *found == at)
            );
        }
    }

    #[test]
    fn why_a_note_is_not_understood_is_said_in_words() {
        let said = |section: &[u8]| read(section).remove(0).unwrap_err().to_string();
        assert_eq!(said(&[1]), "build note at byte 0 is cut off");
        assert_eq!(said(&bytes(9, "")), "build note of unknown type 9");
        assert_eq!(said(&bytes(TYPE, "")), "build note: line `version` is missing or malformed");
        assert_eq!(said(&bytes(MODULE, "name=a")), "build note: line `version` is missing or malformed");
    }

    #[test]
    fn what_is_built_is_what_is_read() {
        const TEXT: &str = "1.2.0\ndata a.P size 8 align 8 { x: f64 @0 }";
        static NOTE: Note<{ padded(TEXT.len()) }> = Note::new(TYPE, TEXT);
        // SAFETY: `Note` is repr(C) without padding: its size is 24 + N, N a multiple of 4.
        let raw = unsafe { core::slice::from_raw_parts((&raw const NOTE).cast::<u8>(), size_of_val(&NOTE)) };
        assert_eq!(raw, bytes(TYPE, TEXT));
        assert!(
            matches!(&read(raw)[..], [Ok(Item::Type { version, .. })] if *version == Version::new(1, 2, 0))
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic_the_reader(mut section in prop::collection::vec(any::<u8>(), 0..200), cut in 0..80_usize) {
            let mut real = bytes(MODULE, "name=x");
            real.truncate(cut);
            section.extend(real);
            let _ = read(&section);
        }
    }
}
