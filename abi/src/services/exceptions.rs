//! The `exceptions` service: translators of native exceptions, chained across modules.
//!
//! A binding library that catches an exception which it doesn't know asks the others. The exception's kind says what the
//! pointer is; a translator is asked only for its own kind. Belongs to the internals contract.

use core::ffi::c_void;
use core::mem::{offset_of, size_of};
use core::ops::Range;

use crate::core::Status;
use crate::header::{Kind, RecordHeader};
use crate::judge::Record;
use crate::owner::OwnerRecord;
use crate::record::record;
use crate::services::ServiceHead;
use crate::text::Str;

/// The `exceptions` service's magic and version.
pub const EXCEPTIONS: Kind = Kind { magic: *b"ib.excep", major: 1, minor: 0, sizes: &[96] };

/// A translator's magic and version.
pub const TRANSLATOR: Kind = Kind { magic: *b"ib.trans", major: 1, minor: 0, sizes: &[56] };

/// Turns a native exception into Python's: [`Status::OK`] with one set, [`Status::MISSING`] when it doesn't know it.
pub type Translate = unsafe extern "C" fn(context: *mut c_void, exception: *const c_void) -> Status;

/// Is called with each translator; stops when it returns something else than [`Status::OK`].
pub type VisitTranslator =
    unsafe extern "C" fn(translator: *const Translator, context: *mut c_void) -> Status;

record! {
    /// One module's translator.
    ///
    /// # ABI
    /// Append-only. The module's, and its address is its identity; must stay readable, and `translate` callable, until it
    /// is unregistered *and* no call of `translate` is under way, or until the service's end.
    #[derive(Clone, Copy, Debug)]
    pub struct Translator [56, align 8] {
        /// Magic [`TRANSLATOR`].
        @0  "1.0" header: RecordHeader,
        /// What the exception pointer leads to, as `c++:exception <key> <descriptor>`: an object of exactly that class, or
        /// that part of a derived one, which the module that asks caught as its own class.
        @16 "1.0" kind: Str,
        /// Who registers it.
        @32 "1.0" owner: *const OwnerRecord,
        /// The module's own.
        @40 "1.0" context: *mut c_void,
        /// Called attached, without a lock and without an exception set; must not unwind.
        @48 "1.0" translate: Translate,
    }
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for Translator {
    const KIND: Kind = TRANSLATOR;
    const FUNCTIONS: Range<usize> = offset_of!(Self, translate)..size_of::<Self>();
}

// SAFETY: read-only after registration; the function states its own thread rules.
unsafe impl Sync for Translator {}
// SAFETY: as above.
unsafe impl Send for Translator {}

record! {
    /// The `exceptions` service's table, major 1.
    ///
    /// Functions are called attached, in the service's interpreter; none is NULL.
    ///
    /// # ABI
    /// Append-only.
    #[derive(Debug)]
    pub struct ExceptionsService [96, align 8] {
        /// Magic [`EXCEPTIONS`].
        @0  "1.0" head: ServiceHead,
        /// Adds a translator in front of the others; [`Status::DIFFERS`]: it is registered already.
        @56 "1.0" register: unsafe extern "C" fn(
            service: *const ExceptionsService,
            translator: *const Translator,
        ) -> Status,
        /// Takes it away; [`Status::MISSING`]: it wasn't there.
        @64 "1.0" unregister: unsafe extern "C" fn(
            service: *const ExceptionsService,
            translator: *const Translator,
        ) -> Status,
        /// Asks the translators of that kind, the newest first, until one knows the exception: [`Status::OK`], and a Python
        /// exception is set. [`Status::MISSING`]: nobody knows it. [`Status::INVALID`]: one is set already.
        @72 "1.0" translate: unsafe extern "C" fn(
            service: *const ExceptionsService,
            kind: Str,
            exception: *const c_void,
        ) -> Status,
        /// Calls `visit` with each translator, the newest first.
        @80 "1.0" visit: unsafe extern "C" fn(
            service: *const ExceptionsService,
            visit: Option<VisitTranslator>,
            context: *mut c_void,
        ) -> Status,
        /// The maker's own.
        @88 "1.0" private: *mut c_void,
    }
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for ExceptionsService {
    const KIND: Kind = EXCEPTIONS;
    const FUNCTIONS: Range<usize> = offset_of!(ServiceHead, destroy)..offset_of!(Self, private);
}

// SAFETY: read-only after publication; the functions may be called from any attached thread (spec: exceptions).
unsafe impl Sync for ExceptionsService {}
// SAFETY: as above.
unsafe impl Send for ExceptionsService {}
