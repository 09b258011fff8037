//! A hash table of small things that know their own hash: open addressing, linear probing, no tombstones.
//!
//! Used for names of types, wrapped pointers and nurses. Several things of one hash may be in it; the caller says which
//! one is meant. At most three quarters full, so an entry takes 4/3 to 8/3 of its size. Knows nothing of Python, calls
//! nothing but the things' own `hash`, and can't fail but for want of memory.

/// What stands in a [`Table`].
pub trait Hashed {
    /// A hash whose upper bits are good; [`hash_address`] and [`hash_text`] make some.
    fn hash(&self) -> u64;
}

/// A table of `T`; `Option<T>` should be no larger than `T`.
#[derive(Debug)]
pub struct Table<T> {
    /// As many as a power of two, or none.
    places: Box<[Option<T>]>,
    /// Bits of a hash below those that choose a place.
    shift: u32,
    len: usize,
}

/// There is no memory for a larger table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

const SMALLEST: usize = 8;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { places: Box::new([]), shift: 63, len: 0 }
    }
}

impl<T: Hashed> Table<T> {
    /// How many things there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Tells whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where a thing of that hash belongs; the table isn't empty.
    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        // The uppermost bits of a multiplied hash are the good ones; there are fewer than 2^63 places.
        (hash >> self.shift) as usize & (self.places.len() - 1)
    }

    #[inline(always)]
    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }

    /// Finds the first thing of that hash that `wanted` accepts, and its place.
    #[inline(always)]
    fn search(&self, hash: u64, mut wanted: impl FnMut(&T) -> bool) -> Option<(usize, &T)> {
        if self.len == 0 {
            return None;
        }
        let mut place = self.home(hash);
        // Ends: a quarter of the places is empty.
        while let Some(thing) = &self.places[place] {
            if wanted(thing) {
                return Some((place, thing));
            }
            place = self.after(place);
        }
        None
    }

    /// Finds the first thing of that hash that `wanted` accepts; it is asked about others too, about each once.
    #[inline(always)]
    pub fn find(&self, hash: u64, wanted: impl FnMut(&T) -> bool) -> Option<&T> {
        self.search(hash, wanted).map(|(_, thing)| thing)
    }

    /// As [`find`](Self::find), to change it; its hash must stay what it is.
    pub fn find_mut(&mut self, hash: u64, wanted: impl FnMut(&T) -> bool) -> Option<&mut T> {
        let (place, _) = self.search(hash, wanted)?;
        self.places[place].as_mut()
    }

    /// Calls `visit` with each thing that may have that hash.
    pub fn each(&self, hash: u64, mut visit: impl FnMut(&T)) {
        self.search(hash, |thing| {
            visit(thing);
            false
        });
    }

    /// Everything, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten()
    }

    /// Adds a thing, whatever else is there.
    ///
    /// # Errors
    /// [`Full`]; nothing has changed.
    #[inline]
    pub fn add(&mut self, thing: T) -> Result<(), Full> {
        self.reserve()?;
        self.len += 1;
        self.put(thing);
        Ok(())
    }

    /// Adds a thing, unless there is one of its hash that `same` accepts; false then.
    ///
    /// # Errors
    /// [`Full`]; nothing has changed.
    #[inline(always)]
    pub fn add_unless(&mut self, thing: T, same: impl Fn(&T) -> bool) -> Result<bool, Full> {
        self.reserve()?;
        let mut place = self.home(thing.hash());
        while let Some(other) = &self.places[place] {
            if same(other) {
                return Ok(false);
            }
            place = self.after(place);
        }
        self.places[place] = Some(thing);
        self.len += 1;
        Ok(true)
    }

    /// Makes room for one more, so that the next [`add`](Self::add) can't fail.
    ///
    /// # Errors
    /// [`Full`]; nothing has changed.
    #[inline(always)]
    pub fn reserve(&mut self) -> Result<(), Full> {
        if self.len >= self.places.len() / 4 * 3 { self.grow() } else { Ok(()) }
    }

    /// Writes a thing to the first empty place from its home on; there is one.
    #[inline(always)]
    fn put(&mut self, thing: T) {
        let mut place = self.home(thing.hash());
        while self.places[place].is_some() {
            place = self.after(place);
        }
        self.places[place] = Some(thing);
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> Result<(), Full> {
        let size = (self.places.len() * 2).max(SMALLEST);
        let mut places = Vec::new();
        places.try_reserve_exact(size).map_err(|_| Full)?;
        places.resize_with(size, || None);
        self.shift = 64 - size.trailing_zeros();
        let before = core::mem::replace(&mut self.places, places.into_boxed_slice());
        for thing in before.into_iter().flatten() {
            self.put(thing);
        }
        Ok(())
    }

    /// Takes the first thing of that hash that `wanted` accepts out.
    #[inline]
    pub fn remove(&mut self, hash: u64, wanted: impl FnMut(&T) -> bool) -> Option<T> {
        let (hole, _) = self.search(hash, wanted)?;
        let taken = self.places[hole].take();
        self.close(hole);
        taken
    }

    /// As [`remove`](Self::remove), where nobody wants what was taken; false when there was none.
    #[inline(always)]
    pub fn discard(&mut self, hash: u64, wanted: impl FnMut(&T) -> bool) -> bool {
        let Some((hole, _)) = self.search(hash, wanted) else { return false };
        self.places[hole] = None;
        self.close(hole);
        true
    }

    /// Fills the hole that something left behind.
    #[inline(always)]
    fn close(&mut self, mut hole: usize) {
        self.len -= 1;
        // Whatever was pushed past the hole moves up, so that no search ends at it.
        let mut place = self.after(hole);
        while let Some(thing) = &self.places[place] {
            let mask = self.places.len() - 1;
            let (home, from_hole) = (self.home(thing.hash()), place.wrapping_sub(hole) & mask);
            if place.wrapping_sub(home) & mask >= from_hole {
                self.places[hole] = self.places[place].take();
                hole = place;
            }
            place = self.after(place);
        }
    }
}

/// Hashes an address: by Fibonacci's multiplication, whose uppermost bits are what [`Table`] uses.
#[inline(always)]
pub fn hash_address(address: usize) -> u64 {
    (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Hashes a text, by FNV-1a and a last multiplication.
#[inline]
pub fn hash_text(text: &str) -> u64 {
    let hash = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    hash_address(hash as usize)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{Hashed, Table, hash_address, hash_text};

    /// A thing whose hash the test chooses.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Thing {
        hash: u64,
        name: u32,
    }

    impl Hashed for Thing {
        fn hash(&self) -> u64 {
            self.hash
        }
    }

    #[test]
    fn a_table_agrees_with_a_list_after_any_sequence_of_additions_and_removals() {
        // Few hashes, so that runs are long, wrap around the end and share homes.
        for spread in [1, 3, 40, 100_000] {
            let (mut table, mut list) = (Table::default(), Vec::<Thing>::new());
            let mut state = 1_u64;
            // Under miri each step costs a thousand times as much.
            for name in 0..if cfg!(miri) { 150 } else { 4000 } {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                if state >> 33 & 3 == 0 && !list.is_empty() {
                    let gone = list.swap_remove((state >> 40) as usize % list.len());
                    assert_eq!(table.remove(gone.hash, |thing| *thing == gone), Some(gone));
                    assert_eq!(table.remove(gone.hash, |thing| *thing == gone), None);
                } else if list.len() < 300 || spread > 100 {
                    let thing = Thing { hash: ((state >> 33) % spread) << 47, name };
                    assert!(table.add(thing).is_ok());
                    list.push(thing);
                }
                assert_eq!(table.len(), list.len());
            }
            for thing in &list {
                assert_eq!(table.find(thing.hash, |found| found == thing), Some(thing));
                let same = Cell::new(0);
                table.each(thing.hash, |found| same.set(same.get() + usize::from(found.hash == thing.hash)));
                assert_eq!(same.get(), list.iter().filter(|other| other.hash == thing.hash).count());
            }
            assert_eq!(table.iter().count(), list.len());
        }
    }

    #[test]
    fn an_empty_table_takes_no_memory_and_finds_nothing() {
        let mut table = Table::<Thing>::default();
        assert_eq!((table.len(), table.iter().count()), (0, 0));
        assert_eq!(table.find(0, |_| true), None);
        assert_eq!(table.remove(0, |_| true), None);
    }

    #[test]
    fn a_reserved_place_is_enough_for_one_more() {
        let mut table = Table::default();
        for name in 0..100 {
            assert!(table.reserve().is_ok());
            assert!(table.add(Thing { hash: u64::from(name) << 57, name }).is_ok());
        }
        assert_eq!(table.len(), 100);
    }

    #[test]
    fn addresses_a_power_of_two_apart_have_homes_of_their_own() {
        for step in [8_usize, 16, 48, 64, 4096, 1 << 20] {
            let mut homes: Vec<_> = (1..=1024_usize).map(|i| hash_address(i * step) >> 53).collect();
            homes.sort_unstable();
            homes.dedup();
            assert!(homes.len() > 1024 / 2, "{step}: {}", homes.len());
        }
        assert_ne!(hash_text("org.frame.Point"), hash_text("org.frame.Points"));
    }
}
