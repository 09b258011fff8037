//! The call-site cache: which record was judged for this consumer and type.
//!
//! One word is read on a hit: an atomic pointer to the judged record, whose key is the record's own `py_type`, so
//! nothing can tear. A second word serves a site that sees two providers in turn. Only records are remembered, never a
//! subclass and never a refusal: a subclass may die and its address come back as another type, a record never does.
//! Knows nothing of Python; modelled with loom in `tests/`.

use core::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// Remembers up to two records of `R`; both live for ever.
#[derive(Debug)]
pub(crate) struct Cache<R> {
    first: AtomicPtr<R>,
    second: AtomicPtr<R>,
}

impl<R> Cache<R> {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self { first: AtomicPtr::new(ptr::null_mut()), second: AtomicPtr::new(ptr::null_mut()) }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self { first: AtomicPtr::new(ptr::null_mut()), second: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Returns the record to try first, or NULL.
    #[inline(always)]
    pub(crate) fn first(&self) -> *const R {
        self.first.load(Ordering::Acquire)
    }

    /// Returns the record to try before judging anew, or NULL.
    pub(crate) fn second(&self) -> *const R {
        self.second.load(Ordering::Acquire)
    }

    /// Remembers a record that was judged; `is_dead` says which remembered one may be forgotten for it.
    ///
    /// With both words taken by living records the second is replaced.
    pub(crate) fn remember(&self, judged: *const R, is_dead: impl Fn(*const R) -> bool) {
        let judged = judged.cast_mut();
        let empty = |word: *mut R| word.is_null() || is_dead(word);
        let first = self.first.load(Ordering::Acquire);
        if first == judged {
            return;
        }
        if empty(first) {
            let set = self.first.compare_exchange(first, judged, Ordering::Release, Ordering::Relaxed);
            // Whoever was faster may have judged another record: that one stays, ours goes to the second word.
            if set.is_ok() || set == Err(judged) {
                return;
            }
        }
        self.second.store(judged, Ordering::Release);
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
