//! The map from a C pointer and a type key to the Python objects that wrap it.
//!
//! An entry borrows its object: the object's dealloc takes it out before anything of the object is destroyed, so as long as
//! an entry is there, the memory is. Whether the object still lives is another question, which `try_incref` answers. An
//! object is found by the key that stands in its entry, and taken out by its own address, never by the pointer alone: an
//! address is used again by others. Runs under a shard's lock.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use interbind_abi::services::instances::TypeKey;
use interbind_structures::table::{Full, Hashed, Table, hash_address};

use crate::ffi::{Attached, PyObject, try_incref};

/// An object that an entry may borrow: references to it can be taken, also when it is dying.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enabled(NonNull<PyObject>);

impl Enabled {
    /// Makes an object ready for the map.
    ///
    /// # Safety
    /// 1. A live object, which is taken out of the map before its memory is freed.
    #[inline(always)]
    pub(super) unsafe fn new(_at: Attached, object: NonNull<PyObject>) -> Self {
        // SAFETY: duty 1; attached.
        unsafe { try_incref::enable(object.as_ptr()) };
        Self(object)
    }
}

/// One object at one address as one type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pointer: NonNull<c_void>,
    key: *const TypeKey,
    object: Enabled,
}

// SAFETY: keys are compared only, objects touched by attached threads under the shard's lock.
unsafe impl Send for Entry {}

/// An object that somebody asked for, as it stood in an entry; the reference is the caller's.
pub(super) struct Found {
    pub(super) key: *const TypeKey,
    pub(super) object: NonNull<PyObject>,
}

impl Entry {
    /// Takes a reference to the object, unless it is dying. Entries are seen in the map alone.
    #[inline(always)]
    fn take(&self, _at: Attached) -> Option<NonNull<PyObject>> {
        let object = self.object.0;
        // SAFETY: `Enabled`'s duty: the entry is there, so the memory is; attached.
        (unsafe { try_incref::take(object.as_ptr()) }).then_some(object)
    }
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
    object: Enabled,
) -> Result<bool, Full> {
    let same =
        |entry: &Entry| entry.pointer == pointer && entry.object.0 == object.0 && ptr::eq(entry.key, key);
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
        entry.pointer == pointer && entry.object.0 == object && (key.is_null() || ptr::eq(entry.key, key))
    };
    let found = entries.discard(hash(pointer), wanted);
    if found && key.is_null() {
        while entries.remove(hash(pointer), wanted).is_some() {}
    }
    found
}

/// Finds a living object, and takes a reference to it.
#[inline(always)]
pub(super) fn find(
    at: Attached,
    entries: &Table<Entry>,
    pointer: NonNull<c_void>,
    key: *const TypeKey,
) -> Option<NonNull<PyObject>> {
    let wanted =
        |entry: &Entry| entry.pointer == pointer && ptr::eq(entry.key, key) && entry.take(at).is_some();
    entries.find(hash(pointer), wanted).map(|entry| entry.object.0)
}

/// Takes a reference to each living object at an address, or to each of all, and adds it to `found`.
pub(super) fn collect(
    at: Attached,
    entries: &Table<Entry>,
    pointer: Option<NonNull<c_void>>,
    found: &mut Vec<Found>,
) {
    let mut is_full = false;
    let mut add = |entry: &Entry| {
        if is_full || found.try_reserve(1).is_err() {
            is_full = true;
        } else if let Some(object) = entry.take(at) {
            found.push(Found { key: entry.key, object });
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
