//! The judged records that a consumer remembers. A class is one interpreter's, so those of several may stand together.

use interbind_abi::types::TypeRecord;
use interbind_structures::cache::Cache;

use crate::fits::Fitting;
use crate::sync::Ordering;

/// Judged records, which are never freed.
#[derive(Debug)]
pub(crate) struct Records(Cache<TypeRecord>);

impl Records {
    /// Remembers nothing yet.
    pub(crate) const fn new() -> Self {
        Self(Cache::new())
    }

    /// The record to try first.
    #[inline(always)]
    pub(crate) fn first(&self) -> Option<&'static TypeRecord> {
        // SAFETY: only judged records are remembered, and records are never freed.
        unsafe { self.0.first().as_ref() }
    }

    /// Every record.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static TypeRecord> {
        // SAFETY: as above.
        self.0.all().map(|record| unsafe { &*record })
    }

    /// Remembers one, in the place of one that is published no more.
    pub(crate) fn remember(&self, judged: Fitting<'_>) {
        // SAFETY: as above.
        self.0
            .remember(judged.record(), |other| unsafe { &*other }.py_type.load(Ordering::Relaxed).is_null());
    }
}
