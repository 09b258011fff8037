//! The map from a C pointer and a type key to the Python objects that wrap it.
//!
//! An entry borrows its object: the object's dealloc takes it out before anything of the object is destroyed, so as long as
//! an entry is there, the memory is. Whether the object still lives is another question, which `try_incref` answers. An
//! object is found by the key that stands in its entry, and taken out by its own address, never by the pointer alone: an
//! address is used again by others. Runs under a shard's lock.

use core::ffi::c_void;
use core::num::NonZeroUsize;
use core::ptr::{self, NonNull};

use interbind_abi::services::instances::TypeKey;
use interbind_structures::table::{Full, Hashed, Table, hash_address};

use crate::ffi::try_incref::Enabled;
use crate::ffi::{Attached, Owed, PyObject};

/// One object at one address as one type. Addresses are compared, and never followed here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pointer: NonZeroUsize,
    key: usize,
    object: Enabled,
}

/// An object that somebody asked for, as it stood in an entry; the reference is the caller's.
pub(super) struct Found {
    pub(super) key: *const TypeKey,
    pub(super) object: Owed,
}

impl Entry {
    #[inline(always)]
    fn is_at(&self, pointer: NonNull<c_void>) -> bool {
        self.pointer == pointer.addr()
    }

    #[inline(always)]
    fn is_a(&self, key: *const TypeKey) -> bool {
        self.key == key.addr()
    }
}

impl Hashed for Entry {
    #[inline(always)]
    fn hash(&self) -> u64 {
        hash_address(self.pointer.get())
    }
}

#[inline(always)]
fn hash(pointer: NonNull<c_void>) -> u64 {
    hash_address(pointer.addr().get())
}

/// Adds an entry; false when it is there already.
#[inline(always)]
pub(super) fn insert(
    entries: &mut Table<Entry>,
    pointer: NonNull<c_void>,
    key: *const TypeKey,
    object: Enabled,
) -> Result<bool, Full> {
    let same = |entry: &Entry| entry.is_at(pointer) && entry.object == object && entry.is_a(key);
    // Who visits gets the key back.
    let key = key.expose_provenance();
    entries.add_unless(Entry { pointer: pointer.addr(), key, object }, same)
}

/// Takes the entry of an object out, under `key` or, when that is NULL, all of them; false when there was none.
#[inline(always)]
pub(super) fn remove(
    entries: &mut Table<Entry>,
    pointer: NonNull<c_void>,
    key: *const TypeKey,
    object: NonNull<PyObject>,
) -> bool {
    let wanted =
        |entry: &Entry| entry.is_at(pointer) && entry.object.is(object) && (key.is_null() || entry.is_a(key));
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
) -> Option<Owed> {
    let mut found = None;
    entries.find(hash(pointer), |entry| {
        if entry.is_at(pointer) && entry.is_a(key) {
            found = entry.object.take(at);
        }
        found.is_some()
    });
    found
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
        } else if let Some(object) = entry.object.take(at) {
            found.push(Found { key: ptr::with_exposed_provenance(entry.key), object });
        }
    };
    match pointer {
        Some(pointer) => entries.each(hash(pointer), |entry| {
            if entry.is_at(pointer) {
                add(entry);
            }
        }),
        None => entries.iter().for_each(add),
    }
}
