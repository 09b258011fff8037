//! What other builds' records say, once they were judged: type records and who provides them.
//!
//! A [`Judged`] is made by [`Judged::check`], or of what the wheel's runtime answers, and by nothing else; a consumer remembers
//! no other records. A class is one interpreter's, so the records of several may stand together. Belongs to the type
//! contract.
//!
//! **Boundary**: records and texts of other builds are read here, under the threat model.

use core::ops::Deref;

#[cfg(feature = "static")]
use interbind_abi::check::{Wanted, check};
#[cfg(feature = "static")]
use interbind_abi::diff::Sink;
use interbind_abi::owner::{OWNER, OwnerRecord};
use interbind_abi::types::TypeRecord;
use interbind_abi::{Str, judge};
use interbind_structures::cache::Cache;
use interbind_structures::kept::Kept;

use crate::sync::Ordering;

/// A record that was judged for what its user expects. Records are never freed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged(&'static TypeRecord);

impl Judged {
    /// Steps 5 to 7, which need no Python; the header was judged before.
    #[cfg(feature = "static")]
    pub(crate) fn check(
        record: &'static TypeRecord,
        wanted: &Wanted<'_>,
        sink: Option<Sink<'_>>,
    ) -> Option<Self> {
        // SAFETY: threat model: texts and table of a record with a sound header are readable, or NULL, for ever.
        unsafe { check(record, wanted, sink) }.then_some(Self(record))
    }

    /// Takes over what was judged elsewhere.
    ///
    /// # Safety
    /// 1. The wheel's runtime judged the record for what its user expects.
    #[cfg(not(feature = "static"))]
    pub(crate) unsafe fn elsewhere(record: &'static TypeRecord) -> Self {
        Self(record)
    }

    /// The record.
    #[inline(always)]
    pub(crate) fn record(self) -> &'static TypeRecord {
        self.0
    }
}

impl Deref for Judged {
    type Target = TypeRecord;

    #[inline(always)]
    fn deref(&self) -> &TypeRecord {
        self.0
    }
}

/// The judged records that a call site remembers.
#[derive(Debug)]
pub(crate) struct Records(Cache<TypeRecord>);

impl Records {
    /// Remembers nothing yet.
    pub(crate) const fn new() -> Self {
        Self(Cache::new())
    }

    /// The record to try first.
    #[inline(always)]
    pub(crate) fn first(&self) -> Option<Judged> {
        self.0.first().map(Judged)
    }

    /// The three records to try next.
    #[inline(always)]
    pub(crate) fn second_to_fourth(&self) -> impl Iterator<Item = Judged> {
        self.0.second_to_fourth().map(Judged)
    }

    /// Every record.
    pub(crate) fn all(&self) -> impl Iterator<Item = Judged> {
        self.0.all().map(Judged)
    }

    /// Remembers one, in the place of one that is published no more.
    pub(crate) fn remember(&self, judged: Judged) {
        self.0.remember(judged.0, |other| other.py_type.load(Ordering::Relaxed).is_null());
    }
}

/// The judged record through which a consumer makes new objects.
#[derive(Debug)]
pub(crate) struct Pin(Kept<TypeRecord>);

impl Pin {
    /// Pins nothing yet.
    pub(crate) const fn new() -> Self {
        Self(Kept::new())
    }

    /// The record that is pinned.
    pub(crate) fn get(&self) -> Option<Judged> {
        self.0.get().map(Judged)
    }

    /// Pins another one.
    pub(crate) fn set(&self, judged: Judged) {
        self.0.set(judged.0);
    }
}

/// Reads another build's owner record: a placeholder when it is malformed.
#[inline(never)]
pub(crate) fn judged_owner(owner: *const OwnerRecord) -> &'static OwnerRecord {
    static UNKNOWN: OwnerRecord = {
        const QUESTION: Str = Str::new("?");
        OwnerRecord {
            header: OWNER.header::<OwnerRecord>(),
            name: QUESTION,
            version: QUESTION,
            file: QUESTION,
            platform: QUESTION,
            interbind: QUESTION,
            compiler: QUESTION,
        }
    };
    // SAFETY: threat model: the pointer is NULL or leads to a readable header; owner records live until the process ends.
    unsafe { judge(owner) }.unwrap_or(&UNKNOWN)
}

/// Reads a text of an owner record for messages; broken text shows as `?`.
#[inline(never)]
pub(crate) fn readable(text: &Str) -> &'static str {
    // SAFETY: the records that carry it were judged; their texts live until the process ends.
    unsafe { text.read() }.unwrap_or("?")
}
