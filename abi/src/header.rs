//! The sixteen bytes that start every record, and the plausibility check that comes before any other read.
//!
//! Read by every participant on every record of another build; belongs to the internals contract. Must never look
//! at a byte behind the header: `struct_size` decides what may be read, `minor` what it means.

use core::fmt;
use core::mem::size_of;
use core::ops::Range;

use crate::record::record;

/// Eight bytes that tell the kinds of records apart; one per kind, so that no record passes as another.
pub type Magic = [u8; 8];

/// The largest plausible `struct_size`, in bytes.
pub const MAX_STRUCT_SIZE: u32 = 64 * 1024;

record! {
    /// Starts every record that another library can reach.
    ///
    /// # ABI
    /// Frozen for ever on every target. Written before publication, read-only after.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RecordHeader [16, align 4, pod] {
        /// The kind's own magic; anything else is not ours.
        @0  "1.0" magic: [u8; 8],
        /// Bytes that the maker wrote, header included.
        @8  "1.0" struct_size: u32,
        /// Of another major only the frozen head may be read.
        @12 "1.0" major: u16,
        /// A higher minor only appends.
        @14 "1.0" minor: u16,
    }
}

/// What one side knows of a record kind: its magic, its version, and how large each minor is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The kind's magic.
    pub magic: Magic,
    /// Our major.
    pub major: u16,
    /// Our minor.
    pub minor: u16,
    /// `sizes[m]` is the size in bytes of minor `m` of our major; the last entry is ours.
    pub sizes: &'static [u32],
}

impl Kind {
    /// Makes the header of a record of this kind that is `R`.
    pub const fn header<R>(&self) -> RecordHeader {
        RecordHeader {
            magic: self.magic,
            struct_size: size_of::<R>() as u32,
            major: self.major,
            minor: self.minor,
        }
    }

    /// Judges a foreign header: magic, then size, then major. An older minor passes, with the size that it had: of such a
    /// record only its own minor's fields may be read. [`judge`](crate::judge::judge) refuses it.
    ///
    /// # Errors
    /// [`Malformed`], with the values of both sides.
    pub fn check(&self, header: &RecordHeader) -> Result<(), Malformed> {
        if header.magic != self.magic {
            return Err(Malformed::Magic { found: header.magic, expected: self.magic });
        }
        if header.struct_size > MAX_STRUCT_SIZE || header.struct_size % 8 != 0 || header.struct_size < 16 {
            return Err(Malformed::Size { found: header.struct_size, least: 16 });
        }
        if header.major != self.major {
            return Err(Malformed::Major { found: header.major, expected: self.major });
        }
        let known = usize::from(header.minor.min(self.minor));
        let least = self.sizes.get(known).copied().unwrap_or(MAX_STRUCT_SIZE);
        if header.struct_size < least {
            return Err(Malformed::Size { found: header.struct_size, least });
        }
        Ok(())
    }
}

/// Finds the first pointer between two offsets of a record that is NULL.
///
/// Asked before a reference to a record is made: a function that is NULL is no value of its type.
///
/// # Safety
/// 1. The record is aligned, and its header vouches for the bytes up to the end of `words`.
pub unsafe fn first_null<R>(record: *const R, words: Range<usize>) -> Option<usize> {
    words.step_by(size_of::<usize>()).find(|offset| {
        // SAFETY: duty 1; pointers are aligned in every record.
        unsafe { record.wrapping_byte_add(*offset).cast::<usize>().read() == 0 }
    })
}

/// Why a record can't be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// NULL, or an address that no record can have.
    Address {
        /// Bytes beyond a multiple of 8; 0 for NULL.
        beyond: u32,
    },
    /// Not a record of this kind.
    Magic {
        /// The bytes that stand there.
        found: Magic,
        /// The kind's magic.
        expected: Magic,
    },
    /// `struct_size` is too small for its minor, too large, or no multiple of 8.
    Size {
        /// Bytes, as the record says.
        found: u32,
        /// Bytes that the record's minor needs.
        least: u32,
    },
    /// Another major: only the frozen head may be read.
    Major {
        /// The record's major.
        found: u16,
        /// Ours.
        expected: u16,
    },
    /// An older minor than the one that is needed.
    Minor {
        /// The record's minor.
        found: u16,
        /// The least that will do.
        least: u16,
    },
    /// A function that may not be NULL is.
    Null {
        /// Where it stands, in bytes from the start of the record.
        offset: u32,
    },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic { found, expected } => {
                write!(f, "magic is {}, expected {}", found.escape_ascii(), expected.escape_ascii())
            }
            Self::Size { found, least } => write!(
                f,
                "struct_size is {found}, expected a multiple of 8 from {least} to {MAX_STRUCT_SIZE}"
            ),
            Self::Major { found, expected } => {
                write!(f, "record major is {found}, this build reads {expected}")
            }
            Self::Minor { found, least } => write!(f, "record minor is {found}, this build needs {least}"),
            Self::Address { beyond: 0 } => f.write_str("record is NULL"),
            Self::Address { beyond } => {
                write!(f, "record is {beyond} bytes beyond a multiple of {}", align_of::<u64>())
            }
            Self::Null { offset } => write!(f, "function at {offset} is NULL"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const KIND: Kind = Kind { magic: *b"ib.test\0", major: 1, minor: 1, sizes: &[24, 32] };

    fn packed(magic: &[u8; 8], size: u32, major: u16, minor: u16) -> RecordHeader {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(magic);
        bytes[8..12].copy_from_slice(&size.to_ne_bytes());
        bytes[12..14].copy_from_slice(&major.to_ne_bytes());
        bytes[14..].copy_from_slice(&minor.to_ne_bytes());
        bytemuck::cast(bytes)
    }

    #[test]
    fn the_magic_is_looked_at_before_anything_else() {
        let wrong = packed(b"ib.core\0", 7, 9, 9);
        assert!(matches!(KIND.check(&wrong), Err(Malformed::Magic { .. })));
    }

    #[test]
    fn an_implausible_size_is_refused_even_under_another_major() {
        for size in [0, 15, 17, 20, 28, MAX_STRUCT_SIZE + 8, u32::MAX] {
            assert!(
                matches!(KIND.check(&packed(b"ib.test\0", size, 2, 0)), Err(Malformed::Size { .. })),
                "{size}"
            );
        }
    }

    #[test]
    fn the_largest_size_is_a_size() {
        assert_eq!(KIND.check(&packed(b"ib.test\0", MAX_STRUCT_SIZE, 1, 1)), Ok(()));
    }

    #[test]
    fn what_is_malformed_is_said_with_both_values() {
        let said = |header| KIND.check(&header).unwrap_err().to_string();
        assert_eq!(said(packed(b"ib.core\0", 32, 1, 1)), r"magic is ib.core\x00, expected ib.test\x00");
        assert_eq!(
            said(packed(b"ib.test\0", 24, 1, 1)),
            "struct_size is 24, expected a multiple of 8 from 32 to 65536"
        );
        assert_eq!(said(packed(b"ib.test\0", 32, 3, 1)), "record major is 3, this build reads 1");
        for (malformed, text) in [
            (Malformed::Minor { found: 1, least: 2 }, "record minor is 1, this build needs 2"),
            (Malformed::Address { beyond: 0 }, "record is NULL"),
            (Malformed::Address { beyond: 3 }, "record is 3 bytes beyond a multiple of 8"),
            (Malformed::Null { offset: 40 }, "function at 40 is NULL"),
        ] {
            assert_eq!(malformed.to_string(), text);
        }
    }

    #[test]
    fn another_major_is_refused_whatever_its_size() {
        assert!(matches!(KIND.check(&packed(b"ib.test\0", 16, 2, 0)), Err(Malformed::Major { .. })));
    }

    #[test]
    fn an_older_minor_may_be_as_small_as_it_was_and_no_smaller() {
        assert_eq!(KIND.check(&packed(b"ib.test\0", 24, 1, 0)), Ok(()));
        assert!(KIND.check(&packed(b"ib.test\0", 16, 1, 0)).is_err());
        assert!(KIND.check(&packed(b"ib.test\0", 24, 1, 1)).is_err());
    }

    #[test]
    fn a_newer_minor_may_be_larger_but_not_smaller_than_ours() {
        assert_eq!(KIND.check(&packed(b"ib.test\0", 4096, 1, 7)), Ok(()));
        assert!(KIND.check(&packed(b"ib.test\0", 24, 1, 7)).is_err());
    }

    #[test]
    fn a_null_is_found_where_it_stands_and_nowhere_else() {
        let word = size_of::<usize>();
        for null in 0..4 {
            let mut words = [7_usize; 4];
            words[null] = 0;
            // SAFETY: aligned, and four words long.
            let found = unsafe { first_null(&words, word..3 * word) };
            assert_eq!(found, (1..3).contains(&null).then_some(null * word), "{null}");
        }
    }
}
