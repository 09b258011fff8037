//! A processor's registers, and the memory over an image: what the file holds, then what the code that was followed wrote.
//! Each value is known or isn't.

use std::collections::BTreeMap;

use crate::binary::{Image, Pointer};

/// A number that may be known.
pub(super) type Known = Option<u64>;

/// Where the stack begins: far from every image.
pub(super) const STACK: u64 = 0x7ff0_0000_0000;
/// Where imported symbols are said to be, 16 bytes each.
pub(super) const IMPORTS: u64 = 0x7e00_0000_0000;
/// More bytes than an entry point writes that can be followed.
const MOST_BYTES: usize = 1 << 16;

/// Two numbers that were compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compared {
    pub(super) a: u64,
    pub(super) b: u64,
    /// Their width in bytes.
    pub(super) size: usize,
    /// Whether only equality and the sign are known: a sum left them.
    pub(super) of_sum: bool,
}

/// What is known at one instruction, on one way to it.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) registers: [Known; 16],
    /// Vector registers, as two halves.
    pub(super) vectors: [[Known; 2]; 16],
    /// The last comparison.
    pub(super) compared: Option<Compared>,
    /// Bytes that were written: what, where that is known.
    written: BTreeMap<u64, Option<u8>>,
    /// Addresses to return to, each with the function that was called.
    pub(super) returns: Vec<(u64, u64)>,
    /// How often a branch that can't be decided was taken.
    pub(super) undecided: BTreeMap<u64, u8>,
    /// How often memory was asked for.
    pub(super) allocated: u16,
    /// Whether a module was made in one step.
    pub(super) created: bool,
    /// What it told of the GIL since.
    pub(super) gil: Known,
}

impl State {
    pub(super) fn new() -> Self {
        let mut registers = [None; 16];
        registers[4] = Some(STACK);
        Self {
            registers,
            vectors: [[None; 2]; 16],
            compared: None,
            written: BTreeMap::new(),
            returns: Vec::new(),
            undecided: BTreeMap::new(),
            allocated: 0,
            created: false,
            gil: None,
        }
    }

    /// The number of up to 8 bytes at an address.
    pub(super) fn load(&self, memory: &Memory<'_, '_>, address: u64, size: usize) -> Known {
        let end = address.checked_add(size as u64)?;
        if self.written.range(address..end).next().is_none() {
            return memory.initial(address, size);
        }
        let mut number = 0;
        for (index, at) in (address..end).enumerate() {
            let byte = match self.written.get(&at) {
                Some(byte) => (*byte)?,
                None => u8::try_from(memory.initial(at, 1)?).ok()?,
            };
            number |= u64::from(byte) << (8 * index);
        }
        Some(number)
    }

    /// What was written from an address on may have changed.
    pub(super) fn spoil(&mut self, address: u64, size: usize) {
        let end = address.saturating_add(size as u64);
        for (_, byte) in self.written.range_mut(address..end) {
            *byte = None;
        }
    }

    pub(super) fn store(&mut self, address: u64, size: usize, value: Known) {
        if self.written.len() >= MOST_BYTES {
            return;
        }
        for index in 0..size {
            let byte = value.map(|value| value.checked_shr(8 * index as u32).unwrap_or(0) as u8);
            self.written.insert(address.wrapping_add(index as u64), byte);
        }
    }
}

/// The memory as the loader leaves it.
pub(super) struct Memory<'i, 'a> {
    pub(super) image: &'i Image<'a>,
    /// What the loader writes into slots that calls go through.
    jumps: BTreeMap<u64, Pointer<'a>>,
    /// Imported symbols, each once.
    names: Vec<&'a str>,
}

impl<'i, 'a> Memory<'i, 'a> {
    pub(super) fn new(image: &'i Image<'a>) -> Self {
        let jumps: BTreeMap<_, _> = image.jump_slots().into_iter().collect();
        let mut names = image.imports.clone();
        names.sort_unstable();
        names.dedup();
        Self { image, jumps, names }
    }

    fn initial(&self, address: u64, size: usize) -> Known {
        let pointer =
            self.image.pointers().at(self.image, address).or_else(|| self.jumps.get(&address).copied());
        if let Some(pointer) = pointer {
            return if size == 8 { self.address(pointer) } else { None };
        }
        if !self.image.is_loaded(address) {
            return None;
        }
        let bytes = self.image.at(address).unwrap_or(&[]);
        let mut number = 0;
        for index in 0..size {
            // Behind what is in the file the loader makes zeros.
            let byte = match bytes.get(index) {
                Some(byte) => *byte,
                None if self.image.is_loaded(address.wrapping_add(index as u64)) => 0,
                None => return None,
            };
            number |= u64::from(byte) << (8 * index);
        }
        Some(number)
    }

    fn address(&self, pointer: Pointer<'_>) -> Known {
        match pointer {
            Pointer::Here(address) => Some(address),
            Pointer::Import(name) => {
                self.names.binary_search(&name).ok().map(|index| IMPORTS + index as u64 * 16)
            }
        }
    }

    /// The imported symbol that is said to be at an address.
    pub(super) fn imported(&self, address: u64) -> Option<&'a str> {
        let index = usize::try_from(address.checked_sub(IMPORTS)? / 16).ok()?;
        self.names.get(index).copied()
    }

    /// The text at an address, up to 256 bytes long.
    pub(super) fn text(&self, address: u64) -> Option<&'a str> {
        let bytes = self.image.at(address)?;
        let bytes = &bytes[..bytes.len().min(256)];
        let end = memchr::memchr(0, bytes)?;
        std::str::from_utf8(&bytes[..end]).ok()
    }
}
