//! From a native object to one of its bases: a walk over what published records say of their classes.
//!
//! Called by the registry, which knows the records; a class's bases may be published by other modules, or by nobody. Must
//! end for any graph: a wrong record may name itself as its base.

use core::ffi::c_void;
use core::slice;

use interbind_abi::core::Status;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::native::Base;

/// No class inherits deeper; what does is a circle.
const DEEPEST: usize = 64;

/// No class has more bases, each counted as often as it's reached; who says so is wrong, or wants to keep us busy.
const MOST: usize = 4096;

/// What the walk needs of the registry.
pub(crate) trait Classes {
    /// Tells whether `key` is the key that is looked for.
    fn is_target(&self, key: &str) -> bool;

    /// Finds a record of a class by its key.
    fn record(&self, key: &str) -> Option<&TypeRecord>;
}

/// Finds the one base that is looked for.
///
/// # Errors
/// [`Status::MISSING`]: it is no base. [`Status::DIFFERS`]: it is one at several addresses. [`Status::INVALID`]: a record
/// says something impossible of its bases.
pub(crate) fn find(
    classes: &impl Classes,
    record: &TypeRecord,
    object: *mut c_void,
) -> Result<*mut c_void, Status> {
    // SAFETY: a record's text.
    let own = unsafe { record.native.read() }.ok_or(Status::INVALID)?;
    if classes.is_target(own) {
        return Ok(object);
    }
    let mut walk = Walk { classes, found: None, steps: 0 };
    walk.bases_of(record, object, 0)?;
    walk.found.ok_or(Status::MISSING)
}

/// A walk under way.
struct Walk<'a, C> {
    classes: &'a C,
    found: Option<*mut c_void>,
    steps: usize,
}

impl<C: Classes> Walk<'_, C> {
    fn bases_of(&mut self, record: &TypeRecord, object: *mut c_void, depth: usize) -> Result<(), Status> {
        if depth == DEEPEST {
            return Err(Status::INVALID);
        }
        for base in bases(record)? {
            self.steps += 1;
            if self.steps > MOST {
                return Err(Status::INVALID);
            }
            // SAFETY: a record's text.
            let key = unsafe { base.key.read() }.ok_or(Status::INVALID)?;
            let pointer = match base.cast {
                // SAFETY: the record's contract: `object` is one of its class.
                Some(cast) => unsafe { cast(object) },
                None => object.wrapping_byte_offset(base.offset as isize),
            };
            if self.classes.is_target(key) {
                if self.found.is_some_and(|other| other != pointer) {
                    return Err(Status::DIFFERS);
                }
                self.found = Some(pointer);
            } else if let Some(record) = self.classes.record(key) {
                self.bases_of(record, pointer, depth + 1)?;
            }
        }
        Ok(())
    }
}

fn bases(record: &TypeRecord) -> Result<&[Base], Status> {
    if record.base_count == 0 {
        return Ok(&[]);
    }
    if record.bases.is_null() || !record.bases.is_aligned() {
        return Err(Status::INVALID);
    }
    // SAFETY: threat model: so many bases stand there, in the provider's library.
    Ok(unsafe { slice::from_raw_parts(record.bases, record.base_count as usize) })
}
