//! The type record: what one provider says about one type, and conduit v1's functions.
//!
//! Made by the provider's shim, read by every consumer; belongs to the internals contract, and carries the type
//! contract. A record is never freed: when its Python type dies `py_type` becomes NULL before the address can be
//! reused, and the provider may use the record again for the same type.

use core::ffi::c_void;
use core::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64};

use bytemuck::Zeroable;

use crate::core::CoreRecord;
use crate::header::{Kind, RecordHeader};
use crate::interface::TableHead;
use crate::owner::OwnerRecord;
use crate::record::record;
use crate::text::Str;
use crate::types::digest::Digest;
use crate::types::native::Base;
use crate::version::Version;

/// A type record's magic and version.
pub const TYPE: Kind = Kind { magic: *b"ib.type\0", major: 1, minor: 0, sizes: &[232] };

/// A Python object, seen by a crate that doesn't know Python.
pub type Object = c_void;

/// `kind`: plain data, read through its layout.
pub const KIND_DATA: u32 = 1;
/// `kind`: an interface, called through its table.
pub const KIND_INTERFACE: u32 = 2;
/// `kind`: a native object, of which only its key and the ABI of its language are known (see
/// [`native`](crate::types::native)); the descriptor is that ABI's text.
pub const KIND_NATIVE: u32 = 3;

/// `aliasing`: the data never changes; shared borrows need no call when `data_offset` is stated.
pub const ALIASING_FROZEN: u32 = 1;
/// `aliasing`: the provider's own borrow flags decide.
pub const ALIASING_TRACKED: u32 = 2;
/// `aliasing`: nothing is tracked; consumers get a raw pointer, never a reference.
pub const ALIASING_UNTRACKED: u32 = 3;

/// `thread`: usable from any thread, attached or not.
pub const THREAD_ANY: u32 = 1;
/// `thread`: usable only on the thread that made the object; the borrow call checks.
pub const THREAD_OWNER: u32 = 2;
/// `thread`: usable from any attached thread.
pub const THREAD_ATTACHED: u32 = 3;

/// `flags`: Python classes may inherit from the type.
pub const FLAG_SUBCLASSABLE: u32 = 1 << 0;
/// `flags`: the Python type is never destroyed (PyO3 keeps its types in statics); not a leak.
pub const FLAG_IMMORTAL: u32 = 1 << 1;

/// `flags`: a class that inherits from this one may be published under the same name, so an object of a subclass is not
/// this record's without a look at the others. The registry sets it.
pub const FLAG_OUTRANKED: u32 = 1 << 2;

/// `mode` of a borrow: others may read too.
pub const SHARED: u32 = 1;
/// `mode` of a borrow: nobody else reads or writes.
pub const EXCLUSIVE: u32 = 2;

record! {
    /// One type of one provider in one interpreter.
    ///
    /// | pointer | NULL? | made and freed by | valid until |
    /// |---|---|---|---|
    /// | texts, `owner`, functions | never (`wrap` may be) | the provider's library | the process ends |
    /// | `vtable` | but for interfaces | the provider's library | the process ends |
    /// | `bases` | when there are none | the provider's library | the process ends |
    /// | `py_type` | once the type is dead | the interpreter; borrowed, the registry holds a weak reference | the type dies |
    /// | `core` | once the type is dead | the core's owner; counted | the type dies |
    ///
    /// # ABI
    /// Append-only. Written before publication; then only `serial`, `py_type`, `data_offset` change, by the
    /// provider: serial first, `py_type` last; and `core` and a flag, by the registry.
    #[derive(Debug, Zeroable)]
    pub struct TypeRecord [232, align 8] {
        /// Magic [`TYPE`].
        @0   "1.0" header: RecordHeader,
        /// The shared name, as `org.frame.Point`.
        @16  "1.0" name: Str,
        /// The version as text.
        @32  "1.0" version_text: Str,
        /// The same version as numbers, so that nobody needs a parser.
        @48  "1.0" version: Version,
        /// [`KIND_DATA`], [`KIND_INTERFACE`] or [`KIND_NATIVE`].
        @60  "1.0" kind: u32,
        /// One of `ALIASING_…`.
        @64  "1.0" aliasing: u32,
        /// One of `THREAD_…`.
        @68  "1.0" thread: u32,
        /// `FLAG_…` bits.
        @72  "1.0" flags: AtomicU32,
        /// How many there are at `bases`.
        @76  "1.0" base_count: u32,
        /// The interpreter's serial, as two native-endian halves.
        @80  "1.0" serial: [AtomicU64; 2],
        /// The registered Python type, or NULL.
        @96  "1.0" py_type: AtomicPtr<Object>,
        /// Bytes from the object to its data once the provider has verified that it lies inside; else 0. Stated only by
        /// frozen classes that any thread may use.
        @104 "1.0" data_offset: AtomicI64,
        /// Borrows: the data in a register, or NULL with an exception set. Attached, in the record's interpreter.
        @112 "1.0" borrow: Option<unsafe extern "C" fn(object: *mut Object, mode: u32) -> *mut c_void>,
        /// Ends a borrow: exactly once, attached, in the same interpreter; infallible.
        @120 "1.0" release: Option<unsafe extern "C" fn(object: *mut Object, mode: u32)>,
        /// Makes a new object of a copy of `data`: a new reference, or NULL with an exception set.
        @128 "1.0" wrap: Option<unsafe extern "C" fn(record: *const TypeRecord, data: *const c_void) -> *mut Object>,
        /// The interface's table.
        @136 "1.0" vtable: *const TableHead,
        /// The canonical descriptor.
        @144 "1.0" descriptor: Str,
        /// SHA-256 of `descriptor`.
        @160 "1.0" digest: Digest,
        /// Who provides the type.
        @192 "1.0" owner: *const OwnerRecord,
        /// The core that it is published in.
        @200 "1.0" core: AtomicPtr<CoreRecord>,
        /// The native key, as [`native`](crate::types::native) writes it, or empty: the record is found under it too.
        @208 "1.0" native: Str,
        /// The native base classes.
        @224 "1.0" bases: *const Base,
    }
}

// SAFETY: what changes after publication is atomic; functions state their own thread rules.
unsafe impl Sync for TypeRecord {}
// SAFETY: as above; a record belongs to no thread.
unsafe impl Send for TypeRecord {}

/// Splits an interpreter's serial into the halves that a [`TypeRecord`] holds.
pub fn halves(serial: [u8; 16]) -> [u64; 2] {
    bytemuck::cast(serial)
}
