//! What has been written, by its content: text, bytes, and tuples of atoms. Which of two equal ones Python has kept once doesn't
//! count. They are compared as they are, bit by bit; nothing is hashed but for a place in the table.

use crate::python::{Kind, Object, Owned, Raised, Result};
use crate::room::Room as _;
use crate::writer::session::Session;

/// How deep tuples may lie in a tuple that is compared by its content.
pub(super) const FLAT: u32 = 2;

struct Entry {
    hash: u64,
    object: Owned,
    number: usize,
}

/// A hash table from objects to their numbers.
#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    /// The places of entries, from 1 on; 0 is free. A power of two, or nothing.
    places: Vec<u32>,
}

impl Table {
    /// Where an object is in `places`, or where it would be.
    #[inline]
    fn place(&self, hash: u64, is: impl Fn(&Object) -> bool) -> usize {
        let mask = self.places.len() - 1;
        // The highest bits come from all of them.
        let mut at = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while let Some(entry) = self.at(at) {
            if entry.hash == hash && is(&entry.object) {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    #[inline]
    fn at(&self, place: usize) -> Option<&Entry> {
        self.entries.get((self.places[place] as usize).wrapping_sub(1))
    }

    #[inline]
    fn get(&self, hash: u64, is: impl Fn(&Object) -> bool) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        self.at(self.place(hash, is)).map(|entry| entry.number)
    }

    /// Remembers a number, unless something equal has one.
    #[inline]
    fn put(&mut self, hash: u64, object: &Object, number: usize, is: impl Fn(&Object) -> bool) -> Result<()> {
        if (self.entries.len() + 1) * 3 > self.places.len() * 2 {
            self.grow()?;
        }
        let place = self.place(hash, is);
        if self.places[place] == 0 {
            if self.entries.len() == self.entries.capacity() {
                self.entries.try_reserve(1).map_err(|_| Raised::memory())?;
            }
            self.entries.room()?.push(Entry { hash, object: object.own(), number });
            self.places[place] = self.entries.len() as u32;
        }
        Ok(())
    }

    #[cold]
    fn grow(&mut self) -> Result<()> {
        // A dump of one function needs some thirty.
        let length = if self.places.is_empty() { 64 } else { self.places.len() * 4 };
        if u32::try_from(length).is_err() {
            return Err(Raised::memory());
        }
        let mut places = Vec::new();
        places.try_reserve_exact(length).map_err(|_| Raised::memory())?;
        places.resize(length, 0);
        if self.entries.is_empty() {
            self.entries.try_reserve_exact(length * 2 / 3).map_err(|_| Raised::memory())?;
        }
        self.places = places;
        for number in 1..=self.entries.len() {
            // No two of them are equal.
            let place = self.place(self.entries[number - 1].hash, |_| false);
            self.places[place] = number as u32;
        }
        Ok(())
    }

    fn keep_below(&mut self, number: usize) {
        let before = core::mem::take(&mut self.entries);
        self.places = Vec::new();
        for entry in before.into_iter().filter(|entry| entry.number < number) {
            // Without memory, it goes: a number too few is a longer stream.
            if self.put(entry.hash, &entry.object, entry.number, |_| false).is_err() {
                break;
            }
        }
    }
}

/// The numbers of text, bytes and tuples of atoms.
#[derive(Default)]
pub(crate) struct Atoms(Table);

impl Atoms {
    /// The number of equal text or bytes.
    #[inline]
    pub(crate) fn get(&self, object: &Object) -> Option<usize> {
        if self.0.entries.is_empty() {
            return None;
        }
        match object.hash() {
            Ok(hash) => self.0.get(hash, |known| same_atom(known, object)),
            Err(raised) => {
                raised.dismiss();
                None
            }
        }
    }

    /// Remembers the number of text or bytes, unless something equal has one.
    #[inline]
    pub(crate) fn put(&mut self, object: &Object, number: usize) -> Result<()> {
        self.0.put(object.hash()?, object, number, |known| same_atom(known, object))
    }

    /// The number of an equal tuple of atoms.
    pub(crate) fn get_flat(&self, tuple: &Object) -> Option<usize> {
        self.0.get(fingerprint(tuple, FLAT), |known| same_flat(known, tuple, FLAT))
    }

    /// Remembers the number of a tuple of atoms, unless an equal one has one.
    pub(crate) fn put_flat(&mut self, tuple: &Object, number: usize) -> Result<()> {
        self.0.put(fingerprint(tuple, FLAT), tuple, number, |known| same_flat(known, tuple, FLAT))
    }

    /// Keeps those below a number.
    pub(crate) fn keep_below(&mut self, number: usize) {
        self.0.keep_below(number);
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0 = Table::default();
    }
}

/// Exact `str`, `bytes` and numbers: comparing them runs nobody's code.
#[inline]
fn same_atom(one: &Object, other: &Object) -> bool {
    one.is(other)
        || one.type_ptr() == other.type_ptr()
            && match one.kind() {
                Kind::Float => one.float().to_bits() == other.float().to_bits(),
                // Tuples of names, which code objects have.
                Kind::Text | Kind::Bytes | Kind::Int | Kind::Tuple => {
                    one.equals(other).map_err(Raised::dismiss).unwrap_or(false)
                }
                // There is one of it.
                _ => false,
            }
}

/// Mixes what is equal where tuples are.
pub(super) fn fingerprint(tuple: &Object, depth: u32) -> u64 {
    let mut mixed = tuple.tuple_len() as u64;
    for item in (0..tuple.tuple_len()).filter_map(|at| tuple.tuple_item(at)) {
        let next = match item.kind() {
            Kind::Text | Kind::Bytes | Kind::Int => item.hash().map_err(Raised::dismiss).unwrap_or_default(),
            Kind::Float => item.float().to_bits(),
            Kind::Tuple if depth > 0 => fingerprint(item, depth - 1),
            _ if item.is_none() || item.is_true() || item.is_false() => item.ptr().addr() as u64,
            _ => 1,
        };
        mixed = mix(mixed, next);
    }
    mixed
}

pub(super) fn mix(mixed: u64, next: u64) -> u64 {
    (mixed.rotate_left(5) ^ next).wrapping_mul(0x517c_c1b7_2722_0a95)
}

fn same_flat(one: &Object, other: &Object, depth: u32) -> bool {
    let length = one.tuple_len();
    one.is(other)
        || one.kind() == Kind::Tuple
            && other.kind() == Kind::Tuple
            && length == other.tuple_len()
            && (0..length).all(|at| match (one.tuple_item(at), other.tuple_item(at)) {
                (Some(one), Some(other)) => {
                    if one.kind() == Kind::Tuple {
                        one.is(other) || depth > 0 && same_flat(one, other, depth - 1)
                    } else {
                        same_atom(one, other)
                    }
                }
                _ => false,
            })
}

/// The numbers of code objects.
#[derive(Default)]
pub(crate) struct Codes(Table);

impl Codes {
    /// Those that may be equal, with their numbers.
    fn like(&self, hash: u64) -> Vec<(Owned, usize)> {
        let mut found = Vec::new();
        if self.0.entries.is_empty() {
            return found;
        }
        let mask = self.0.places.len() - 1;
        let mut at = self.0.place(hash, |_| true);
        while let Some(entry) = self.0.at(at) {
            if entry.hash == hash {
                found.push((entry.object.clone(), entry.number));
            }
            at = (at + 1) & mask;
        }
        found
    }

    /// Keeps those below a number.
    pub(crate) fn keep_below(&mut self, number: usize) {
        self.0.keep_below(number);
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0 = Table::default();
    }
}

impl Session<'_> {
    /// The number of an equal code object.
    pub(in crate::writer) fn known_code(&mut self, code: &Object) -> Result<Option<usize>> {
        if self.memo.codes.0.entries.is_empty() {
            return Ok(None);
        }
        let facts = self.facts(code)?;
        for (known, number) in self.memo.codes.like(self.code_fingerprint(&facts)?) {
            if known.is(code) {
                return Ok(Some(number));
            }
            let (one, other) = (self.value(&known)?, self.value(code)?);
            if one.is_some() && one == other {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Remembers the number of a code object.
    pub(in crate::writer) fn put_code(&mut self, code: &Object, number: usize) -> Result<()> {
        let facts = self.facts(code)?;
        let hash = self.code_fingerprint(&facts)?;
        self.memo.codes.0.put(hash, code, number, |known| known.is(code))
    }
}
