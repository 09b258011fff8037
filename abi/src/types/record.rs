//! The type record: what one provider says about one type, and conduit v1's functions.
//!
//! Made by the provider's shim, read by every consumer; belongs to the internals contract, and carries the type
//! contract. A record is never freed: `py_type` becomes NULL before the registry gives the type up, so before the address
//! can be used again, and the provider may use the record again for the same type.

use core::ffi::c_void;
use core::ops::Range;
use core::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64};

use crate::core::CoreRecord;
use crate::header::{Kind, RecordHeader};
use crate::interface::TableHead;
use crate::judge::Record;
use crate::owner::OwnerRecord;
use crate::record::record;
use crate::text::Str;
use crate::types::native::Base;
use crate::version::Version;

/// A type record's magic and version.
pub const TYPE: Kind = Kind { magic: *b"ib.type\0", major: 1, minor: 0, sizes: &[224] };

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

/// `state`: nobody's; its provider may claim it.
pub const STATE_FREE: u32 = 0;
/// `state`: a provider fills it in, and hands it to `publish`.
pub const STATE_CLAIMED: u32 = 1;
/// `state`: published.
pub const STATE_LIVE: u32 = 2;
/// `state`: the registry takes it out.
pub const STATE_LEAVING: u32 = 3;

/// `mode` of a borrow: others may read too.
pub const SHARED: u32 = 1;
/// `mode` of a borrow: nobody else reads or writes.
pub const EXCLUSIVE: u32 = 2;

/// Borrows an object through its record: [`TypeRecord::borrow`].
pub type BorrowObject =
    unsafe extern "C" fn(record: *const TypeRecord, object: *mut Object, mode: u32) -> *mut c_void;

/// Ends a borrow that gave `data`: [`TypeRecord::release`].
pub type EndBorrow =
    unsafe extern "C" fn(record: *const TypeRecord, object: *mut Object, data: *mut c_void, mode: u32);

record! {
    /// One type of one provider in one interpreter.
    ///
    /// | pointer | NULL? | made and freed by | valid until |
    /// |---|---|---|---|
    /// | texts, `owner`, functions | never (`wrap` may be) | the provider's library | the process ends |
    /// | `vtable` | but for interfaces | the provider's library | the process ends |
    /// | `bases` | when there are none | the provider's library | the process ends |
    /// | `py_type` | unless published | the interpreter; the registry's anchor owns a reference | the anchor lets go |
    /// | `core` | unless published | the core's owner; counted | the anchor lets go |
    ///
    /// # ABI
    /// Append-only. Written before publication, in a record that was claimed; then `state`, `serial`, `py_type`, `core` and a
    /// flag change, by the registry alone, and `data_offset` from 0 to a value, by the provider.
    #[derive(Debug)]
    pub struct TypeRecord [224, align 8, zeroable] {
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
        @112 "1.0" borrow: Option<BorrowObject>,
        /// Ends a borrow, with what it gave: exactly once, attached, in the same interpreter; infallible, also while an
        /// exception is set.
        @120 "1.0" release: Option<EndBorrow>,
        /// Makes a new object of a copy of `data`: a new reference, or NULL with an exception set.
        @128 "1.0" wrap: Option<unsafe extern "C" fn(record: *const TypeRecord, data: *const c_void) -> *mut Object>,
        /// The interface's table.
        @136 "1.0" vtable: *const TableHead,
        /// The canonical descriptor.
        @144 "1.0" descriptor: Str,
        /// Who provides the type.
        @160 "1.0" owner: *const OwnerRecord,
        /// The core that it is published in.
        @168 "1.0" core: AtomicPtr<CoreRecord>,
        /// The native key, as [`native`](crate::types::native) writes it, or empty: the record is found under it too.
        @176 "1.0" native: Str,
        /// The native base classes.
        @192 "1.0" bases: *const Base,
        /// One of `STATE_…`: who may use the record.
        @200 "1.0" state: AtomicU32,
        /// Bytes from one of `bases` to the next.
        @204 "1.0" base_size: u32,
        /// Bytes of the data at its start that the provider promises; 0 for interfaces.
        @208 "1.0" size: u64,
        /// Written as zero, never read.
        @216 "1.0" reserved: u64,
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

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for TypeRecord {
    const KIND: Kind = TYPE;
    const FUNCTIONS: Range<usize> = 0..0;
}
