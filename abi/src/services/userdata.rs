//! The `userdata` service: memory that modules share by name, one of each name in an interpreter.
//!
//! Each has a kind, a text that says what the pointer means: who asks for another kind under the same name is refused
//! instead of handed a wrong pointer. Belongs to the internals contract.

use core::ffi::c_void;
use core::mem::offset_of;
use core::ops::Range;

use crate::core::Status;
use crate::header::Kind;
use crate::judge::Record;
use crate::owner::OwnerRecord;
use crate::record::record;
use crate::services::ServiceHead;
use crate::text::Str;

/// The `userdata` service's magic and version.
pub const USERDATA: Kind = Kind { magic: *b"ib.udata", major: 1, minor: 0, sizes: &[80] };

/// Makes a datum; on [`Status::OK`] `out` holds what `free` will be called with.
pub type MakeUserdata = unsafe extern "C" fn(context: *mut c_void, out: *mut *mut c_void) -> Status;

/// Frees a datum: called once, on any thread, attached or not, when the interpreter's core goes.
pub type FreeUserdata = unsafe extern "C" fn(data: *mut c_void);

/// Is called with each datum; stops when it returns something else than [`Status::OK`].
pub type VisitUserdata = unsafe extern "C" fn(
    name: Str,
    kind: Str,
    owner: *const OwnerRecord,
    data: *mut c_void,
    context: *mut c_void,
) -> Status;

record! {
    /// The `userdata` service's table, major 1.
    ///
    /// Functions are called attached, in the service's interpreter; none is NULL, and none runs Python code of its own.
    ///
    /// # ABI
    /// Append-only.
    #[derive(Debug)]
    pub struct UserdataService [80, align 8] {
        /// Magic [`USERDATA`].
        @0  "1.0" head: ServiceHead,
        /// Finds the datum of that name, or makes it with no lock held: whoever comes second frees what it built.
        ///
        /// [`Status::MISSING`]: there is none, and `make` is NULL. [`Status::DIFFERS`]: its kind is another; `out` is not
        /// written, and `visit` tells who made it.
        @56 "1.0" get: unsafe extern "C" fn(
            service: *const UserdataService,
            name: Str,
            kind: Str,
            owner: *const OwnerRecord,
            make: Option<MakeUserdata>,
            free: Option<FreeUserdata>,
            context: *mut c_void,
            out: *mut *mut c_void,
        ) -> Status,
        /// Calls `visit` with each datum, outside every lock.
        @64 "1.0" visit: unsafe extern "C" fn(
            service: *const UserdataService,
            visit: Option<VisitUserdata>,
            context: *mut c_void,
        ) -> Status,
        /// The maker's own.
        @72 "1.0" private: *mut c_void,
    }
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for UserdataService {
    const KIND: Kind = USERDATA;
    const FUNCTIONS: Range<usize> = offset_of!(ServiceHead, destroy)..offset_of!(Self, private);
}

// SAFETY: read-only after publication; the functions may be called from any attached thread (spec: userdata).
unsafe impl Sync for UserdataService {}
// SAFETY: as above.
unsafe impl Send for UserdataService {}
