//! Maps by address. Addresses are no one's to choose, so they need no hash that withstands an attack.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A map whose keys are addresses.
pub(crate) type Addresses<T> = HashMap<usize, T, BuildHasherDefault<Spread>>;
/// A set of addresses.
pub(crate) type AddressSet = HashSet<usize, BuildHasherDefault<Spread>>;

/// Spreads an address over all bits: its lowest are always zero.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, address: usize) {
        let mixed = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
