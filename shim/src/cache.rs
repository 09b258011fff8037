//! The call-site cache: which records were judged for this consumer and type.
//!
//! One word is read on a hit: an atomic pointer to a judged record, whose key is the record's own `py_type`, so nothing
//! can tear. More words serve a site that sees several providers in turn. Only records are remembered, never a subclass
//! and never a refusal: a subclass may die and its address come back as another type, a record never does.
//! Knows nothing of Python; modelled with loom in `tests/`.

use core::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// How many records a site remembers: classes that are published as one type are few.
const PLACES: usize = 8;

/// Remembers up to eight records of `R`, which live for ever.
#[derive(Debug)]
pub(crate) struct Cache<R> {
    /// Taken from the front; a place never becomes empty again.
    places: [AtomicPtr<R>; PLACES],
}

impl<R> Cache<R> {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self { places: [const { AtomicPtr::new(ptr::null_mut()) }; PLACES] }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self { places: core::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())) }
    }

    /// Returns the record to try first, or NULL.
    #[inline(always)]
    pub(crate) fn first(&self) -> *const R {
        self.places[0].load(Ordering::Acquire)
    }

    /// Returns the records to try before judging anew.
    pub(crate) fn all(&self) -> impl Iterator<Item = *const R> {
        let places = self.places.iter().map(|place| place.load(Ordering::Acquire).cast_const());
        places.take_while(|record| !record.is_null())
    }

    /// Remembers a record that was judged; `is_dead` says which remembered one may be forgotten for it.
    ///
    /// With all places taken by living records the last is replaced.
    pub(crate) fn remember(&self, judged: *const R, is_dead: impl Fn(*const R) -> bool) {
        let judged = judged.cast_mut();
        let Some((last, places)) = self.places.split_last() else { return };
        for place in places {
            let found = place.load(Ordering::Acquire);
            if found == judged {
                return;
            }
            if found.is_null() || is_dead(found) {
                let set = place.compare_exchange(found, judged, Ordering::Release, Ordering::Relaxed);
                // Whoever was faster may have judged another record: that one stays, ours goes to the next place.
                if set.is_ok() || set == Err(judged) {
                    return;
                }
            }
        }
        last.store(judged, Ordering::Release);
    }
}

/// What a consumer keeps for each type that it consumes; `module!` makes one static of it per type.
#[cfg(not(loom))]
#[derive(Debug)]
pub struct Site {
    /// Judged records.
    pub(crate) records: Cache<interbind_abi::types::TypeRecord>,
    /// The registry's list of the type's name, once asked for.
    pub(crate) list: AtomicPtr<interbind_abi::types::registry::TypeList>,
    /// The record through which new objects are made, pinned at first use.
    pub(crate) maker: AtomicPtr<interbind_abi::types::TypeRecord>,
}

#[cfg(not(loom))]
impl Site {
    /// Makes an empty site.
    #[allow(clippy::new_without_default, reason = "made by `module!` only")]
    pub const fn new() -> Self {
        Self {
            records: Cache::new(),
            list: AtomicPtr::new(ptr::null_mut()),
            maker: AtomicPtr::new(ptr::null_mut()),
        }
    }
}
