//! The lists of the registry: records under each name, in the order of publication, and under the class that they're for.
//!
//! A list only grows and is walked without a lock, because records are never freed; its address is handed out. What maps
//! names and classes to lists and entries is guarded by a lock, which is held over no Python API. A record is made live and
//! taken out again under that lock, so a class that leaves takes all its records along. Called by the registry alone; must
//! not call Python.
//!
//! **Boundary**: lists and entries are found by address, and last as long as the registry, longer than the lock is held.

use core::ops::Deref;
use core::ptr::{self, NonNull};
use std::process;

use interbind_abi::core::CoreRecord;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::FLAG_IMMORTAL;
use interbind_structures::claim;
use interbind_structures::live;
use interbind_structures::memory::{boxed, copied, push};
use interbind_structures::table::{Full, Hashed, Table, hash_address, hash_text};

use crate::ffi::{Attached, PyObject, Strong, host};
use crate::sync::{AtomicPtr, Mutex, MutexGuard, Ordering, locked};

/// All lists of a registry.
pub(crate) struct Lists {
    /// Compared with what a record says, and never followed here.
    core: *mut CoreRecord,
    serial: [u64; 2],
    maps: Mutex<Maps>,
    /// The process of another interpreter than the main one.
    process: Option<u32>,
}

/// What the lock guards.
#[derive(Default)]
pub(crate) struct Maps {
    /// In the order in which somebody first asked.
    #[allow(clippy::vec_box, reason = "a list's address is handed out and must not move")]
    pub(crate) all: Vec<Box<List>>,
    by_name: Table<Named>,
    by_class: Table<Typed>,
    /// Classes that an anchor or the registry itself owns, also those whose records were all unpublished: an anchor that is
    /// replaced takes every record of its class out.
    anchored: Table<Anchored>,
    /// The anchors' type, owned; NULL before the first class is published.
    anchors: Option<NonNull<PyObject>>,
    /// Classes that the registry owns by itself, because they take no anchor.
    kept: Vec<NonNull<PyObject>>,
    /// How many entries there ever were.
    entries: u64,
}

/// A list or an entry: it lives as long as the registry, and what changes in it is atomic.
pub(crate) struct Lasting<T>(NonNull<T>);

/// A list's place under its name.
struct Named(Lasting<List>);

/// A live entry's place under the address of its class.
struct Typed {
    class: NonNull<PyObject>,
    entry: Lasting<Entry>,
}

/// The address of a class that is owned.
struct Anchored(NonNull<PyObject>);

impl<T> Lasting<T> {
    /// # Safety
    /// 1. What the reference leads to is in a registry, which the user of this value keeps.
    unsafe fn new(lasting: &T) -> Self {
        Self(NonNull::from(lasting))
    }

    /// Its address.
    pub(crate) fn as_ptr(self) -> *const T {
        self.0.as_ptr()
    }
}

impl<T> Clone for Lasting<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Lasting<T> {}

impl<T> Deref for Lasting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `Lasting::new`'s duty.
        unsafe { self.0.as_ref() }
    }
}

// SAFETY: lists and entries are shared already, as `Lasting` says; objects are touched by attached threads.
unsafe impl Send for Maps {}

impl Hashed for Named {
    fn hash(&self) -> u64 {
        hash_text(&self.0.name)
    }
}

impl Hashed for Anchored {
    fn hash(&self) -> u64 {
        hash_address(self.0.as_ptr() as usize)
    }
}

impl Hashed for Typed {
    fn hash(&self) -> u64 {
        hash_address(self.class.as_ptr() as usize)
    }
}

/// The records under one name, in the order of publication.
pub(crate) struct List {
    pub(crate) name: Box<str>,
    first: AtomicPtr<Entry>,
}

/// A record's place in a list.
pub(crate) struct Entry {
    pub(crate) record: &'static TypeRecord,
    pub(crate) lists: *const Lists,
    /// In the order of publication.
    pub(crate) number: u64,
    /// False under the native key of a record that has a name too: it is counted there.
    pub(crate) is_counted: bool,
    next: AtomicPtr<Entry>,
}

/// How far a record is.
pub(crate) enum Standing {
    /// It is live now, and its class is owned by the anchor in hand.
    Live,
    /// It is live now, and its class had an anchor.
    Joined,
    /// Its class has none yet: nothing was done.
    NoAnchor,
    /// It is live for this class already.
    Same,
    /// It isn't claimed, or lives for another class or in another core.
    Differs,
}

impl Maps {
    fn known(&self, name: &str) -> Option<Lasting<List>> {
        let found = self.by_name.find(hash_text(name), |list| *list.0.name == *name);
        found.map(|list| list.0)
    }

    /// Whether the class is owned already.
    fn is_anchored(&self, class: NonNull<PyObject>) -> bool {
        self.anchored.find(hash_address(class.as_ptr() as usize), |known| known.0 == class).is_some()
    }
}

impl Lists {
    pub(crate) fn new(at: Attached, core: *mut CoreRecord, serial: [u64; 2]) -> Self {
        let process = (!host::is_main(at)).then(process::id);
        Self { core, serial, maps: Mutex::default(), process }
    }

    /// Tells whether the process was forked from the one in which the interpreter ran. Python takes such an interpreter apart
    /// in the child; one of its threads may have held the lock, so it is never taken there, and what the lists own is given up.
    fn is_left_behind(&self) -> bool {
        self.process.is_some_and(|of_maker| of_maker != process::id())
    }

    /// Locks; whoever holds the guard calls nothing of Python.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Maps> {
        locked(&self.maps)
    }

    /// The list of that name, if anybody has asked for it.
    pub(crate) fn known(&self, name: &str) -> Option<Lasting<List>> {
        self.lock().known(name)
    }

    pub(crate) fn nth(&self, place: usize) -> Option<*const List> {
        self.lock().all.get(place).map(|list| &raw const **list)
    }

    /// The place of a record in a list, made if it isn't there.
    pub(crate) fn place(
        &self,
        list: &List,
        record: &'static TypeRecord,
        is_counted: bool,
    ) -> Result<Lasting<Entry>, Full> {
        // SAFETY: (1) an entry of a list of this registry.
        let same = |entry: &Entry| ptr::eq(entry.record, record).then(|| unsafe { Lasting::new(entry) });
        if let Some(entry) = list.find(same) {
            return Ok(entry);
        }
        let mut maps = self.lock();
        // Another thread may have been faster between the walk and the lock.
        if let Some(entry) = list.find(same) {
            return Ok(entry);
        }
        let next = AtomicPtr::new(ptr::null_mut());
        let entry = boxed(Entry { record, lists: self, number: maps.entries + 1, is_counted, next })?;
        maps.entries += 1;
        // SAFETY: (1) appended now.
        let address = unsafe { Lasting::new(&*entry) };
        list.append(entry);
        Ok(address)
    }

    /// The list of that name, made if nobody has asked for it.
    pub(crate) fn list(&self, name: &str) -> Result<Lasting<List>, Full> {
        let mut maps = self.lock();
        if let Some(list) = maps.known(name) {
            return Ok(list);
        }
        maps.by_name.reserve()?;
        let list = boxed(List { name: copied(name)?, first: AtomicPtr::new(ptr::null_mut()) })?;
        // SAFETY: (1) added now; when that fails, the value is gone as well.
        let address = unsafe { Lasting::new(&*list) };
        push(&mut maps.all, list)?;
        maps.by_name.add(Named(address))?;
        Ok(address)
    }

    /// The entry of a class that comes after the one with that number.
    pub(crate) fn of_class(&self, class: NonNull<PyObject>, number: u64) -> Option<Lasting<Entry>> {
        let mut next: Option<Lasting<Entry>> = None;
        self.lock().by_class.each(hash_address(class.as_ptr() as usize), |typed| {
            let number_here = typed.entry.number;
            if typed.class == class
                && number_here > number
                && next.is_none_or(|next| number_here < next.number)
            {
                next = Some(typed.entry);
            }
        });
        next
    }

    /// The number of a record's entry under its class.
    pub(crate) fn number_of(&self, class: NonNull<PyObject>, record: *const TypeRecord) -> Option<u64> {
        let maps = self.lock();
        let found = maps.by_class.find(hash_address(class.as_ptr() as usize), |typed| {
            typed.class == class && ptr::eq(typed.entry.record, record)
        });
        found.map(|typed| typed.entry.number)
    }

    /// Makes a claimed record live for a class that is anchored. With an anchor in hand, whose arming is `anchored`, the class
    /// is anchored by that one.
    ///
    /// # Errors
    /// [`Full`]; nothing has changed.
    pub(crate) fn enliven(
        &self,
        class: NonNull<PyObject>,
        entry: Lasting<Entry>,
        anchored: Option<&dyn Fn()>,
    ) -> Result<Standing, Full> {
        let mut maps = self.lock();
        let record = entry.record;
        if claim::is_live(&record.state) {
            let same = is_live(record, self.core) && is_for(record, class);
            return Ok(if same { Standing::Same } else { Standing::Differs });
        }
        if record.state.load(Ordering::Acquire) != claim::CLAIMED {
            return Ok(Standing::Differs);
        }
        let has_anchor = maps.is_anchored(class);
        if !has_anchor && anchored.is_none() {
            return Ok(Standing::NoAnchor);
        }
        maps.by_class.reserve()?;
        maps.anchored.reserve()?;
        record.core.store(self.core, Ordering::Relaxed);
        for (half, value) in record.serial.iter().zip(self.serial) {
            half.store(value, Ordering::Relaxed);
        }
        if !claim::enliven(&record.state) {
            return Ok(Standing::Differs);
        }
        maps.by_class.add(Typed { class, entry })?;
        if let (false, Some(arm)) = (has_anchor, anchored) {
            maps.anchored.add(Anchored(class))?;
            arm();
        }
        if maps.kept.contains(&class) {
            record.flags.fetch_or(FLAG_IMMORTAL, Ordering::Relaxed);
        }
        // Last: who reads the class there sees all the rest.
        record.py_type.store(class.as_ptr().cast(), Ordering::Release);
        Ok(if has_anchor { Standing::Joined } else { Standing::Live })
    }

    /// Takes every record of a class out: its anchor is about to let go.
    pub(crate) fn leave(&self, class: NonNull<PyObject>) {
        if self.is_left_behind() {
            return;
        }
        let mut maps = self.lock();
        let hash = hash_address(class.as_ptr() as usize);
        maps.anchored.discard(hash, |known| known.0 == class);
        while let Some(typed) = maps.by_class.remove(hash, |typed| typed.class == class) {
            retire(&maps, typed.entry.record);
        }
    }

    /// Takes one record out, whose class lives on; false when it isn't live here.
    pub(crate) fn unpublish(&self, record: *const TypeRecord) -> bool {
        let mut maps = self.lock();
        let find = |maps: &Maps| {
            let mut all = maps.by_class.iter().map(|typed| (typed.class, typed.entry));
            all.find(|(_, entry)| ptr::eq(entry.record, record))
        };
        let Some((class, entry)) = find(&maps) else { return false };
        let record = entry.record;
        maps.by_class
            .discard(hash_address(class.as_ptr() as usize), |typed| ptr::eq(typed.entry.record, record));
        retire(&maps, record);
        true
    }

    /// A reference to the class of a record that is live here. Under the lock the class can't leave, and until it has left its
    /// anchor owns it: so the count is raised inside, which is the one thing of Python done there.
    pub(crate) fn hold(&self, at: Attached, record: &TypeRecord) -> Option<Strong> {
        let maps = self.lock();
        let is_ours =
            record.serial.iter().zip(self.serial).all(|(half, ours)| half.load(Ordering::Relaxed) == ours);
        let class = live::class_here(&maps, &record.py_type, &record.core, self.core).filter(|_| is_ours)?;
        // SAFETY: the class of a live record is owned by an anchor or by the registry, neither of which lets go before
        // `leave`, which waits for the lock.
        Some(unsafe { Strong::from_borrowed(at, class.as_ptr().cast()) })
    }

    /// The anchors' type: the one that there is, else the one that is offered, which is taken over then.
    pub(crate) fn anchors(&self, offered: Option<NonNull<PyObject>>) -> Option<NonNull<PyObject>> {
        let mut maps = self.lock();
        maps.anchors = maps.anchors.or(offered);
        maps.anchors
    }

    /// Notes a class that the registry owns by itself, with all records that it has by now.
    pub(crate) fn keep(&self, class: NonNull<PyObject>) -> Result<(), Full> {
        let mut maps = self.lock();
        push(&mut maps.kept, class)?;
        maps.by_class.each(hash_address(class.as_ptr() as usize), |typed| {
            if typed.class == class {
                typed.entry.record.flags.fetch_or(FLAG_IMMORTAL, Ordering::Relaxed);
            }
        });
        Ok(())
    }

    /// Gives up what the registry owns: the classes, and the anchors' type.
    pub(crate) fn close(&self) -> (Vec<NonNull<PyObject>>, Option<NonNull<PyObject>>) {
        if self.is_left_behind() {
            return (Vec::new(), None);
        }
        let mut maps = self.lock();
        (core::mem::take(&mut maps.kept), maps.anchors.take())
    }

    /// The core that the registry belongs to.
    pub(crate) fn core(&self) -> *mut CoreRecord {
        self.core
    }
}

/// Makes a live record free, for its provider to use again.
fn retire(maps: &MutexGuard<'_, Maps>, record: &TypeRecord) {
    live::retire(maps, &record.state, &record.py_type, &record.core);
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

/// Tells whether a record is published in that core.
pub(crate) fn is_live(record: &TypeRecord, core: *const CoreRecord) -> bool {
    live::is_here(&record.py_type, &record.core, core)
}

fn is_for(record: &TypeRecord, class: NonNull<PyObject>) -> bool {
    ptr::eq(record.py_type.load(Ordering::Acquire), class.as_ptr().cast())
}
