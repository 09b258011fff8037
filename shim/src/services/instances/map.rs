//! The map from a C pointer and a type key to the Python objects that wrap it.
//!
//! An entry borrows its object: the object's dealloc takes it out before anything of the object is destroyed, so as long as
//! an entry is there, the memory is. Whether the object still lives is another question, which `try_incref` answers. An
//! object is found by the key that stands in its entry, and taken out by its own address, never by the pointer alone: an
//! address is used again by others. Runs under a shard's lock.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use interbind_abi::services::instances::TypeKey;

use crate::ffi::{PyObject, try_incref};
use crate::runtime::own::table::{Full, Hashed, Table, hash_address};

/// One object at one address as one type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pointer: NonNull<c_void>,
    key: *const TypeKey,
    object: NonNull<PyObject>,
}

// SAFETY: keys are compared only, objects touched by attached threads under the shard's lock.
unsafe impl Send for Entry {}

/// An object that somebody asked for, as it stood in an entry; the reference is the caller's.
pub(super) struct Found {
    pub(super) key: *const TypeKey,
    pub(super) object: NonNull<PyObject>,
}

impl Hashed for Entry {
    #[inline(always)]
    fn hash(&self) -> u64 {
        hash(self.pointer)
    }
}

#[inline(always)]
fn hash(pointer: NonNull<c_void>) -> u64 {
    hash_address(pointer.as_ptr() as usize)
}

/// Adds an entry; false when it is there already.
#[inline(always)]
pub(super) fn insert(
    entries: &mut Table<Entry>,
    pointer: NonNull<c_void>,
    key: *const TypeKey,
    object: NonNull<PyObject>,
) -> Result<bool, Full> {
    let same = |entry: &Entry| entry.pointer == pointer && entry.object == object && ptr::eq(entry.key, key);
    entries.add_unless(Entry { pointer, key, object }, same)
}

/// Takes the entry of an object out, under `key` or, when that is NULL, all of them; false when there was none.
#[inline(always)]
pub(super) fn remove(
    entries: &mut Table<Entry>,
    pointer: NonNull<c_void>,
    key: *const TypeKey,
    object: NonNull<PyObject>,
) -> bool {
    let wanted = |entry: &Entry| {
        entry.pointer == pointer && entry.object == object && (key.is_null() || ptr::eq(entry.key, key))
    };
    let found = entries.discard(hash(pointer), wanted);
    if found && key.is_null() {
        while entries.remove(hash(pointer), wanted).is_some() {}
    }
    found
}

/// Finds a living object, and takes a reference to it.
///
/// # Safety
/// 1. Attached, under the lock; each entry's object was enabled, and hasn't been freed.
#[inline(always)]
pub(super) unsafe fn find(
    entries: &Table<Entry>,
    pointer: NonNull<c_void>,
    key: *const TypeKey,
) -> Option<NonNull<PyObject>> {
    let wanted = |entry: &Entry| {
        // SAFETY: duty 1.
        entry.pointer == pointer
            && ptr::eq(entry.key, key)
            && unsafe { try_incref::take(entry.object.as_ptr()) }
    };
    entries.find(hash(pointer), wanted).map(|entry| entry.object)
}

/// Takes a reference to each living object at an address, or to each of all, and adds it to `found`.
///
/// # Safety
/// 1. As [`find`].
pub(super) unsafe fn collect(
    entries: &Table<Entry>,
    pointer: Option<NonNull<c_void>>,
    found: &mut Vec<Found>,
) {
    let mut add = |entry: &Entry| {
        // SAFETY: duty 1.
        if unsafe { try_incref::take(entry.object.as_ptr()) } {
            found.push(Found { key: entry.key, object: entry.object });
        }
    };
    match pointer {
        Some(pointer) => entries.each(hash(pointer), |entry| {
            if entry.pointer == pointer {
                add(entry);
            }
        }),
        None => entries.iter().for_each(add),
    }
}
