//! From a foreign pointer to a reference: the one place where another build's record becomes readable.
//!
//! Called wherever a record of another library is met; belongs to the internals contract. Reads the sixteen bytes of the
//! header first and nothing behind them before they vouch for it. A record that passes has every field of this build's minor:
//! an older one is refused, so a field that it lacks is never read. The record of a build that knows less is served by an
//! older major, or by an accessor that asks its size.

use core::mem::size_of;
use core::ops::Range;

use crate::header::{Kind, Malformed, RecordHeader, first_null};
use crate::record::Frozen;

/// A frozen record that another library may hand over.
///
/// # Safety
/// 1. `KIND` is this record's own, and `KIND.sizes` ends with its size.
/// 2. `FUNCTIONS` covers every field of a type that can't be NULL.
pub unsafe trait Record: Frozen {
    /// Magic and version.
    const KIND: Kind;
    /// Where the pointers are that are never NULL.
    const FUNCTIONS: Range<usize>;
}

/// Judges a foreign record: address, magic, size, major, minor, functions.
///
/// # Errors
/// [`Malformed`], with the values of both sides.
///
/// # Safety
/// 1. The pointer is NULL, or the sixteen bytes behind it are readable, and with this record's magic so are `struct_size`
///    bytes, for `'a`.
/// 2. During `'a` nobody writes to the record but to its atomic fields.
pub unsafe fn judge<'a, R: Record>(record: *const R) -> Result<&'a R, Malformed> {
    if record.is_null() || !record.is_aligned() {
        let beyond = record.addr() % align_of::<u64>();
        return Err(Malformed::Address { beyond: beyond as u32 });
    }
    // SAFETY: duty 1; aligned.
    let header = unsafe { record.cast::<RecordHeader>().read() };
    R::KIND.check(&header)?;
    // What is smaller has fewer fields than a reference promises; `check` allows that for an older minor alone.
    if header.struct_size < size_of::<R>() as u32 {
        return Err(Malformed::Minor { found: header.minor, least: R::KIND.minor });
    }
    // SAFETY: duty 1: the header vouches for the whole record.
    if let Some(offset) = unsafe { first_null(record, R::FUNCTIONS) } {
        return Err(Malformed::Null { offset: offset as u32 });
    }
    // SAFETY: duties 1 and 2; aligned, whole, and no field is NULL that can't be.
    Ok(unsafe { &*record })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::record;

    record! {
        /// A record that has grown by a field.
        #[derive(Debug)]
        pub struct Grown [40, align 8] {
            /// The header.
            @0 "1.0" header: RecordHeader,
            /// A field of the first minor.
            @16 "1.0" first: u64,
            /// A function of the first minor.
            @24 "1.0" function: unsafe extern "C" fn(),
            /// A field of the second minor.
            @32 "1.1" second: u64,
        }
    }

    // SAFETY: (1) the kind below is `Grown`'s; (2) it has one function.
    unsafe impl Record for Grown {
        const KIND: Kind = Kind { magic: *b"ib.grown", major: 1, minor: 1, sizes: &[32, 40] };
        const FUNCTIONS: Range<usize> = 24..32;
    }

    /// Words, packed by hand: magic, size and version, then the fields.
    fn packed(size: u32, major: u16, minor: u16, function: u64) -> [u64; 5] {
        let version = u64::from(size) | u64::from(major) << 32 | u64::from(minor) << 48;
        [u64::from_ne_bytes(*b"ib.grown"), version, 7, function, 9]
    }

    fn judged(words: &[u64]) -> Result<u64, Malformed> {
        // SAFETY: (1) as many words as the sizes below say; (2) nobody writes.
        unsafe { judge::<Grown>(words.as_ptr().cast()) }.map(|record| record.second)
    }

    #[test]
    fn a_whole_record_is_readable_and_a_newer_one_too() {
        assert_eq!(judged(&packed(40, 1, 1, 8)), Ok(9));
        let mut newer = [0; 8];
        newer[..5].copy_from_slice(&packed(64, 1, 9, 8));
        assert_eq!(judged(&newer), Ok(9));
    }

    #[test]
    fn an_older_record_is_never_read_as_a_new_one() {
        // Cut off where its minor ends: miri would see a byte that is read behind it.
        assert_eq!(judged(&packed(32, 1, 0, 8)[..4]), Err(Malformed::Minor { found: 0, least: 1 }));
        // An older minor that is as large as ours says nothing of what stands there.
        assert_eq!(judged(&packed(24, 1, 0, 8)[..3]), Err(Malformed::Size { found: 24, least: 32 }));
    }

    #[test]
    fn a_function_that_is_null_is_found_before_a_reference_is_made() {
        assert_eq!(judged(&packed(40, 1, 1, 0)), Err(Malformed::Null { offset: 24 }));
    }

    #[test]
    fn null_and_crooked_addresses_are_not_followed() {
        let words = packed(40, 1, 1, 8);
        // SAFETY: (1) NULL.
        let null = unsafe { judge::<Grown>(core::ptr::null()) }.map(|_| ());
        assert_eq!(null, Err(Malformed::Address { beyond: 0 }));
        // SAFETY: (1) readable; it isn't even looked at.
        let crooked =
            unsafe { judge::<Grown>(words.as_ptr().cast::<Grown>().wrapping_byte_add(4)) }.map(|_| ());
        assert_eq!(crooked, Err(Malformed::Address { beyond: 4 }));
    }
}
