//! Who made a record: what errors and diagnoses print of a module.
//!
//! Every record that another library can reach leads to one. Belongs to the internals contract.

use core::ops::Range;

use crate::header::{Kind, RecordHeader};
use crate::judge::Record;
use crate::record::record;
use crate::text::Str;

/// An owner record's magic and version.
pub const OWNER: Kind = Kind { magic: *b"ib.owner", major: 1, minor: 0, sizes: &[112] };

record! {
    /// Who a module is: the identity that errors and diagnoses print.
    ///
    /// # ABI
    /// Append-only. Lives in the module's library until the process ends, texts included.
    #[derive(Clone, Copy, Debug)]
    pub struct OwnerRecord [112, align 8] {
        /// Magic [`OWNER`].
        @0  "1.0" header: RecordHeader,
        /// The module's name.
        @16 "1.0" name: Str,
        /// The module's version.
        @32 "1.0" version: Str,
        /// The module's file, or empty.
        @48 "1.0" file: Str,
        /// The build's platform text.
        @64 "1.0" platform: Str,
        /// The version of interbind it was built with.
        @80 "1.0" interbind: Str,
        /// The compiler, for people: `rustc 1.95.0`.
        @96 "1.0" compiler: Str,
    }
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for OwnerRecord {
    const KIND: Kind = OWNER;
    const FUNCTIONS: Range<usize> = 0..0;
}
