//! The module's own statements, in its definition: `Py_mod_gil` and `Py_mod_multiple_interpreters`.
//!
//! A `PyModuleDef` is found by its shape: a pointer to the module's name with an empty object head in front of it and
//! the other fields behind. That it is the one `PyInit_x` hands over is proved only where that function's first
//! instructions name its address; else what it says is likely. A definition that is filled when the module is imported
//! isn't in the file, and nothing is said about it. From 3.15 on `PyModExport_x` gives the list of slots itself.

use crate::binary::{Image, Kind, Pointer};
use crate::facts::{Claim, EntryPoint, Evidence, Gil, Interpreters, Source};

use super::slots::{ABI, GIL, MULTIPLE_INTERPRETERS, Slot, Slots, word};

/// A list without slots says nothing for sure: its memory may be written, and some frameworks do so.
const FILLED_LATER: &str = "its list of slots is empty in the file; it may be filled when it is imported";

/// What `PyModExport_x` hands over.
const EXPORTED: &str = "PySlot[]";

/// Places of a name that are looked at; a short name can be the end of many texts.
const MOST_NAMES: usize = 4096;
/// How far into an entry point its definition's address is looked for.
const FIRST_INSTRUCTIONS: usize = 512;

/// What a module hands to Python, and how sure that is.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    slots: Slots,
    /// Whether the entry point names it.
    proved: bool,
    /// Where it stands.
    offset: u64,
    /// What it is called in evidence.
    what: &'static str,
}

/// Finds what the entry point hands over: the one that is called as the file, else all, which must say the same.
pub(super) fn definition(
    image: &Image<'_>,
    entries: &[EntryPoint],
    file: &str,
) -> Result<Definition, &'static str> {
    let stem = file.split('.').next().unwrap_or(file);
    let own = entries.iter().filter(|entry| entry.module == stem);
    let followed: Vec<_> =
        if own.clone().next().is_some() { own.collect() } else { entries.iter().collect() };
    // A file that several modules share has an entry each; more than a few are an interpreter with all its modules.
    if followed.len() > 8 {
        return Err("it has more entry points than are followed");
    }
    let mut found: Option<Definition> = None;
    let mut missed = false;
    for entry in followed {
        let Some(address) = address_of(image, &entry.symbol) else { continue };
        let here = if entry.symbol.starts_with("PyModExport_") {
            exported(image, address)
        } else if entry.symbol.starts_with("PyInit_") {
            by_shape(image, &entry.module, address)
        } else {
            continue;
        };
        let Some(here) = here else {
            missed = true;
            continue;
        };
        match &found {
            Some(before) if !before.says_the_same(&here) => {
                return Err("its entry points say different things");
            }
            Some(_) => {}
            None => found = Some(here),
        }
    }
    match (found, missed) {
        // The newer entry point hands over the list itself; an older Python takes the other, which makes one on import.
        (Some(mut found), true) if found.what == EXPORTED => {
            found.proved = false;
            Ok(found)
        }
        (_, true) => {
            Err("its definition isn't in the file in a form that could be followed; it may be made on import")
        }
        (found, false) => found.ok_or("it has no entry point that could be followed"),
    }
}

impl Definition {
    /// Whether what it says is proved: the list is in the file, and the entry point names it.
    pub(super) fn is_certain(&self) -> bool {
        self.proved && !self.slots.slots.is_empty()
    }

    /// What it says of the GIL.
    pub(super) fn gil(&self) -> Claim<Gil> {
        match self.slots.get(GIL) {
            Some(slot) => match slot.value {
                Some(1) => self.claim(Gil::NotUsed, self.slot(slot, "Py_mod_gil = Py_MOD_GIL_NOT_USED")),
                Some(0) => self.claim(Gil::Used, self.slot(slot, "Py_mod_gil = Py_MOD_GIL_USED")),
                _ => Claim::unknown("its Py_mod_gil slot holds no value that Python knows"),
            },
            None if self.slots.slots.is_empty() => Claim::unknown(FILLED_LATER),
            None if self.slots.whole => self.claim(Gil::Used, self.without("Py_mod_gil")),
            None => Claim::unknown("its list of slots has no end that could be read"),
        }
    }

    /// What it says of sub-interpreters.
    pub(super) fn interpreters(&self) -> Claim<Interpreters> {
        let name = "Py_mod_multiple_interpreters";
        match self.slots.get(MULTIPLE_INTERPRETERS) {
            Some(slot) => {
                let value = match slot.value {
                    Some(0) => Interpreters::MainOnly,
                    Some(1) => Interpreters::SharedGil,
                    Some(2) => Interpreters::PerInterpreterGil,
                    _ => return Claim::unknown(format!("its {name} slot holds no value that Python knows")),
                };
                let text = format!("{name} = {}", slot.value.unwrap_or_default());
                self.claim(value, self.slot(slot, &text))
            }
            None if self.slots.slots.is_empty() => Claim::unknown(FILLED_LATER),
            // What Python takes where nothing is said.
            None if self.slots.whole => self.claim(Interpreters::SharedGil, self.without(name)),
            None => Claim::unknown("its list of slots has no end that could be read"),
        }
    }

    /// The address of the record of what the module was built with, and where the slot stands.
    pub(super) fn abi(&self) -> Option<(u64, u64)> {
        let slot = self.slots.get(ABI)?;
        Some((slot.target?, slot.offset))
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.gil().value == other.gil().value && self.interpreters().value == other.interpreters().value
    }

    fn slot(&self, slot: Slot, text: &str) -> Vec<Evidence> {
        vec![self.place(), Evidence::bytes(slot.offset, text)]
    }

    fn without(&self, slot: &str) -> Vec<Evidence> {
        let numbers: Vec<_> = self.slots.slots.iter().map(|slot| slot.number.to_string()).collect();
        let text = format!("slots {}: none is {slot}", numbers.join(", "));
        vec![self.place(), Evidence::bytes(self.offset, text)]
    }

    fn place(&self) -> Evidence {
        Evidence::bytes(self.offset, self.what)
    }

    fn claim<T>(&self, value: T, mut evidence: Vec<Evidence>) -> Claim<T> {
        if self.proved {
            evidence.push(Evidence::new(Source::Code, "the entry point names this address"));
            return Claim::certain(value, evidence);
        }
        Claim::likely(
            value,
            evidence,
            "it looks like the module's definition; that the entry point uses it wasn't followed",
        )
    }
}

fn address_of(image: &Image<'_>, symbol: &str) -> Option<u64> {
    image.exports.iter().find(|export| export.name == symbol).map(|export| export.address & !thumb(image))
}

/// The lowest bit of an address of 32-bit ARM code isn't part of it.
fn thumb(image: &Image<'_>) -> u64 {
    u64::from(image.arch.name == "armv7l")
}

fn by_shape(image: &Image<'_>, module: &str, entry: u64) -> Option<Definition> {
    let names = names(image, module);
    let width = u64::from(image.arch.bits / 8);
    let referred = references(image, entry);
    let mut found: Vec<Definition> = Vec::new();
    for place in image.pointers().to(image, &names, MOST_NAMES) {
        // An object's head is two words; in free-threaded builds there are four, or five narrow ones.
        let heads = [2 * width, if width == 8 { 32 } else { 20 }];
        for head in heads {
            let Some(start) = place.checked_sub(head + 3 * width) else { continue };
            if let Some(slots) = shape(image, start, head, width) {
                let offset = image.offset_of(start)?;
                let proved = referred.contains(&start);
                found.push(Definition { slots, proved, offset, what: "PyModuleDef" });
            }
        }
    }
    // Where the larger head fits, the smaller one may too: 16 zeros stand in front of the smaller one's place.
    found.sort_by_key(|definition| !definition.proved);
    let one = found.first()?;
    let certain = one.proved && found.get(1).is_none_or(|next| !next.proved);
    let same = found.iter().all(|other| other.slots == one.slots);
    (certain || same).then(|| one.clone())
}

/// The addresses at which the module's name stands as a whole text or the end of one, sorted.
fn names(image: &Image<'_>, module: &str) -> Vec<u64> {
    let mut needle = module.as_bytes().to_vec();
    needle.push(0);
    let finder = memchr::memmem::Finder::new(&needle);
    let mut found = Vec::new();
    for section in image.sections.iter().filter(|section| matches!(section.kind, Kind::ReadOnly | Kind::Data))
    {
        let bytes = image.bytes(section);
        for at in finder.find_iter(bytes) {
            if found.len() >= MOST_NAMES {
                break;
            }
            let address = section.address.wrapping_add(at as u64);
            found.push(address);
            // `package.module`: the text starts further in front.
            if at > 0 && bytes[at - 1] == b'.' {
                let window = &bytes[at.saturating_sub(256)..at];
                let start = window.iter().rposition(|byte| *byte == 0).map_or(0, |zero| zero + 1);
                found.push(address.wrapping_sub((window.len() - start) as u64));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Reads a `PyModuleDef` at an address; `None` where the bytes can't be one.
fn shape(image: &Image<'_>, start: u64, head: u64, width: u64) -> Option<Slots> {
    let value = |at: u64| match image.pointers().at(image, at) {
        Some(pointer) => Some(Field::Pointer(pointer)),
        None => word(image, image.at(at)?).map(Field::Number),
    };
    let zero = |at: u64| value(at) == Some(Field::Number(0));
    let fields = start.wrapping_add(head);
    let field = |index: u64| fields.wrapping_add(index * width);
    // The type, then m_init, m_index, m_copy: Python fills them.
    let empty = (0..3).all(|index| zero(field(index))) && zero(fields.wrapping_sub(width));
    let counted = matches!(value(start)?, Field::Number(_));
    // m_size is -1 or some bytes, m_methods and m_slots are pointers or nothing.
    let size = match value(field(5))? {
        Field::Number(size) => size < 1 << 24 || size == u64::MAX >> (64 - width * 8),
        Field::Pointer(_) => false,
    };
    let pointers = [4, 6, 7]
        .iter()
        .all(|index| matches!(value(field(*index)), Some(Field::Pointer(_) | Field::Number(0))));
    if !(empty && counted && size && pointers) {
        return None;
    }
    match value(field(7))? {
        Field::Pointer(Pointer::Here(address)) => {
            let slots = Slots::read(image, address);
            (slots.whole && slots.are_of_a_module()).then_some(slots)
        }
        Field::Pointer(Pointer::Import(_)) => None,
        Field::Number(_) => Some(Slots { slots: Vec::new(), whole: true }),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field<'a> {
    Number(u64),
    Pointer(Pointer<'a>),
}

/// The addresses that the first instructions of a function name, on processors whose way of doing so is known.
fn references(image: &Image<'_>, entry: u64) -> Vec<u64> {
    let Some(code) = image.at(entry) else { return Vec::new() };
    let code = &code[..code.len().min(FIRST_INSTRUCTIONS)];
    match image.arch.name.as_str() {
        "x86_64" => x86_64(code, entry),
        "aarch64" => aarch64(code, entry),
        _ => Vec::new(),
    }
}

/// `lea register, [rip + distance]`: a REX.W prefix, 8d, and a byte whose lowest bits are 101 under 00.
fn x86_64(code: &[u8], entry: u64) -> Vec<u64> {
    let lea = |window: &[u8]| matches!(window[0], 0x48 | 0x4c) && window[1] == 0x8d && window[2] & 0xc7 == 5;
    let target = |(at, window): (usize, &[u8])| {
        let distance = i32::from_le_bytes(window[3..7].try_into().ok()?);
        Some(entry.wrapping_add(at as u64 + 7).wrapping_add(i64::from(distance) as u64))
    };
    code.windows(7).enumerate().filter(|(_, window)| lea(window)).filter_map(target).collect()
}

/// `adrp register, page` followed by `add register, register, offset`, or `adr`.
fn aarch64(code: &[u8], entry: u64) -> Vec<u64> {
    let mut pages = [None::<u64>; 32];
    let mut found = Vec::new();
    for (index, bytes) in code.chunks_exact(4).enumerate() {
        let Ok(bytes) = bytes.try_into() else { break };
        let instruction = u32::from_le_bytes(bytes);
        let at = entry.wrapping_add(index as u64 * 4);
        let register = (instruction & 31) as usize;
        let immediate = {
            let bits = i64::from(instruction >> 5 & 0x7_ffff) << 2 | i64::from(instruction >> 29 & 3);
            bits << 43 >> 43
        };
        if instruction & 0x9f00_0000 == 0x9000_0000 {
            pages[register] = Some((at & !0xfff).wrapping_add((immediate << 12) as u64));
        } else if instruction & 0x9f00_0000 == 0x1000_0000 {
            found.push(at.wrapping_add(immediate as u64));
        } else if instruction & 0xffc0_0000 == 0x9100_0000 {
            let from = (instruction >> 5 & 31) as usize;
            found.extend(pages[from].map(|page| page.wrapping_add(u64::from(instruction >> 10 & 0xfff))));
        }
    }
    found
}

/// The list that `PyModExport_x` gives, where it does nothing but give one.
fn exported(image: &Image<'_>, entry: u64) -> Option<Definition> {
    let code = image.at(entry)?;
    let address = match image.arch.name.as_str() {
        "x86_64" => {
            let rest = code.strip_prefix(&[0xf3, 0x0f, 0x1e, 0xfa]).unwrap_or(code);
            let skipped = (code.len() - rest.len()) as u64;
            let returns = rest.starts_with(&[0x48, 0x8d, 0x05]) && rest.get(7) == Some(&0xc3);
            returns.then(|| x86_64(&rest[..7], entry + skipped)).and_then(|found| found.first().copied())
        }
        "aarch64" => {
            // `ret` behind the pair, with or without the mark of a branch's target in front.
            let returns = code.chunks_exact(4).take(4).any(|bytes| bytes == [0xc0, 0x03, 0x5f, 0xd6]);
            let end = code.len().min(16);
            returns.then(|| aarch64(&code[..end], entry)).and_then(|found| found.last().copied())
        }
        _ => None,
    }?;
    let slots = Slots::read(image, address);
    let offset = image.offset_of(address)?;
    (slots.whole && slots.are_of_a_module()).then_some(Definition {
        slots,
        proved: true,
        offset,
        what: EXPORTED,
    })
}
