//! The wheel's runtime as a table: the implementation for modules that carry none of their own.
//!
//! `interbind._runtime` fills one in and puts it into the interpreter's state dict; a module that was built without an
//! implementation calls it on its cold paths only. What such a module keeps is what each of its calls needs: the call-site
//! cache, the borrow, its own records. Core, registry, the order of the check and what is said of a refusal are the
//! runtime's. Belongs to the internals contract.

use core::mem::{offset_of, size_of};
use core::ops::Range;

use crate::core::{CoreRecord, Status};
use crate::header::{Kind, RecordHeader};
use crate::judge::Record;
use crate::owner::OwnerRecord;
use crate::record::record;
use crate::text::Str;
use crate::types::record::Object;
use crate::types::registry::TypeList;
use crate::types::{TypeRecord, TypesService};
use crate::version::Version;

/// The runtime's magic and version.
pub const RUNTIME: Kind = Kind { magic: *b"ib.runtm", major: 1, minor: 0, sizes: &[56] };

/// An expectation's magic and version.
pub const EXPECTATION: Kind = Kind { magic: *b"ib.expct", major: 1, minor: 0, sizes: &[152] };

/// A refusal's magic and version.
pub const REFUSAL: Kind = Kind { magic: *b"ib.refus", major: 1, minor: 0, sizes: &[88] };

/// A refusal's `exception`: ImportError.
pub const IMPORT_ERROR: u32 = 0;
/// A refusal's `exception`: TypeError.
pub const TYPE_ERROR: u32 = 1;
/// A refusal's `exception`: RuntimeError.
pub const RUNTIME_ERROR: u32 = 2;

/// A bit of a refusal's `sides`: there is a provider, even if its record can't be read.
pub const SIDE_PROVIDER: u32 = 1 << 0;
/// A bit of a refusal's `sides`: there is a consumer.
pub const SIDE_CONSUMER: u32 = 1 << 1;

record! {
    /// What a consumer expects of a type.
    ///
    /// | pointer | NULL? | valid until |
    /// |---|---|---|
    /// | `consumer` | never | the process ends |
    /// | `core`, `types` | never; as [`Runtime::bind`] gave them | the call ends |
    /// | `list` | never; of `types`, for `name` | the call ends |
    ///
    /// # ABI
    /// Append-only, and a minor of it comes with a minor of [`Runtime`]: which fields are read, the table's version says. The
    /// consumer's, read during the call only.
    #[derive(Clone, Copy, Debug)]
    pub struct Expectation [152, align 8] {
        /// Magic [`EXPECTATION`].
        @0   "1.0" header: RecordHeader,
        /// Who expects it.
        @16  "1.0" consumer: *const OwnerRecord,
        /// The current interpreter's core.
        @24  "1.0" core: *mut CoreRecord,
        /// Its registry.
        @32  "1.0" types: *const TypesService,
        /// The registry's list of the type's name.
        @40  "1.0" list: *const TypeList,
        /// The shared name, or the native key.
        @48  "1.0" name: Str,
        /// The descriptor that the consumer was built with.
        @64  "1.0" descriptor: Str,
        /// The requirement as it was written, for messages.
        @80  "1.0" requirement_text: Str,
        /// The module whose class new objects are of; empty: any module's.
        @96  "1.0" from: Str,
        /// The least version that will do.
        @112 "1.0" least: Version,
        /// The first version that won't.
        @124 "1.0" below: Version,
        /// One of [`KIND_…`](crate::types::record).
        @136 "1.0" kind: u32,
        /// Written as zero, never read.
        @140 "1.0" reserved: [u8; 4],
        /// What the data's address is a multiple of: a power of two, in bytes.
        @144 "1.0" align: u64,
    }
}

record! {
    /// What is said when a module refuses something by itself.
    ///
    /// | pointer | NULL? | valid until |
    /// |---|---|---|
    /// | `values` | when `count` is 0 | the call ends |
    /// | `provider`, `consumer` | may be, and may lead to a malformed record | the process ends |
    ///
    /// # ABI
    /// Append-only, and a minor of it comes with a minor of [`Runtime`]. The caller's, read during the call only.
    #[derive(Clone, Copy, Debug)]
    pub struct Refusal [88, align 8] {
        /// Magic [`REFUSAL`].
        @0  "1.0" header: RecordHeader,
        /// The exception's class, one of `…_ERROR`; a TypeError for what the runtime doesn't know.
        @16 "1.0" exception: u32,
        /// Which sides there are: `SIDE_…` bits.
        @20 "1.0" sides: u32,
        /// The [`Reason`](crate::Reason)'s slug.
        @24 "1.0" reason: Str,
        /// Lines: what failed, the differing parts, what one can do; `{0}` to `{9}` stand for the values.
        @40 "1.0" text: Str,
        /// The values.
        @56 "1.0" values: *const Str,
        /// How many values there are, at most 10.
        @64 "1.0" count: u64,
        /// Who provides.
        @72 "1.0" provider: *const OwnerRecord,
        /// Who consumes.
        @80 "1.0" consumer: *const OwnerRecord,
    }
}

record! {
    /// What the state dict's capsule [`keys::RUNTIME`](crate::keys::RUNTIME) points to.
    ///
    /// Functions are called attached, in the interpreter that they speak of; none is NULL, and none unwinds. Where one
    /// returns another status than [`Status::OK`], an exception is set and nothing was written.
    ///
    /// # ABI
    /// Append-only. A static of the runtime's library: it lives until the process ends.
    #[derive(Clone, Copy, Debug)]
    pub struct Runtime [56, align 8] {
        /// Magic [`RUNTIME`].
        @0  "1.0" header: RecordHeader,
        /// Who it is: the owner of the cores and services that it makes.
        @16 "1.0" owner: *const OwnerRecord,
        /// Holds a module's build against the running Python, and finds core and services or makes them. Adds a user to
        /// the core, whom the caller takes away with the core's own `release`.
        @24 "1.0" bind: unsafe extern "C" fn(
            runtime: *const Runtime,
            module: *const OwnerRecord,
            core: *mut *mut CoreRecord,
            types: *mut *const TypesService,
        ) -> Status,
        /// Finds the record that an object fits, and judges it in the order of the check.
        @32 "1.0" judge: unsafe extern "C" fn(
            runtime: *const Runtime,
            expectation: *const Expectation,
            object: *mut Object,
            out: *mut *const TypeRecord,
        ) -> Status,
        /// Finds the record through which new objects of a type are made.
        @40 "1.0" maker: unsafe extern "C" fn(
            runtime: *const Runtime,
            expectation: *const Expectation,
            out: *mut *const TypeRecord,
        ) -> Status,
        /// Raises a refusal; what is set already becomes its cause.
        @48 "1.0" refuse: unsafe extern "C" fn(runtime: *const Runtime, refusal: *const Refusal),
    }
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for Runtime {
    const KIND: Kind = RUNTIME;
    const FUNCTIONS: Range<usize> = offset_of!(Self, bind)..size_of::<Self>();
}

// SAFETY: read-only after publication; the functions may be called from any attached thread (spec: runtime).
unsafe impl Sync for Runtime {}
// SAFETY: as above.
unsafe impl Send for Runtime {}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for Expectation {
    const KIND: Kind = EXPECTATION;
    const FUNCTIONS: Range<usize> = 0..0;
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for Refusal {
    const KIND: Kind = REFUSAL;
    const FUNCTIONS: Range<usize> = 0..0;
}
