//! WebAssembly modules, as Emscripten makes them for Python: sections, imports, exports, and what its loader reads from `dylink.0`.
//!
//! A module has no addresses of its own: it is loaded wherever there is room, and its code fills in its pointers. Addresses here
//! count from where its data are loaded, and no pointer is resolved. Code isn't followed.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::facts::{Arch, Format};

use super::image::{Export, Image, Kind, Mapped, Section, Unreadable};

/// What stands behind the magic in a module; a component has another number there.
const VERSION: u32 = 1;
/// Names of one file that are kept.
const MOST_NAMES: usize = 1 << 20;
/// Parts of its data that are kept.
const MOST_SEGMENTS: usize = 1 << 16;
/// A symbol of `dylink.0` that may stay undefined.
const WEAK: u64 = 1;
/// Where what has no address in memory is said to be, so that no data are taken for it.
const NOWHERE: u64 = 1 << 56;

pub(super) fn read(data: &[u8]) -> Result<Image<'_>, Unreadable> {
    let version = data.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    match version {
        Some(VERSION) => {}
        Some(version) if version & 0xffff_0000 != 0 => {
            return Err(Unreadable::Malformed(
                "it is a WebAssembly component, which no Python loads".to_owned(),
            ));
        }
        Some(version) => {
            return Err(Unreadable::Malformed(format!("WebAssembly of version {version} isn't known")));
        }
        None => return Err(Unreadable::Malformed("it ends within the header".to_owned())),
    }
    let arch = Arch { name: "wasm32".to_owned(), bits: 32, little_endian: true };
    let image = Image::new(data, Format::Wasm, arch);
    let mut reader = Reader { image, dylink: false, globals: Vec::new() };
    reader.sections();
    // What isn't made to be loaded by another is the program.
    reader.image.program = !reader.dylink;
    Ok(reader.image)
}

struct Reader<'a> {
    image: Image<'a>,
    /// Whether it is made to be loaded by another.
    dylink: bool,
    /// Initial values of the globals, imported ones first; none: not a number.
    globals: Vec<Option<u64>>,
}

impl<'a> Reader<'a> {
    fn sections(&mut self) {
        let data = self.image.data;
        let mut bytes = Bytes { data, at: 8 };
        while bytes.at < data.len() {
            let Some((id, size)) = bytes.byte().zip(bytes.number()) else {
                self.image.flaw("truncated", "the last section has no length");
                return;
            };
            let start = bytes.at;
            let whole = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
            let end = whole.filter(|end| *end <= data.len());
            if end.is_none() {
                let reach = whole.unwrap_or(usize::MAX);
                let has = data.len();
                self.image
                    .flaw("truncated", format!("section {id} should reach byte {reach}, the file has {has}"));
            }
            let end = end.unwrap_or(data.len());
            let mut part = Bytes { data: &data[..end], at: start };
            if self.section(id, &mut part).is_none() {
                self.image.flaw("malformed", format!("section {id} at {start} can't be read to its end"));
            }
            bytes.at = end;
        }
    }

    /// Reads one section; none: it ends early.
    fn section(&mut self, id: u8, part: &mut Bytes<'a>) -> Option<()> {
        match id {
            0 => self.custom(part),
            2 => self.imports(part),
            6 => self.globals(part),
            7 => self.exports(part),
            10 => {
                self.name("code", part, Kind::Code);
                Some(())
            }
            11 => self.data(part),
            _ => Some(()),
        }
    }

    fn name(&mut self, name: &'a str, part: &Bytes<'a>, kind: Kind) {
        let section = Section {
            name: Cow::Borrowed(name),
            address: NOWHERE,
            offset: part.at as u64,
            size: part.left() as u64,
            kind,
        };
        self.image.sections.push(section);
    }

    fn custom(&mut self, part: &mut Bytes<'a>) -> Option<()> {
        let name = part.text()?;
        self.name(name, part, Kind::Other);
        match name {
            "dylink.0" => {
                self.dylink = true;
                while part.left() > 0 {
                    let (kind, size) = (part.byte()?, part.number()?);
                    let mut inner = part.part(size)?;
                    self.dylink(kind, &mut inner)?;
                }
                Some(())
            }
            // Emscripten's before 2.0.27.
            "dylink" => {
                self.dylink = true;
                for _ in 0..4 {
                    part.number()?;
                }
                self.needed(part)
            }
            "producers" => {
                for _ in 0..part.number()? {
                    let (field, count) = (part.text()?, part.number()?);
                    for _ in 0..count {
                        let at = part.at as u64;
                        let (tool, version) = (part.text()?, part.text()?);
                        if field == "processed-by" && self.image.comments.len() < 16 {
                            self.image.comments.push((at, format!("{tool} {version}")));
                        }
                    }
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    fn dylink(&mut self, kind: u8, part: &mut Bytes<'a>) -> Option<()> {
        match kind {
            2 => self.needed(part),
            4 => {
                for _ in 0..part.number()? {
                    let (_, name, flags) = (part.text()?, part.text()?, part.number()?);
                    if flags & WEAK != 0 && self.image.weak.len() < MOST_NAMES {
                        self.image.weak.push(name);
                    }
                }
                Some(())
            }
            5 => {
                for _ in 0..part.number()? {
                    self.image.linking.runpath.push(part.text()?.to_owned());
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    fn needed(&mut self, part: &mut Bytes<'a>) -> Option<()> {
        for _ in 0..part.number()? {
            self.image.needed.push(part.text()?.to_owned());
        }
        Some(())
    }

    fn imports(&mut self, part: &mut Bytes<'a>) -> Option<()> {
        // What the loader itself gives to each module.
        const OF_THE_LOADER: [&str; 6] = [
            "memory",
            "__indirect_function_table",
            "__memory_base",
            "__table_base",
            "__memory_base32",
            "__stack_pointer",
        ];
        let mut seen = HashSet::new();
        for _ in 0..part.number()? {
            let (_, name, kind) = (part.text()?, part.text()?, part.byte()?);
            match kind {
                0 => {
                    part.number()?;
                }
                1 => {
                    part.byte()?;
                    part.limits()?;
                }
                2 => {
                    if part.limits()? & 4 != 0 {
                        self.image.arch = Arch { name: "wasm64".to_owned(), bits: 64, little_endian: true };
                    }
                }
                3 => {
                    part.byte()?;
                    part.byte()?;
                    // The place where its data are loaded, from which addresses count here.
                    self.globals.push((name == "__memory_base").then_some(0));
                }
                4 => {
                    part.byte()?;
                    part.number()?;
                }
                _ => return None,
            }
            if !OF_THE_LOADER.contains(&name) && self.image.imports.len() < MOST_NAMES && seen.insert(name) {
                self.image.imports.push(name);
            }
        }
        Some(())
    }

    fn globals(&mut self, part: &mut Bytes<'a>) -> Option<()> {
        for _ in 0..part.number()? {
            part.byte()?;
            part.byte()?;
            let value = part.value(&self.globals)?;
            if self.globals.len() < MOST_NAMES {
                self.globals.push(value);
            }
        }
        Some(())
    }

    fn exports(&mut self, part: &mut Bytes<'a>) -> Option<()> {
        for _ in 0..part.number()? {
            let (name, kind, index) = (part.text()?, part.byte()?, part.number()?);
            let global = || usize::try_from(index).ok().and_then(|index| *self.globals.get(index)?);
            let address = if kind == 3 { global() } else { None };
            if matches!(kind, 0 | 3) && self.image.exports.len() < MOST_NAMES {
                let export = Export { name: Cow::Borrowed(name), address: address.unwrap_or(NOWHERE) };
                self.image.exports.push(export);
            }
        }
        Some(())
    }

    fn data(&mut self, part: &mut Bytes<'a>) -> Option<()> {
        for _ in 0..part.number()? {
            let address = match part.number()? {
                0 => part.value(&self.globals)?,
                1 => None,
                2 => {
                    part.number()?;
                    part.value(&self.globals)?
                }
                _ => return None,
            };
            let size = part.number()?;
            let offset = part.at as u64;
            let inner = part.part(size)?;
            if self.image.sections.len() >= MOST_SEGMENTS {
                continue;
            }
            self.name("data", &inner, Kind::ReadOnly);
            if let Some((address, section)) = address.zip(self.image.sections.last_mut()) {
                section.address = address;
                self.image.mapped.push(Mapped { address, offset, size, memory: size });
            }
        }
        Some(())
    }
}

/// The bytes of a section, up to its end.
#[derive(Clone, Copy)]
struct Bytes<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    fn left(&self) -> usize {
        self.data.len().saturating_sub(self.at)
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.data.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// A number of variable length, without a sign.
    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The same with a sign.
    fn signed(&mut self) -> Option<i64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let negative = byte & 0x40 != 0 && shift < 57;
                return Some(if negative { value | (-1 << (shift + 7)) } else { value });
            }
        }
        None
    }

    fn part(&mut self, size: u64) -> Option<Self> {
        let end = self.at.checked_add(usize::try_from(size).ok()?)?;
        let part = Self { data: self.data.get(..end)?, at: self.at };
        self.at = end;
        Some(part)
    }

    fn text(&mut self) -> Option<&'a str> {
        let size = self.number()?;
        let part = self.part(size)?;
        std::str::from_utf8(&part.data[part.at..]).ok()
    }

    /// The limits of a table or a memory, of which the flags are given.
    fn limits(&mut self) -> Option<u8> {
        let flags = self.byte()?;
        self.number()?;
        if flags & 1 != 0 {
            self.number()?;
        }
        Some(flags)
    }

    /// The value of a constant expression: the outer nothing means that it ends early, the inner that it isn't a number.
    fn value(&mut self, globals: &[Option<u64>]) -> Option<Option<u64>> {
        let mut stack: Vec<Option<u64>> = Vec::new();
        loop {
            let pushed = match self.byte()? {
                0x0b => return Some(stack.pop().flatten()),
                0x41 | 0x42 => Some(u64::from_le_bytes(self.signed()?.to_le_bytes())),
                0x43 => {
                    self.part(4)?;
                    None
                }
                0x44 => {
                    self.part(8)?;
                    None
                }
                0x23 => {
                    let index = usize::try_from(self.number()?).ok();
                    index.and_then(|index| *globals.get(index)?)
                }
                operation @ (0x6a..=0x6c | 0x7c..=0x7e) => {
                    let (right, left) = (stack.pop().flatten(), stack.pop().flatten());
                    left.zip(right).map(|(left, right)| match operation {
                        0x6a | 0x7c => left.wrapping_add(right),
                        0x6b | 0x7d => left.wrapping_sub(right),
                        _ => left.wrapping_mul(right),
                    })
                }
                // References to functions, and nothing.
                0xd2 => {
                    self.number()?;
                    None
                }
                0xd0 => {
                    self.byte()?;
                    None
                }
                _ => return None,
            };
            stack.push(pushed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(bytes: &[u8]) -> Vec<u8> {
        let mut number = bytes.len();
        let mut all = Vec::new();
        loop {
            let low = u8::try_from(number & 0x7f).expect("seven bits");
            number >>= 7;
            all.push(if number == 0 { low } else { low | 0x80 });
            if number == 0 {
                break;
            }
        }
        all.extend(bytes);
        all
    }

    fn section(id: u8, bytes: &[u8]) -> Vec<u8> {
        [vec![id], length(bytes)].concat()
    }

    /// A module that Emscripten could have made: it asks for `PyModuleDef_Init` and gives `PyInit_m`; its data begin with a text.
    fn side_module() -> Vec<u8> {
        let needed = [vec![1], length(b"libz.so")].concat();
        let dylink = [length(b"dylink.0"), vec![2], length(&needed)].concat();
        let base = [length(b"env"), length(b"__memory_base"), vec![3, 0x7f, 0]].concat();
        let function = [length(b"env"), length(b"PyModuleDef_Init"), vec![0, 0]].concat();
        let export = [vec![1], length(b"PyInit_m"), vec![0, 1]].concat();
        let data = [vec![1, 0, 0x23, 0, 0x0b], length(b"text\0more\0")].concat();
        [
            b"\0asm\x01\0\0\0".to_vec(),
            section(0, &dylink),
            section(2, &[vec![2], base, function].concat()),
            section(7, &export),
            section(11, &data),
        ]
        .concat()
    }

    #[test]
    fn a_module_is_read_with_what_it_asks_for_and_gives() {
        let bytes = side_module();
        let image = read(&bytes).expect("it is a module");
        assert_eq!((image.arch.name.as_str(), image.arch.bits, image.program), ("wasm32", 32, false));
        assert_eq!(image.imports, ["PyModuleDef_Init"]);
        assert_eq!(image.exports[0].name, "PyInit_m");
        assert_eq!(image.needed, ["libz.so"]);
        assert_eq!(image.at(5), Some(&b"more\0"[..]));
        assert!(image.flaws.is_empty(), "{:?}", image.flaws);
    }

    #[test]
    fn a_module_that_is_cut_anywhere_is_read_as_far_as_it_goes() {
        let bytes = side_module();
        for end in 0..bytes.len() {
            match read(&bytes[..end]) {
                Ok(image) => assert!(end <= 8 || image.exports.len() <= 1),
                Err(Unreadable::Malformed(_)) => assert!(end < 8, "{end}"),
                Err(Unreadable::UnknownFormat) => panic!("its magic is known"),
            }
        }
        for at in 8..bytes.len() {
            let mut spoilt = bytes.clone();
            spoilt[at] = 0xff;
            let _ = read(&spoilt);
        }
    }

    #[test]
    fn a_component_is_said_to_be_one() {
        let said = read(b"\0asm\x0d\0\x01\0").err().map(|error| error.to_string());
        assert!(said.is_some_and(|said| said.contains("WebAssembly component")));
    }

    #[test]
    fn numbers_have_their_signs() {
        let signed = |bytes: &[u8]| Bytes { data: bytes, at: 0 }.signed();
        assert_eq!(signed(&[0x7f]), Some(-1));
        assert_eq!(signed(&[0xc0, 0xbb, 0x78]), Some(-123_456));
        assert_eq!(signed(&[0x80]), None);
        assert_eq!(signed(&[0xff; 12]), None);
    }
}
