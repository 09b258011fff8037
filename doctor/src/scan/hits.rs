//! The places where fingerprints were found.

use crate::frameworks::{FINGERPRINTS, THIS_TABLE};
use crate::needs::MARKS;
use crate::partners;

/// Everything that is looked for, by name: the frameworks' fingerprints, then what tells of compilers and protocols.
pub(super) fn patterns() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let fingerprints = FINGERPRINTS.iter().map(|fingerprint| (fingerprint.name, fingerprint.bytes));
    fingerprints.chain(MARKS.iter().copied()).chain(partners::MARKS.iter().copied())
}

/// The places where each fingerprint was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// One list for each fingerprint, in their order.
    pub(super) places: Vec<Vec<u64>>,
    /// Whether any list was cut.
    pub(super) cut: bool,
}

impl Hits {
    /// Where the fingerprint of this name was found, in the file's order; offsets of its first byte. At most
    /// [`MOST_OF_ONE`](super::MOST_OF_ONE) places are kept.
    ///
    /// # Panics
    /// No fingerprint has this name: a mistake in our own code, which every test that meets it shows.
    pub fn of(&self, name: &str) -> &[u64] {
        let index = patterns().position(|(known, _)| known == name);
        let index = index.unwrap_or_else(|| panic!("there is no fingerprint `{name}`"));
        self.places.get(index).map_or(&[], Vec::as_slice)
    }

    /// Whether the fingerprint of this name was found at all.
    pub fn has(&self, name: &str) -> bool {
        !self.of(name).is_empty()
    }

    /// Whether the file holds the table of fingerprints itself, so that each of them was found and none tells anything.
    pub fn of_the_table(&self) -> bool {
        self.has(THIS_TABLE)
    }

    /// The same hits, unless they are [of the table](Self::of_the_table): then those alone that nothing but our own layer has.
    pub fn telling(mut self) -> Self {
        if self.of_the_table() {
            for ((name, _), places) in patterns().zip(&mut self.places) {
                if !["interbind-key", THIS_TABLE].contains(&name) {
                    places.clear();
                }
            }
        }
        self
    }

    /// Whether there were more places than are kept.
    pub fn cut(&self) -> bool {
        self.cut
    }
}
