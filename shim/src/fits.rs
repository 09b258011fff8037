//! Whether a class fits a published record: what a hit is, and what each provider asks of the objects that it lends.

use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::FLAG_OUTRANKED;

use crate::ffi::PyObject;
use crate::ffi::live::{Class, Live};
use crate::judged::Judged;
use crate::sync::Ordering;

/// An object with the record that was judged for it, and that its class fits: what may be borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Fitting<'a> {
    record: Judged,
    object: Live<'a>,
}

impl<'a> Fitting<'a> {
    /// The pair, if the object's class is the record's type, or inherits from it and is nobody else's.
    #[inline(always)]
    pub(crate) fn of(record: Judged, object: Live<'a>) -> Option<Self> {
        fits(&record, object.class()).then_some(Self { record, object })
    }

    /// The pair, if the object's class is the record's type itself.
    #[inline(always)]
    pub(crate) fn exact(record: Judged, object: Live<'a>) -> Option<Self> {
        is_type(&record, object.class()).then_some(Self { record, object })
    }

    /// The pair, if the object's class is the record's type or inherits from it; whether another record is nearer was asked.
    pub(crate) fn nearest(record: Judged, object: Live<'a>) -> Option<Self> {
        inherits(&record, object.class()).then_some(Self { record, object })
    }

    /// The record.
    #[inline(always)]
    pub(crate) fn record(self) -> &'static TypeRecord {
        self.record.record()
    }

    /// The object.
    #[inline(always)]
    pub(crate) fn object(self) -> Live<'a> {
        self.object
    }
}

/// Tells whether a class is the record's type, or inherits from it and is nobody else's.
#[inline(always)]
fn fits(record: &TypeRecord, class: Class<'_>) -> bool {
    is_type(record, class)
        || record.flags.load(Ordering::Relaxed) & FLAG_OUTRANKED == 0 && inherits(record, class)
}

/// Tells whether a class is the record's type or inherits from it.
///
/// While an address is in a record, the registry's anchor owns the type at it, so no other one has it.
#[inline(always)]
pub(crate) fn inherits(record: &TypeRecord, class: Class<'_>) -> bool {
    class.inherits(registered(record))
}

/// Tells whether a class is the record's type itself.
#[inline(always)]
pub(crate) fn is_type(record: &TypeRecord, class: Class<'_>) -> bool {
    class.is(registered(record))
}

/// The address of the record's type; NULL when it isn't published.
#[inline(always)]
pub(crate) fn registered(record: &TypeRecord) -> *mut PyObject {
    record.py_type.load(Ordering::Acquire).cast()
}
