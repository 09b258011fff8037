//! Text and bytes that have been written, by their content: which of two equal ones Python has kept once doesn't count.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::python::{Object, Owned, Raised, Result};

/// Passes on the hash that Python has computed, and keeps in the object.
#[derive(Default)]
struct Given(u64);

impl Hasher for Given {
    fn finish(&self) -> u64 {
        // The lowest bits choose the place, the highest ones the tag: both should come from all of them.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

struct Atom {
    object: Owned,
    hash: u64,
}

impl Hash for Atom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for Atom {
    fn eq(&self, other: &Self) -> bool {
        if self.object.is(&other.object) {
            return true;
        }
        // Exact `str` and `bytes`: comparing them runs nobody's code.
        self.hash == other.hash
            && self.object.type_ptr() == other.object.type_ptr()
            && self.object.equals(&other.object).map_err(Raised::dismiss).unwrap_or(false)
    }
}

impl Eq for Atom {}

/// The numbers of text and bytes.
#[derive(Default)]
pub(crate) struct Atoms(HashMap<Atom, usize, BuildHasherDefault<Given>>);

impl Atoms {
    fn atom(object: &Object) -> Result<Atom> {
        Ok(Atom { hash: object.hash()?, object: object.own() })
    }

    /// The number of something equal.
    pub(crate) fn get(&self, object: &Object) -> Option<usize> {
        if self.0.is_empty() {
            return None;
        }
        match Self::atom(object) {
            Ok(atom) => self.0.get(&atom).copied(),
            Err(raised) => {
                raised.dismiss();
                None
            }
        }
    }

    /// Remembers a number.
    pub(crate) fn put(&mut self, object: &Object, number: usize) -> Result<()> {
        // A code object has some of them.
        let room = if self.0.is_empty() { 14 } else { 1 };
        self.0.try_reserve(room).map_err(|_| Raised::memory())?;
        self.0.insert(Self::atom(object)?, number);
        Ok(())
    }

    /// Keeps those below a number.
    pub(crate) fn keep_below(&mut self, number: usize) {
        self.0.retain(|_, known| *known < number);
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
