//! The `functions` service: functions of C, C++ and Rust as Python objects that name themselves, pickle by name, and can be
//! called by other builds without Python.
//!
//! Data alone: the service is a list of the classes of such functions, one for each version of the record and each platform
//! text. It needs no core, so a module with headers alone makes it. Belongs to the internals contract.

use core::ffi::{c_int, c_void};
use core::mem::offset_of;
use core::ops::Range;
use core::sync::atomic::AtomicPtr;

use crate::header::{Kind, RecordHeader};
use crate::judge::Record;
use crate::owner::OwnerRecord;
use crate::record::record;
use crate::services::ServiceHead;
use crate::services::instances::VisitObject;
use crate::text::Str;
use crate::types::record::Object;

/// The `functions` service's magic and version.
pub const FUNCTIONS: Kind = Kind { magic: *b"ib.funcs", major: 1, minor: 0, sizes: &[72] };

/// A function class's magic and version.
pub const FUNCTION_CLASS: Kind = Kind { magic: *b"ib.fclas", major: 1, minor: 0, sizes: &[88] };

/// A function record's magic and version: that of the object's whole layout, overloads and parameters included.
pub const FUNCTION: Kind = Kind { magic: *b"ib.funct", major: 1, minor: 0, sizes: &[112] };

/// An overload's magic and version.
pub const OVERLOAD: Kind = Kind { magic: *b"ib.overl", major: 1, minor: 0, sizes: &[112] };

/// A native entry's magic and version.
pub const NATIVE_ENTRY: Kind = Kind { magic: *b"ib.nativ", major: 1, minor: 0, sizes: &[64] };

/// A parameter that is given by its place alone.
pub const PARAMETER_POSITIONAL: u32 = 0;

/// A parameter that is given by its place or by its name.
pub const PARAMETER_NAMED: u32 = 1;

/// A parameter that gets the rest of what is given by place, as a tuple.
pub const PARAMETER_REST: u32 = 2;

/// A parameter that is given by its name alone.
pub const PARAMETER_KEYWORD: u32 = 3;

/// A parameter that gets the rest of what is given by name, as a dict.
pub const PARAMETER_KEYWORDS: u32 = 4;

/// A function that stands for a module, in pickles alone.
pub const FUNCTION_IS_MODULE: u32 = 1 << 0;

/// Python's `vectorcallfunc`.
pub type Vectorcall = unsafe extern "C" fn(
    function: *mut Object,
    args: *const *mut Object,
    count: usize,
    names: *mut Object,
) -> *mut Object;

/// Calls an overload, with an argument for each parameter in its place: borrowed, and not NULL.
///
/// A new reference; or NULL with an exception; or NULL without one: an argument doesn't fit, so the next overload is tried.
pub type CallOverload = unsafe extern "C" fn(
    overload: *mut Overload,
    function: *mut Object,
    args: *const *mut Object,
) -> *mut Object;

record! {
    /// What a parameter is: part of an overload.
    ///
    /// # ABI
    /// Belongs to the version of [`FUNCTION`]: one behind another, so it never grows.
    #[derive(Debug)]
    pub struct Parameter [40, align 8] {
        /// Its name, an interned `str`, owned; NULL: it has none.
        @0  "1.0" name: *mut Object,
        /// What it is when it isn't given, owned; NULL: it must be given.
        @8  "1.0" fallback: *mut Object,
        /// What people call its type; may be empty.
        @16 "1.0" text: Str,
        /// One of `PARAMETER_…`, and never less than that of the one before.
        @32 "1.0" kind: u32,
        /// 1: the collector follows nothing in `fallback`, which stays as long as the function; 0: it may be taken away.
        @36 "1.0" stays: u32,
    }
}

record! {
    /// One way to call a function.
    ///
    /// # ABI
    /// Append-only. Made and freed by the module whose function it is; what is behind it is that module's own.
    #[derive(Debug)]
    pub struct Overload [112, align 8] {
        /// Magic [`OVERLOAD`].
        @0   "1.0" header: RecordHeader,
        /// The one that is tried next; NULL: this is the last.
        @16  "1.0" next: AtomicPtr<Overload>,
        /// Converts the arguments and calls.
        @24  "1.0" call: CallOverload,
        /// The parameters; NULL is allowed for a function without parameters.
        @32  "1.0" parameters: *mut Parameter,
        /// How many there are.
        @40  "1.0" count: u32,
        /// How many of them, from the first, may be given by place.
        @44  "1.0" places: u32,
        /// What people call the result's type; may be empty.
        @48  "1.0" result: Str,
        /// Its documentation; may be empty.
        @64  "1.0" doc: Str,
        /// Visits the Python objects behind it; NULL if it has none.
        @80  "1.0" traverse: Option<unsafe extern "C" fn(overload: *mut Overload, visit: Option<VisitObject>, context: *mut c_void) -> c_int>,
        /// Lets go of those that may lead back to the function; NULL if it has none.
        @88  "1.0" clear: Option<unsafe extern "C" fn(overload: *mut Overload)>,
        /// Frees it, and what is behind it: called once, attached.
        @96  "1.0" free: unsafe extern "C" fn(overload: *mut Overload),
        /// The maker's own.
        @104 "1.0" private: *mut c_void,
    }
}

record! {
    /// A C function behind a Python function, which other builds may call.
    ///
    /// # ABI
    /// Append-only. Read-only after publication, and never taken away as long as its function lives.
    #[derive(Debug)]
    pub struct NativeEntry [64, align 8] {
        /// Magic [`NATIVE_ENTRY`].
        @0  "1.0" header: RecordHeader,
        /// The entry that was there before; NULL: this is the first.
        @16 "1.0" next: *const NativeEntry,
        /// Its type, as C's declarations without names, in the one canonical form.
        @24 "1.0" signature: Str,
        /// The function; never NULL.
        @40 "1.0" function: *const c_void,
        /// What must live as long as the function may be called, owned; NULL: nothing.
        @48 "1.0" keep: *mut Object,
        /// Frees the entry's memory: called once, attached, after `keep` was let go. NULL: it is a static.
        @56 "1.0" free: Option<unsafe extern "C" fn(entry: *mut NativeEntry)>,
    }
}

record! {
    /// The part of a function object that other builds read.
    ///
    /// # ABI
    /// A version is a layout of the whole object. A higher minor only appends; objects are always of their class's.
    #[derive(Debug)]
    pub struct FunctionRecord [112, align 8] {
        /// Magic [`FUNCTION`].
        @0   "1.0" header: RecordHeader,
        /// How Python calls the object; never NULL.
        @16  "1.0" vectorcall: Vectorcall,
        /// The overload that is tried first, owned; NULL in a function that stands for a module.
        @24  "1.0" first: *mut Overload,
        /// The newest native entry, owned; NULL if there are no entries.
        @32  "1.0" natives: AtomicPtr<NativeEntry>,
        /// What keeps the maker's memory, as its module object does: owned; NULL: nothing is needed.
        @40  "1.0" home: *mut Object,
        /// `__name__`, a `str`, owned.
        @48  "1.0" name: *mut Object,
        /// `__qualname__`, a `str`, owned.
        @56  "1.0" qualname: *mut Object,
        /// `__module__`, any object, owned; NULL when it was deleted.
        @64  "1.0" module: *mut Object,
        /// `__doc__` when it was set, owned; NULL: it is made of the overloads.
        @72  "1.0" doc: *mut Object,
        /// `__dict__`; NULL until it is needed.
        @80  "1.0" dict: *mut Object,
        /// The weak references.
        @88  "1.0" weakrefs: *mut Object,
        /// `FUNCTION_IS_MODULE`, or 0.
        @96  "1.0" flags: u32,
        /// Zero.
        @100 "1.0" reserved: [u8; 4],
        /// The maker's own.
        @104 "1.0" private: *mut c_void,
    }
}

record! {
    /// A class of functions: of one version of the record, for one platform text.
    ///
    /// # ABI
    /// Append-only. Read-only after publication; there until the service goes.
    #[derive(Debug)]
    pub struct FunctionClass [88, align 8] {
        /// Magic [`FUNCTION_CLASS`].
        @0  "1.0" header: RecordHeader,
        /// The class that was there before; NULL: this is the first.
        @16 "1.0" next: *const FunctionClass,
        /// Who made it; never NULL, valid until the process ends.
        @24 "1.0" owner: *const OwnerRecord,
        /// The platform text of the builds that may make objects of it.
        @32 "1.0" platform: Str,
        /// The class, owned.
        @48 "1.0" python: *mut Object,
        /// Bytes from the start of an object to its record.
        @56 "1.0" offset: u64,
        /// The version of the record: its major, and its minor.
        @64 "1.0" major: u32,
        /// The minor.
        @68 "1.0" minor: u32,
        /// Frees this record; called once, attached, after the class was let go.
        @72 "1.0" free: unsafe extern "C" fn(record: *mut FunctionClass),
        /// The maker's own.
        @80 "1.0" private: *mut c_void,
    }
}

record! {
    /// The `functions` service's table, major 1.
    ///
    /// # ABI
    /// Append-only.
    #[derive(Debug)]
    pub struct FunctionsService [72, align 8] {
        /// Magic [`FUNCTIONS`].
        @0  "1.0" head: ServiceHead,
        /// The newest class; NULL before the first one is made.
        @56 "1.0" classes: AtomicPtr<FunctionClass>,
        /// The maker's own.
        @64 "1.0" private: *mut c_void,
    }
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for FunctionsService {
    const KIND: Kind = FUNCTIONS;
    const FUNCTIONS: Range<usize> = offset_of!(ServiceHead, destroy)..offset_of!(Self, classes);
}

// SAFETY: as above.
unsafe impl Record for FunctionClass {
    const KIND: Kind = FUNCTION_CLASS;
    const FUNCTIONS: Range<usize> = offset_of!(Self, free)..offset_of!(Self, private);
}

// SAFETY: as above.
unsafe impl Record for FunctionRecord {
    const KIND: Kind = FUNCTION;
    const FUNCTIONS: Range<usize> = offset_of!(Self, vectorcall)..offset_of!(Self, first);
}

// SAFETY: as above.
unsafe impl Record for Overload {
    const KIND: Kind = OVERLOAD;
    const FUNCTIONS: Range<usize> = offset_of!(Self, call)..offset_of!(Self, parameters);
}

// SAFETY: as above; the function is checked by itself, as it isn't called here.
unsafe impl Record for NativeEntry {
    const KIND: Kind = NATIVE_ENTRY;
    const FUNCTIONS: Range<usize> = offset_of!(Self, function)..offset_of!(Self, keep);
}
