//! The lists of the registry: records under each name, in the order of publication, and under the type that they're for.
//!
//! A list only grows and is walked without a lock, because records are never freed; its address is handed out. What maps
//! names and types to lists and entries is guarded by a lock, which is held over no Python API. Called by the registry
//! alone; must not call Python.

use core::ptr::{self, NonNull};

use interbind_abi::core::CoreRecord;
use interbind_abi::types::TypeRecord;

use super::table::{Full, Hashed, Table, hash_address, hash_text};
use crate::ffi::PyObject;
use crate::sync::{AtomicPtr, Mutex, MutexGuard, Ordering, locked};

/// All lists of a registry.
pub(crate) struct Lists {
    core: *mut CoreRecord,
    maps: Mutex<Maps>,
}

/// What the lock guards.
#[derive(Default)]
pub(crate) struct Maps {
    /// In the order in which somebody first asked.
    #[allow(clippy::vec_box, reason = "a list's address is handed out and must not move")]
    pub(crate) all: Vec<Box<List>>,
    by_name: Table<Named>,
    by_type: Table<Typed>,
    by_weak: Table<Watched>,
    callback: Option<Callback>,
    /// Who needs the callback: those who watch a type, or are about to.
    watchers: u64,
    /// How many entries there ever were.
    entries: u64,
}

/// A list's place under its name.
struct Named(NonNull<List>);

/// A watched entry's place under the address of its type.
struct Typed {
    class: NonNull<PyObject>,
    entry: NonNull<Entry>,
}

/// A watched entry's place under the address of its weak reference.
struct Watched(NonNull<Entry>);

/// What the weak references to types call, and the capsule that it gets; one for all, owned while somebody needs it.
#[derive(Clone, Copy)]
pub(crate) struct Callback {
    pub(crate) function: *mut PyObject,
    pub(crate) capsule: *mut PyObject,
}

// SAFETY: leads to a list of the same registry, which lives as long; what changes in it is atomic.
unsafe impl Send for Named {}
// SAFETY: as above, to an entry.
unsafe impl Send for Typed {}
// SAFETY: as above.
unsafe impl Send for Watched {}
// SAFETY: objects, touched by attached threads.
unsafe impl Send for Callback {}

impl Hashed for Named {
    fn hash(&self) -> u64 {
        // SAFETY: lists live as long as the registry.
        hash_text(&unsafe { self.0.as_ref() }.name)
    }
}

impl Hashed for Typed {
    fn hash(&self) -> u64 {
        hash_address(self.class.as_ptr() as usize)
    }
}

impl Hashed for Watched {
    fn hash(&self) -> u64 {
        // SAFETY: entries live as long as the registry; the address changes under the lock, while it isn't in the table.
        hash_address(unsafe { self.0.as_ref() }.weak.load(Ordering::Relaxed) as usize)
    }
}

/// The records under one name, in the order of publication.
pub(crate) struct List {
    pub(crate) name: Box<str>,
    first: AtomicPtr<Entry>,
}

/// A record's place in a list.
pub(crate) struct Entry {
    pub(crate) record: *const TypeRecord,
    /// The weak reference whose callback tells that the type died, owned; NULL when it has, and under the native key of a
    /// record that has a name too: it is counted and watched there.
    pub(crate) weak: AtomicPtr<PyObject>,
    pub(crate) lists: *const Lists,
    /// In the order of publication.
    pub(crate) number: u64,
    next: AtomicPtr<Entry>,
}

impl Maps {
    fn known(&self, name: &str) -> Option<NonNull<List>> {
        // SAFETY: lists live as long as the registry.
        let found = self.by_name.find(hash_text(name), |list| *unsafe { list.0.as_ref() }.name == *name);
        found.map(|list| list.0)
    }
}

impl Lists {
    pub(crate) fn new(core: *mut CoreRecord) -> Self {
        Self { core, maps: Mutex::default() }
    }

    /// Locks; whoever holds the guard calls nothing of Python.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Maps> {
        locked(&self.maps)
    }

    /// The list of that name, if anybody has asked for it.
    pub(crate) fn known(&self, name: &str) -> Option<NonNull<List>> {
        self.lock().known(name)
    }

    pub(crate) fn nth(&self, place: usize) -> Option<*const List> {
        self.lock().all.get(place).map(|list| &raw const **list)
    }

    /// The place of a record in a list, made if it isn't there.
    pub(crate) fn place(&self, list: &List, record: *const TypeRecord) -> NonNull<Entry> {
        let same = |entry: &Entry| ptr::eq(entry.record, record).then_some(NonNull::from(entry));
        if let Some(entry) = list.find(same) {
            return entry;
        }
        let mut maps = self.lock();
        // Somebody may have been faster between the walk and the lock.
        list.find(same).unwrap_or_else(|| {
            maps.entries += 1;
            let entry = Box::new(Entry {
                record,
                weak: AtomicPtr::new(ptr::null_mut()),
                lists: self,
                number: maps.entries,
                next: AtomicPtr::new(ptr::null_mut()),
            });
            let address = NonNull::from(&*entry);
            list.append(entry);
            address
        })
    }

    /// The list of that name, made if nobody has asked for it; `None` without memory.
    pub(crate) fn list(&self, name: &str) -> Option<NonNull<List>> {
        let mut maps = self.lock();
        if let Some(list) = maps.known(name) {
            return Some(list);
        }
        maps.by_name.reserve().ok()?;
        let list = Box::new(List { name: name.into(), first: AtomicPtr::new(ptr::null_mut()) });
        let address = NonNull::from(&*list);
        maps.all.push(list);
        maps.by_name.add(Named(address)).ok()?;
        Some(address)
    }

    /// The entry of a type that comes after the one with that number.
    pub(crate) fn of_type(&self, class: NonNull<PyObject>, number: u64) -> Option<NonNull<Entry>> {
        let mut next: Option<&Entry> = None;
        self.lock().by_type.each(hash_address(class.as_ptr() as usize), |typed| {
            // SAFETY: entries live as long as the registry.
            let entry = unsafe { typed.entry.as_ref() };
            if typed.class == class
                && entry.number > number
                && next.is_none_or(|next| entry.number < next.number)
            {
                next = Some(entry);
            }
        });
        next.map(NonNull::from)
    }

    /// The number of a record's entry under its type.
    pub(crate) fn number_of(&self, class: NonNull<PyObject>, record: *const TypeRecord) -> Option<u64> {
        let maps = self.lock();
        let found = maps.by_type.find(hash_address(class.as_ptr() as usize), |typed| {
            // SAFETY: entries live as long as the registry.
            typed.class == class && ptr::eq(unsafe { typed.entry.as_ref() }.record, record)
        });
        // SAFETY: as above.
        found.map(|typed| unsafe { typed.entry.as_ref() }.number)
    }

    /// Puts an entry under the addresses of its type and of a weak reference to it, which it takes over; false, and
    /// nothing is done, when it has one.
    pub(crate) fn watch(
        &self,
        class: NonNull<PyObject>,
        entry: &Entry,
        weak: *mut PyObject,
    ) -> Result<bool, Full> {
        let mut maps = self.lock();
        if !entry.weak.load(Ordering::Relaxed).is_null() {
            return Ok(false);
        }
        maps.by_type.reserve()?;
        maps.by_weak.reserve()?;
        entry.weak.store(weak, Ordering::Release);
        maps.by_type.add(Typed { class, entry: NonNull::from(entry) })?;
        maps.by_weak.add(Watched(NonNull::from(entry)))?;
        Ok(true)
    }

    /// The entry that owns that weak reference.
    pub(crate) fn watched(&self, weak: *mut PyObject) -> Option<NonNull<Entry>> {
        // SAFETY: entries live as long as the registry.
        let same = |watched: &Watched| unsafe { watched.0.as_ref() }.weak.load(Ordering::Relaxed) == weak;
        self.lock().by_weak.find(hash_address(weak as usize), same).map(|watched| watched.0)
    }

    /// Takes a dying type's entry out from under both addresses, and the weak reference away from it; false when somebody
    /// was faster.
    pub(crate) fn forget(&self, class: *mut PyObject, entry: &Entry, weak: *mut PyObject) -> bool {
        let mut maps = self.lock();
        if entry.weak.load(Ordering::Relaxed) != weak {
            return false;
        }
        let is_it = |other: NonNull<Entry>| ptr::eq(other.as_ptr(), entry);
        maps.by_weak.remove(hash_address(weak as usize), |watched| is_it(watched.0));
        maps.by_type.remove(hash_address(class as usize), |typed| is_it(typed.entry));
        entry.weak.store(ptr::null_mut(), Ordering::Release);
        true
    }

    /// The callback, for one more who needs it: the one that there is, else the one that is offered.
    pub(crate) fn need(&self, offered: Option<Callback>) -> Option<Callback> {
        let mut maps = self.lock();
        maps.callback = maps.callback.or(offered);
        maps.watchers += u64::from(maps.callback.is_some());
        maps.callback
    }

    /// One who needed the callback no longer does: the callback, when that was the last.
    pub(crate) fn part(&self) -> Option<Callback> {
        let mut maps = self.lock();
        maps.watchers -= 1;
        if maps.watchers == 0 { maps.callback.take() } else { None }
    }

    /// The core that the registry belongs to.
    pub(crate) fn core(&self) -> *mut CoreRecord {
        self.core
    }
}

impl List {
    /// Calls `visit` with each entry until it returns something.
    pub(crate) fn find<R>(&self, mut visit: impl FnMut(&Entry) -> Option<R>) -> Option<R> {
        let mut at = self.first.load(Ordering::Acquire);
        // SAFETY: entries live as long as the registry.
        while let Some(entry) = unsafe { at.as_ref() } {
            if let Some(found) = visit(entry) {
                return Some(found);
            }
            at = entry.next.load(Ordering::Acquire);
        }
        None
    }

    /// Appends an entry. The registry's lock is held.
    fn append(&self, entry: Box<Entry>) {
        let mut last = &self.first;
        // SAFETY: entries live as long as the registry.
        while let Some(entry) = unsafe { last.load(Ordering::Acquire).as_ref() } {
            last = &entry.next;
        }
        last.store(Box::into_raw(entry), Ordering::Release);
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let mut at = self.first.load(Ordering::Acquire);
        while !at.is_null() {
            // SAFETY: the registry is being dropped: nobody walks the list; each entry came from a box.
            let entry = unsafe { Box::from_raw(at) };
            at = entry.next.load(Ordering::Acquire);
        }
    }
}

/// Tells whether a record is alive in the interpreter of that core.
pub(crate) fn is_live(record: *const TypeRecord, core: *const CoreRecord) -> bool {
    // SAFETY: records are never freed.
    let record = unsafe { &*record };
    !record.py_type.load(Ordering::Acquire).is_null() && ptr::eq(record.core.load(Ordering::Relaxed), core)
}
