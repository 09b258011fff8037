//! A hash table of small things that know their own hash: open addressing, linear probing, no tombstones.
//!
//! Used for names of types, wrapped pointers and nurses. Several things of one hash may be in it; whoever looks says which
//! one is meant. At most three quarters full, so an entry takes 4/3 to 8/3 of its size. Knows nothing of Python, calls
//! nothing but the things' own `hash`, and can't fail but for want of memory.

/// What stands in a [`Table`].
pub(crate) trait Hashed {
    /// A hash whose upper bits are good; [`hash_address`] and [`hash_text`] make some.
    fn hash(&self) -> u64;
}

/// A table of `T`; `Option<T>` should be no larger than `T`.
#[derive(Debug)]
pub(crate) struct Table<T> {
    /// As many as a power of two, or none.
    places: Box<[Option<T>]>,
    /// Bits of a hash below those that choose a place.
    shift: u32,
    len: usize,
}

/// There is no memory for a larger table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

const SMALLEST: usize = 8;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { places: Box::new([]), shift: 63, len: 0 }
    }
}

impl<T: Hashed> Table<T> {
    /// How many things there are.
    pub(crate) fn len(&self) -> usize {
        self.len
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
    pub(crate) fn find(&self, hash: u64, wanted: impl FnMut(&T) -> bool) -> Option<&T> {
        self.search(hash, wanted).map(|(_, thing)| thing)
    }

    /// As [`find`](Self::find), to change it; its hash must stay what it is.
    pub(crate) fn find_mut(&mut self, hash: u64, wanted: impl FnMut(&T) -> bool) -> Option<&mut T> {
        let (place, _) = self.search(hash, wanted)?;
        self.places[place].as_mut()
    }

    /// Calls `visit` with each thing that may have that hash.
    pub(crate) fn each(&self, hash: u64, mut visit: impl FnMut(&T)) {
        self.search(hash, |thing| {
            visit(thing);
            false
        });
    }

    /// Everything, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten()
    }

    /// Adds a thing, whatever else is there.
    ///
    /// # Errors
    /// [`Full`]; nothing has changed.
    #[inline]
    pub(crate) fn add(&mut self, thing: T) -> Result<(), Full> {
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
    pub(crate) fn add_unless(&mut self, thing: T, same: impl Fn(&T) -> bool) -> Result<bool, Full> {
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
    pub(crate) fn reserve(&mut self) -> Result<(), Full> {
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
    pub(crate) fn remove(&mut self, hash: u64, wanted: impl FnMut(&T) -> bool) -> Option<T> {
        let (hole, _) = self.search(hash, wanted)?;
        let taken = self.places[hole].take();
        self.close(hole);
        taken
    }

    /// As [`remove`](Self::remove), where nobody wants what was taken; false when there was none.
    #[inline(always)]
    pub(crate) fn discard(&mut self, hash: u64, wanted: impl FnMut(&T) -> bool) -> bool {
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
pub(crate) fn hash_address(address: usize) -> u64 {
    (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Hashes a text, by FNV-1a and a last multiplication.
pub(crate) fn hash_text(text: &str) -> u64 {
    let hash = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    hash_address(hash as usize)
}
