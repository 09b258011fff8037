//! The `instances` service: which Python objects wrap a C pointer, and what an object keeps alive.
//!
//! For binding libraries, whose C and C++ code hands the same pointer out again and again. Consumers call, only the maker
//! touches its maps; number of shards and shift are its choice and stand in the table. Belongs to the internals contract.

use core::ffi::{c_int, c_void};
use core::mem::offset_of;
use core::ops::Range;

use crate::core::Status;
use crate::header::Kind;
use crate::judge::Record;
use crate::record::record;
use crate::services::ServiceHead;
use crate::types::record::Object;
use crate::types::registry::TypeList;

/// The `instances` service's magic and version.
pub const INSTANCES: Kind = Kind { magic: *b"ib.insts", major: 1, minor: 0, sizes: &[152] };

/// A type key: the address that the `types` service gives for a name or a native key. Compared, never read.
pub type TypeKey = TypeList;

/// `keep_alive`: the nurse's class calls `traverse` and `release`, so the garbage collector sees what it keeps alive.
pub const NURSE_VISITS: u32 = 1 << 0;

/// Is called with each object at an address; stops when it returns something else than [`Status::OK`].
///
/// The object is borrowed, and alive during the call.
pub type VisitInstance =
    unsafe extern "C" fn(key: *const TypeKey, object: *mut Object, context: *mut c_void) -> Status;

/// Python's `visitproc`.
pub type VisitObject = unsafe extern "C" fn(object: *mut Object, context: *mut c_void) -> c_int;

record! {
    /// The `instances` service's table, major 1.
    ///
    /// Functions are called attached, in the service's interpreter. None is NULL. No Python code runs under a lock, and
    /// none at all but where said.
    ///
    /// # ABI
    /// Append-only.
    #[derive(Debug)]
    pub struct InstancesService [152, align 8] {
        /// Magic [`INSTANCES`].
        @0   "1.0" head: ServiceHead,
        /// Parts of the map that are locked apart: a power of two; 1 with a GIL.
        @56  "1.0" shards: u32,
        /// An address shifted right by so many bits is what chooses the shard.
        @60  "1.0" shift: u32,
        /// Adds an object that wraps `pointer` as a `key`: complete, and not yet seen by another thread.
        /// [`Status::DIFFERS`]: it is there already. [`Status::FAILED`]: there is no memory, and an exception is set.
        @64  "1.0" insert: unsafe extern "C" fn(
            service: *const InstancesService,
            pointer: *const c_void,
            key: *const TypeKey,
            object: *mut Object,
        ) -> Status,
        /// Takes exactly this object away, under `key` or, when that is NULL, under all: the first statement of its dealloc.
        /// [`Status::MISSING`]: it wasn't there.
        @72  "1.0" remove: unsafe extern "C" fn(
            service: *const InstancesService,
            pointer: *const c_void,
            key: *const TypeKey,
            object: *mut Object,
        ) -> Status,
        /// Finds a living object that wraps `pointer` as a `key`: a new reference. [`Status::MISSING`]: there is none.
        @80  "1.0" find: unsafe extern "C" fn(
            service: *const InstancesService,
            pointer: *const c_void,
            key: *const TypeKey,
            out: *mut *mut Object,
        ) -> Status,
        /// Calls `visit` with each living object that wraps `pointer`, outside every lock.
        @88  "1.0" visit: unsafe extern "C" fn(
            service: *const InstancesService,
            pointer: *const c_void,
            visit: Option<VisitInstance>,
            context: *mut c_void,
        ) -> Status,
        /// Keeps `patient` alive as long as `nurse`; without [`NURSE_VISITS`] through a weak reference to the nurse.
        /// [`Status::FAILED`] with an exception: the nurse can't be weakly referenced. [`Status::MISSING`]: a patient that
        /// is NULL, or None on either side; nothing to do.
        @96  "1.0" keep_alive: unsafe extern "C" fn(
            service: *const InstancesService,
            nurse: *mut Object,
            patient: *mut Object,
            flags: u32,
        ) -> Status,
        /// Keeps memory of C alive as long as `nurse`; `free` is called attached, once. What isn't [`Status::OK`] leaves the
        /// memory with the caller.
        @104 "1.0" attach: unsafe extern "C" fn(
            service: *const InstancesService,
            nurse: *mut Object,
            payload: *mut c_void,
            free: Option<unsafe extern "C" fn(payload: *mut c_void)>,
            flags: u32,
        ) -> Status,
        /// Visits what a nurse keeps alive: part of its class's `tp_traverse`. Returns the first answer that isn't 0.
        @112 "1.0" traverse: unsafe extern "C" fn(
            service: *const InstancesService,
            nurse: *mut Object,
            visit: Option<VisitObject>,
            context: *mut c_void,
        ) -> c_int,
        /// Lets go of what a nurse keeps alive: part of its class's `tp_clear` and `tp_dealloc`. Runs Python code.
        @120 "1.0" release: unsafe extern "C" fn(service: *const InstancesService, nurse: *mut Object) -> Status,
        /// Counts what there is.
        @128 "1.0" count: unsafe extern "C" fn(service: *const InstancesService, out: *mut InstanceCounts) -> Status,
        /// Calls `visit` with each living object of the map, outside every lock: for leak reports.
        @136 "1.0" all: unsafe extern "C" fn(
            service: *const InstancesService,
            visit: Option<VisitInstance>,
            context: *mut c_void,
        ) -> Status,
        /// The maker's own.
        @144 "1.0" private: *mut c_void,
    }
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for InstancesService {
    const KIND: Kind = INSTANCES;
    const FUNCTIONS: Range<usize> = offset_of!(ServiceHead, destroy)..offset_of!(Self, private);
}

// SAFETY: read-only after publication; the functions may be called from any attached thread (spec: instances).
unsafe impl Sync for InstancesService {}
// SAFETY: as above.
unsafe impl Send for InstancesService {}

record! {
    /// How much an `instances` service holds: what a leak report compares.
    ///
    /// # ABI
    /// Frozen with [`InstancesService`] 1.0.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct InstanceCounts [24, align 8] {
        /// Entries of the map.
        @0  "1.0" entries: u64,
        /// Objects that keep something alive.
        @8  "1.0" nurses: u64,
        /// What they keep alive.
        @16 "1.0" patients: u64,
    }
}
