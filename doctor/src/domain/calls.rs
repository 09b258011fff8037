//! The calls that functions of a module make, each with the constants that it passes: what a module gives to others and asks of
//! them at its start is mostly constant.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

use crate::binary::{Image, Kind, Pointer};

use super::functions::Functions;
use super::machine::{Atom, Value};
use super::place;
use super::resolve::processor;
use super::trace::{Call, Code};

/// More places of one kind than any module has.
const MOST: usize = 1 << 14;

/// The function that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To<'a> {
    /// One of another module.
    Import(&'a str),
    /// One of the file.
    Here(u64),
    /// Which, isn't known.
    Unknown,
}

/// What stands in an argument's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    /// A number or an address.
    Number(u64),
    /// What the call at this address gave back.
    Result(u64),
    /// What stood in memory at an address, and a distance further on.
    Loaded(u64, i64),
    /// Anything else.
    Unknown,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made<'a> {
    pub(crate) address: u64,
    pub(crate) to: To<'a>,
    pub(crate) arguments: Vec<Argument>,
    /// The same on the first way that leads there: in a loop, the first time.
    pub(crate) first: Vec<Argument>,
}

impl Made<'_> {
    /// The number or address in an argument's place.
    pub(crate) fn number(&self, place: usize) -> Option<u64> {
        match self.arguments.get(place) {
            Some(Argument::Number(number)) => Some(*number),
            _ => None,
        }
    }
}

/// A module's code, and what its calls of other modules' functions go through.
pub(crate) struct Calls<'i, 'a> {
    code: Code<'i, 'a>,
    /// Slots with the address of an imported function.
    slots: BTreeMap<u64, &'a str>,
    /// Stubs that jump through such a slot.
    stubs: BTreeMap<u64, &'a str>,
}

impl<'i, 'a> Calls<'i, 'a> {
    /// None for processors whose code isn't followed, and for formats whose slots aren't read.
    pub(crate) fn of(image: &'i Image<'a>) -> Option<Self> {
        let processor = processor(image)?;
        let code = Code { image, functions: Functions::of(image), processor, returning: RefCell::default() };
        let imported = |(place, pointer)| match pointer {
            Pointer::Import(name) => Some((place, name)),
            Pointer::Here(_) => None,
        };
        let jumps = image.jump_slots();
        let slots: BTreeMap<u64, &'a str> =
            image.pointers().all().iter().copied().chain(jumps).filter_map(imported).collect();
        let stubs = stubs(image, &slots);
        Some(Self { code, slots, stubs })
    }

    /// The starts of the functions that call one of these imported functions.
    pub(crate) fn callers_of(&self, names: &[&str]) -> BTreeSet<u64> {
        let mut sites = Vec::new();
        for stub in self.stubs.iter().filter(|(_, name)| names.contains(name)).map(|(stub, _)| *stub) {
            sites.extend(place::calls(self.code.image, stub, MOST));
        }
        if self.code.image.arch.name == "x86_64" {
            for section in self.code.image.sections.iter().filter(|section| section.kind == Kind::Code) {
                let bytes = self.code.image.bytes(section);
                for at in memmem::find_iter(bytes, b"\xff\x15") {
                    let address = section.address.wrapping_add(at as u64);
                    let slot = through_slot(bytes.get(at..).unwrap_or_default(), address);
                    let name = slot.and_then(|slot| self.slots.get(&slot));
                    if name.is_some_and(|name| names.contains(name)) {
                        sites.push(address);
                    }
                }
            }
        }
        self.entries(sites)
    }

    /// The starts of the functions that load this address.
    pub(crate) fn loaders_of(&self, address: u64) -> BTreeSet<u64> {
        self.entries(place::loads(self.code.image, address, MOST))
    }

    /// The starts of the functions that call the one at `function`.
    pub(crate) fn callers(&self, function: u64) -> BTreeSet<u64> {
        self.entries(place::calls(self.code.image, function, MOST))
    }

    fn entries(&self, sites: Vec<u64>) -> BTreeSet<u64> {
        let entry = |site: u64| Some(self.code.functions.holding(site)?.entry);
        sites.into_iter().filter_map(entry).collect()
    }

    /// Whether a function begins there.
    pub(super) fn is_function(&self, address: u64) -> bool {
        self.code.functions.holding(address).is_some_and(|piece| piece.entry == address)
    }

    /// How long the function is that begins at `entry`, without parts of it that stand elsewhere.
    pub(crate) fn length(&self, entry: u64) -> u64 {
        self.code.functions.length_of(entry).unwrap_or_default()
    }

    /// All calls of the function that begins at `entry`, in the order of their addresses; none where some way through it can't be
    /// followed.
    pub(crate) fn made(&self, entry: u64) -> Option<Vec<Made<'a>>> {
        let mut found: BTreeMap<u64, Made<'a>> = BTreeMap::new();
        let registers = self.code.processor.arguments();
        let arguments = |call: &Call<'_>| -> Vec<Argument> {
            let argument = |register: &usize| match call.state.get(*register) {
                Value::One(Atom::Const(number)) => Argument::Number(number),
                Value::One(Atom::Result(call)) => Argument::Result(call),
                Value::One(Atom::Loaded(place, distance)) => Argument::Loaded(place, distance),
                _ => Argument::Unknown,
            };
            registers.iter().take(6).map(argument).collect()
        };
        let first: RefCell<BTreeMap<u64, Vec<Argument>>> = RefCell::default();
        let see = |call: &Call<'_>| {
            first.borrow_mut().entry(call.address).or_insert_with(|| arguments(call));
            false
        };
        let followed = self.code.follow(entry, None, &see, &mut |call| {
            let (address, to) = (call.address, self.to(call.address, call.target));
            let made = Made { address, to, arguments: arguments(call), first: Vec::new() };
            found.insert(call.address, made);
        });
        followed.ok()?;
        let mut first = first.into_inner();
        for (address, made) in &mut found {
            made.first = first.remove(address).unwrap_or_default();
        }
        Some(found.into_values().collect())
    }

    fn to(&self, address: u64, target: Option<u64>) -> To<'a> {
        match target {
            Some(target) => self.stubs.get(&target).map_or(To::Here(target), |name| To::Import(name)),
            None => {
                let slot = self.code.image.at(address).and_then(|bytes| through_slot(bytes, address));
                slot.and_then(|slot| self.slots.get(&slot)).map_or(To::Unknown, |name| To::Import(name))
            }
        }
    }
}

/// The slot that `call [rip + distance]` goes through.
fn through_slot(bytes: &[u8], address: u64) -> Option<u64> {
    let distance = i32::from_le_bytes(bytes.strip_prefix(b"\xff\x15")?.get(..4)?.try_into().ok()?);
    Some(address.wrapping_add(6).wrapping_add_signed(distance.into()))
}

/// The stubs, each a few instructions that jump through a slot.
fn stubs<'a>(image: &Image<'a>, slots: &BTreeMap<u64, &'a str>) -> BTreeMap<u64, &'a str> {
    let mut found = BTreeMap::new();
    for section in image.sections.iter().filter(|section| section.name.starts_with(".plt")) {
        let bytes = image.bytes(section);
        if image.arch.name == "x86_64" {
            for at in memmem::find_iter(bytes, b"\xff\x25") {
                let Some(distance) = bytes.get(at + 2..at + 6).and_then(|bytes| bytes.try_into().ok()) else {
                    continue;
                };
                let address = section.address.wrapping_add(at as u64);
                let slot = address.wrapping_add(6).wrapping_add_signed(i32::from_le_bytes(distance).into());
                let Some(name) = slots.get(&slot) else { continue };
                // A mark for indirect jumps, and a prefix, may come first.
                let before = &bytes[..at];
                let start = before.strip_suffix(b"\xf2").unwrap_or(before);
                let start = start.strip_suffix(b"\xf3\x0f\x1e\xfa").unwrap_or(start);
                found.insert(section.address.wrapping_add(start.len() as u64), *name);
            }
        } else {
            let words: Vec<u32> = bytes
                .chunks_exact(4)
                .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
                .collect();
            for (at, pair) in words.windows(2).enumerate() {
                // adrp x16; ldr x17, [x16, …]
                if pair[0] & 0x9f00_001f != 0x9000_0010 || pair[1] & 0xffc0_03ff != 0xf940_0211 {
                    continue;
                }
                let address = section.address.wrapping_add(at as u64 * 4);
                let high = i64::from((pair[0] as i32) << 8 >> 13);
                let pages = high * 4 + i64::from(pair[0] >> 29 & 3);
                let page = (address & !0xfff).wrapping_add_signed(pages * 4096);
                let slot = page.wrapping_add(u64::from(pair[1] >> 10 & 0xfff) * 8);
                let Some(name) = slots.get(&slot) else { continue };
                let marked = at.checked_sub(1).and_then(|before| words.get(before)) == Some(&0xd503_245f);
                found.insert(if marked { address.wrapping_sub(4) } else { address }, *name);
            }
        }
    }
    found
}
