//! The `types` service: conduit v1's registry, a list of records under each name.
//!
//! Made by the first module that publishes or consumes; consumers call, only the maker touches its maps. Nothing is
//! stored on a Python type and looking up runs no Python code. A list's address is stable, so a consumer asks for a
//! name once and then walks a list that usually has one entry.

use core::ffi::c_void;
use core::mem::offset_of;
use core::ops::Range;

use crate::core::Status;
use crate::header::Kind;
use crate::judge::Record;
use crate::record::record;
use crate::services::ServiceHead;
use crate::text::Str;
use crate::types::record::{Object, TypeRecord};

/// The `types` service's magic and version.
pub const TYPES: Kind = Kind { magic: *b"ib.types", major: 1, minor: 0, sizes: &[136] };

/// The records under one name; opaque.
pub type TypeList = c_void;

record! {
    /// The `types` service's table, major 1.
    ///
    /// Functions are called attached, in the service's interpreter; they run no Python code, except `publish`, which makes
    /// an object and puts it into the class, and `unpublish`. None is NULL. A `TypeList` lives as long as the service.
    ///
    /// # ABI
    /// Append-only.
    #[derive(Debug)]
    pub struct TypesService [136, align 8] {
        /// Magic [`TYPES`].
        @0  "1.0" head: ServiceHead,
        /// Gets the list of that name, empty when it is new.
        @56 "1.0" list: unsafe extern "C" fn(
            service: *const TypesService,
            name: Str,
            out: *mut *const TypeList,
        ) -> Status,
        /// Returns the next live record of this interpreter after `after` (NULL: the first), or NULL.
        @64 "1.0" next: unsafe extern "C" fn(list: *const TypeList, after: *const TypeRecord) -> *const TypeRecord,
        /// Publishes a record that its provider has claimed and completed, for that class; on [`Status::FAILED`] a Python
        /// exception is set. [`Status::DIFFERS`]: the record wasn't claimed, or is published for another class or elsewhere.
        @72 "1.0" publish: unsafe extern "C" fn(
            service: *const TypesService,
            record: *mut TypeRecord,
            py_type: *mut Object,
        ) -> Status,
        /// Ends a publication; the class lives on. [`Status::MISSING`]: the record isn't published here.
        @80 "1.0" unpublish: unsafe extern "C" fn(service: *const TypesService, record: *mut TypeRecord) -> Status,
        /// Calls `visit` with each name.
        @88 "1.0" names: unsafe extern "C" fn(
            service: *const TypesService,
            visit: Option<unsafe extern "C" fn(name: Str, list: *const TypeList, context: *mut c_void) -> Status>,
            context: *mut c_void,
        ) -> Status,
        /// Counts what is alive.
        @96 "1.0" count: unsafe extern "C" fn(service: *const TypesService, out: *mut TypeCounts) -> Status,
        /// Returns the next live record of that Python type after `after` (NULL: the first), or NULL.
        @104 "1.0" of_type: unsafe extern "C" fn(
            service: *const TypesService,
            py_type: *mut Object,
            after: *const TypeRecord,
        ) -> *const TypeRecord,
        /// Turns a pointer to an object of a native class into one to its base of the key `base`, through the bases of all
        /// published records. [`Status::MISSING`]: it is no base. [`Status::DIFFERS`]: it is one more than once.
        @112 "1.0" upcast: unsafe extern "C" fn(
            service: *const TypesService,
            record: *const TypeRecord,
            base: *const TypeList,
            pointer: *mut c_void,
            out: *mut *mut c_void,
        ) -> Status,
        /// Returns a new reference to the class of a record that is published in this interpreter, or NULL: it isn't. What
        /// calls [`TypeRecord::wrap`] holds the class meanwhile.
        @120 "1.0" hold: unsafe extern "C" fn(
            service: *const TypesService,
            record: *const TypeRecord,
        ) -> *mut Object,
        /// The maker's own.
        @128 "1.0" private: *mut c_void,
    }
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for TypesService {
    const KIND: Kind = TYPES;
    const FUNCTIONS: Range<usize> = offset_of!(ServiceHead, destroy)..offset_of!(Self, private);
}

// SAFETY: read-only after publication; the functions may be called from any attached thread (spec: types).
unsafe impl Sync for TypesService {}
// SAFETY: as above.
unsafe impl Send for TypesService {}

record! {
    /// How many records there are.
    ///
    /// # ABI
    /// Frozen with [`TypesService`] 1.0.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct TypeCounts [24, align 8] {
        /// Records whose Python type is alive.
        @0  "1.0" live: u64,
        /// Of these, records of types that are never destroyed.
        @8  "1.0" immortal: u64,
        /// Names that were ever asked for.
        @16 "1.0" names: u64,
    }
}
