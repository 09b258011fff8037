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
use crate::record::record;
use crate::services::ServiceHead;
use crate::text::Str;
use crate::types::record::{Object, TypeRecord};

/// The `types` service's magic and version.
pub const TYPES: Kind = Kind { magic: *b"ib.types", major: 1, minor: 0, sizes: &[112] };

/// The records under one name; opaque.
pub type TypeList = c_void;

record! {
    /// The `types` service's table, major 1.
    ///
    /// Functions are called attached, in the service's interpreter; they run no Python code, except `publish`, which
    /// makes a weak reference. None is NULL. A `TypeList` lives as long as the service.
    ///
    /// # ABI
    /// Append-only.
    #[derive(Debug)]
    pub struct TypesService [112, align 8] {
        /// Magic [`TYPES`].
        @0  "1.0" head: ServiceHead,
        /// Gets the list of that name, empty when it is new.
        @48 "1.0" list: unsafe extern "C" fn(
            service: *const TypesService,
            name: Str,
            out: *mut *const TypeList,
        ) -> Status,
        /// Returns the next live record of this interpreter after `after` (NULL: the first), or NULL.
        @56 "1.0" next: unsafe extern "C" fn(list: *const TypeList, after: *const TypeRecord) -> *const TypeRecord,
        /// Publishes a complete record; on [`Status::FAILED`] a Python exception is set.
        @64 "1.0" publish: unsafe extern "C" fn(service: *const TypesService, record: *const TypeRecord) -> Status,
        /// Calls `visit` with each name.
        @72 "1.0" names: unsafe extern "C" fn(
            service: *const TypesService,
            visit: Option<unsafe extern "C" fn(name: Str, list: *const TypeList, context: *mut c_void) -> Status>,
            context: *mut c_void,
        ) -> Status,
        /// Counts what is alive.
        @80 "1.0" count: unsafe extern "C" fn(service: *const TypesService, out: *mut TypeCounts) -> Status,
        /// Returns the next live record of that Python type after `after` (NULL: the first), or NULL.
        @88 "1.0" of_type: unsafe extern "C" fn(
            service: *const TypesService,
            py_type: *mut Object,
            after: *const TypeRecord,
        ) -> *const TypeRecord,
        /// Turns a pointer to an object of a native class into one to its base of the key `base`, through the bases of all
        /// published records. [`Status::MISSING`]: it is no base. [`Status::DIFFERS`]: it is one more than once.
        @96 "1.0" upcast: unsafe extern "C" fn(
            service: *const TypesService,
            record: *const TypeRecord,
            base: *const TypeList,
            pointer: *mut c_void,
            out: *mut *mut c_void,
        ) -> Status,
        /// The maker's own.
        @104 "1.0" private: *mut c_void,
    }
}

impl TypesService {
    /// Where the functions stand, none of which is NULL; for [`has_null`](crate::header::has_null).
    pub const FUNCTIONS: Range<usize> = offset_of!(Self, list)..offset_of!(Self, private);
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
