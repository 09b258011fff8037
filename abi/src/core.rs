//! The frozen core: what stands in an interpreter's state dict and leads to everything else.
//!
//! Made by the first module that needs it, called by all others; belongs to the internals contract. It is small so
//! that it can stay for ever: whatever may grow is a named service with a version of its own, made by the first
//! module that knows it, whoever owns the core. Nothing here is ever replaced or upgraded.

use core::ffi::c_void;
use core::mem::offset_of;
use core::ops::Range;
use core::sync::atomic::AtomicU32;

use crate::header::{Kind, RecordHeader};
use crate::judge::Record;
use crate::record::record;
use crate::services::ServiceHead;
use crate::text::Str;

/// A core record's magic and version.
pub const CORE: Kind = Kind { magic: *b"ib.core\0", major: 1, minor: 0, sizes: &[168] };

/// What a function of a record returns: [`OK`](Status::OK), or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Status(
    /// The code.
    pub i32,
);

impl Status {
    /// Done; outputs are written.
    pub const OK: Self = Self(0);
    /// The interpreter is ending: no new publication.
    pub const ENDING: Self = Self(1);
    /// An argument is NULL, not UTF-8, or its record malformed.
    pub const INVALID: Self = Self(2);
    /// There is no such service, and no way to make it was given.
    pub const MISSING: Self = Self(3);
    /// The maker failed; it says why in its own way.
    pub const FAILED: Self = Self(4);
    /// The callee filled the [`Fault`](crate::values::Fault).
    pub const FAULT: Self = Self(5);
    /// Something of that name is there, and is of another kind.
    pub const DIFFERS: Self = Self(6);
}

/// A core's `state`: publication and look-up work.
pub const OPEN: u32 = 0;
/// A core's `state`: the interpreter is ending; no new publication, look-ups answer [`Status::ENDING`].
pub const CLOSING: u32 = 1;

/// Capability bit: made by a build without the limited API, which can serve what needs object headers.
pub const CAPABILITY_FULL_API: u64 = 1 << 0;
/// Capability bit: made by a build for a free-threaded Python.
pub const CAPABILITY_FREE_THREADED: u64 = 1 << 1;

/// Makes a service's table; on [`Status::OK`] `out` holds one that the core will `destroy`.
pub type MakeService =
    unsafe extern "C" fn(core: *mut CoreRecord, context: *mut c_void, out: *mut *mut ServiceHead) -> Status;

/// Is called with each service; stops when it returns something else than [`Status::OK`].
pub type VisitService = unsafe extern "C" fn(service: *const ServiceHead, context: *mut c_void) -> Status;

record! {
    /// The part of a core that is readable under every major, so that builds that share nothing else can name
    /// each other.
    ///
    /// # ABI
    /// Frozen for ever. Written before publication, read-only after. The texts live as long as the record.
    #[derive(Clone, Copy, Debug)]
    pub struct CoreHead [112, align 8] {
        /// Magic [`CORE`].
        @0  "1.0" header: RecordHeader,
        /// Random; the interpreter's identity (CPython's own id starts again with each `Py_Initialize`).
        @16 "1.0" serial: [u8; 16],
        /// The owning module's name.
        @32 "1.0" owner_name: Str,
        /// The owning module's version.
        @48 "1.0" owner_version: Str,
        /// The owning module's file, or empty.
        @64 "1.0" owner_file: Str,
        /// The owner's platform, as [`crate::Platform`] parses it.
        @80 "1.0" platform: Str,
        /// The version of interbind in the owner: what somebody of another major has to upgrade.
        @96 "1.0" owner_interbind: Str,
    }
}

record! {
    /// What the state dict's capsule points to.
    ///
    /// | pointer | NULL? | made and freed by | valid until |
    /// |---|---|---|---|
    /// | functions | never | the owner's library | the process ends |
    /// | `private` | may be | the owner | the record's end |
    ///
    /// The record itself goes with the last `release`. Functions are called attached, in the core's interpreter;
    /// `retain` and `release` may be called on any thread.
    ///
    /// # ABI
    /// Frozen for ever: a new capability is a service.
    #[derive(Debug)]
    pub struct CoreRecord [168, align 8] {
        /// Frozen under every major.
        @0   "1.0" head: CoreHead,
        /// [`OPEN`] or [`CLOSING`]; moves once.
        @112 "1.0" state: AtomicU32,
        /// Written as zero, never read.
        @116 "1.0" reserved: [u8; 4],
        /// `CAPABILITY_…` bits of the owner.
        @120 "1.0" capabilities: u64,
        /// Adds a user.
        @128 "1.0" retain: unsafe extern "C" fn(core: *mut CoreRecord),
        /// Takes a user away; the last one frees core and services.
        @136 "1.0" release: unsafe extern "C" fn(core: *mut CoreRecord),
        /// Finds the service of that name and major, or makes it: whoever comes second frees what it built.
        @144 "1.0" service: unsafe extern "C" fn(
            core: *mut CoreRecord,
            name: Str,
            major: u32,
            make: Option<MakeService>,
            context: *mut c_void,
            out: *mut *mut ServiceHead,
        ) -> Status,
        /// Calls `visit` with each service.
        @152 "1.0" list_services:
            unsafe extern "C" fn(core: *mut CoreRecord, visit: Option<VisitService>, context: *mut c_void) -> Status,
        /// The owner's own.
        @160 "1.0" private: *mut c_void,
    }
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for CoreRecord {
    const KIND: Kind = CORE;
    const FUNCTIONS: Range<usize> = offset_of!(Self, retain)..offset_of!(Self, private);
}

// SAFETY: all fields but `state` are read-only after publication, `state` is atomic; the functions may be called from
// any attached thread (spec: core).
unsafe impl Sync for CoreRecord {}
// SAFETY: as above; the record belongs to no thread.
unsafe impl Send for CoreRecord {}
