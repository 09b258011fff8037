//! What every service's table starts with.
//!
//! A service is a named, separately versioned, size-prefixed table. Belongs to the internals contract: each service
//! has a spec chapter that states what a consumer does when a slot or the whole service is missing.

use core::mem::{offset_of, size_of};
use core::ops::Range;

use crate::header::RecordHeader;
use crate::owner::OwnerRecord;
use crate::record::record;
use crate::text::Str;

record! {
    /// The head of a service's table.
    ///
    /// # ABI
    /// Frozen for ever. Made by the `make` that won, freed through `destroy` with the core's last user.
    #[derive(Clone, Copy, Debug)]
    pub struct ServiceHead [56, align 8] {
        /// The service's own magic; its major is part of how it's found.
        @0  "1.0" header: RecordHeader,
        /// The service's name.
        @16 "1.0" name: Str,
        /// Who made it; never NULL, valid until the process ends.
        @32 "1.0" owner: *const OwnerRecord,
        /// Lets go of every Python object that the service owns: called once, attached, when the core closes. NULL: it owns none.
        @40 "1.0" close: Option<unsafe extern "C" fn(service: *mut ServiceHead)>,
        /// Frees the table and all behind it. Called once, by the core, on any thread.
        @48 "1.0" destroy: unsafe extern "C" fn(service: *mut ServiceHead),
    }
}

impl ServiceHead {
    /// Where the function is that is never NULL; for [`first_null`](crate::header::first_null).
    pub const FUNCTIONS: Range<usize> = offset_of!(Self, destroy)..size_of::<Self>();
}
