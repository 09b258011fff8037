//! The registry that this build serves: the maker's side of the `types` service.
//!
//! Only the maker touches the map; a list only grows and is walked without a lock, because records are never freed. When
//! a type dies, its record says so itself (`py_type` is NULL) before the address can be reused, so nothing has to be
//! taken out of a list. Belongs to the internals contract.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::keys;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::ServiceHead;
use interbind_abi::types::record::{FLAG_IMMORTAL, FLAG_OUTRANKED, TYPE};
use interbind_abi::types::registry::{TYPES, TypeCounts, TypeList};
use interbind_abi::types::{TypeRecord, TypesService, native};
use interbind_abi::{RecordHeader, Str};

use crate::ffi::{Attached, PyObject, Raised, Strong, error, thunk, type_object, weak};
use crate::sync::{AtomicPtr, Mutex, MutexGuard, Ordering, locked};
use crate::table::{Hashed, Table, hash_address, hash_text};
use crate::upcast;

/// What a maker keeps behind its table.
struct Registry {
    table: TypesService,
    core: *mut CoreRecord,
    lists: Mutex<Lists>,
}

/// What the registry's lock guards; it is held over no Python API.
#[derive(Default)]
struct Lists {
    /// In the order in which somebody first asked.
    #[allow(clippy::vec_box, reason = "a list's address is handed out and must not move")]
    all: Vec<Box<List>>,
    by_name: Table<Named>,
    by_type: Table<Typed>,
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

// SAFETY (both): the pointers lead to lists and entries of the same registry, which are `Sync` and live as long.
unsafe impl Send for Named {}
// SAFETY: as above.
unsafe impl Send for Typed {}

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

impl Lists {
    fn known(&self, name: &str) -> Option<NonNull<List>> {
        // SAFETY: lists live as long as the registry.
        let found = self.by_name.find(hash_text(name), |list| *unsafe { list.0.as_ref() }.name == *name);
        found.map(|list| list.0)
    }
}

/// The records under one name, in the order of publication.
struct List {
    name: Box<str>,
    registry: *const Registry,
    first: AtomicPtr<Entry>,
}

/// A record's place in a list.
struct Entry {
    record: *const TypeRecord,
    /// The weak reference whose callback tells that the type died; NULL when it has.
    weak: AtomicPtr<PyObject>,
    registry: *const Registry,
    /// True for the place under the native key of a record that has a name too: it is counted and watched there.
    is_again: bool,
    /// In the order of publication.
    number: u64,
    next: AtomicPtr<Entry>,
}

/// The registry as the walk over base classes sees it.
struct Bases<'a> {
    registry: &'a Registry,
    target: &'a List,
}

impl upcast::Classes for Bases<'_> {
    fn is_target(&self, key: &str) -> bool {
        *self.target.name == *key
    }

    fn record(&self, key: &str) -> Option<&TypeRecord> {
        // SAFETY: lists live as long as the registry.
        let list = unsafe { self.registry.known(key)?.as_ref() };
        let found = list.find(|entry| is_live(entry.record, self.registry.core).then_some(entry.record));
        // SAFETY: records are never freed.
        found.map(|record| unsafe { &*record })
    }
}

impl Registry {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        locked(&self.lists)
    }

    /// The list of that name, if anybody has asked for it.
    fn known(&self, name: &str) -> Option<NonNull<List>> {
        self.lists().known(name)
    }

    fn nth(&self, place: usize) -> Option<*const List> {
        self.lists().all.get(place).map(|list| &raw const **list)
    }

    /// The place of a record in a list, made if it isn't there.
    fn place(&self, list: &List, record: *const TypeRecord, is_again: bool) -> NonNull<Entry> {
        let same = |entry: &Entry| ptr::eq(entry.record, record).then_some(NonNull::from(entry));
        if let Some(entry) = list.find(same) {
            return entry;
        }
        let mut lists = self.lists();
        // Somebody may have been faster between the walk and the lock.
        list.find(same).unwrap_or_else(|| {
            lists.entries += 1;
            let entry = Box::new(Entry {
                record,
                weak: AtomicPtr::new(ptr::null_mut()),
                registry: self,
                is_again,
                number: lists.entries,
                next: AtomicPtr::new(ptr::null_mut()),
            });
            let address = NonNull::from(&*entry);
            list.append(entry);
            address
        })
    }

    /// The list of that name, made if nobody has asked for it; `None` without memory.
    fn list(&self, name: &str) -> Option<NonNull<List>> {
        let mut lists = self.lists();
        if let Some(list) = lists.known(name) {
            return Some(list);
        }
        lists.by_name.reserve().ok()?;
        let list =
            Box::new(List { name: name.into(), registry: self, first: AtomicPtr::new(ptr::null_mut()) });
        let address = NonNull::from(&*list);
        lists.all.push(list);
        lists.by_name.add(Named(address)).ok()?;
        Some(address)
    }

    /// The entry of a type that comes after the one with that number.
    fn of_type(&self, class: NonNull<PyObject>, number: u64) -> Option<NonNull<Entry>> {
        let mut next: Option<&Entry> = None;
        self.lists().by_type.each(hash_address(class.as_ptr() as usize), |typed| {
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
    fn number_of(&self, class: NonNull<PyObject>, record: *const TypeRecord) -> Option<u64> {
        let lists = self.lists();
        let found = lists.by_type.find(hash_address(class.as_ptr() as usize), |typed| {
            // SAFETY: entries live as long as the registry.
            typed.class == class && ptr::eq(unsafe { typed.entry.as_ref() }.record, record)
        });
        // SAFETY: as above.
        found.map(|typed| unsafe { typed.entry.as_ref() }.number)
    }

    /// Takes a dying type's entry out from under its address.
    fn forget(&self, class: NonNull<PyObject>, entry: &Entry) {
        let hash = hash_address(class.as_ptr() as usize);
        self.lists()
            .by_type
            .remove(hash, |typed| typed.class == class && ptr::eq(typed.entry.as_ptr(), entry));
    }
}

impl List {
    /// Calls `visit` with each entry until it returns something.
    fn find<R>(&self, mut visit: impl FnMut(&Entry) -> Option<R>) -> Option<R> {
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
fn is_live(record: *const TypeRecord, core: *const CoreRecord) -> bool {
    // SAFETY: records are never freed.
    let record = unsafe { &*record };
    !record.py_type.load(Ordering::Acquire).is_null() && ptr::eq(record.core.load(Ordering::Relaxed), core)
}

thunk! {
    /// Makes a registry for [`CoreRecord::service`]; `context` is the maker's owner record, which lives for ever.
    pub(crate) fn make(core: *mut CoreRecord, context: *mut c_void, out: *mut *mut ServiceHead) -> Status, else Status::FAILED, {
        let registry = Box::into_raw(Box::new(Registry {
            table: TypesService {
                head: ServiceHead {
                    header: TYPES.header::<TypesService>(),
                    name: Str::new(keys::TYPES),
                    owner: context.cast_const().cast::<OwnerRecord>(),
                    destroy,
                },
                list: list_of,
                next: next_of,
                publish: publish_in,
                names: names_of,
                count: count_of,
                of_type: next_of_type,
                upcast: upcast_to,
                private: ptr::null_mut(),
            },
            core,
            lists: Mutex::default(),
        }));
        // SAFETY: just made, not shared yet.
        let table = unsafe { &raw mut (*registry).table };
        // SAFETY: as above.
        unsafe { (*table).private = registry.cast() };
        // SAFETY: `MakeService`'s contract.
        unsafe { out.write(table.cast()) };
        Status::OK
    }

    fn destroy(service: *mut ServiceHead), else (), {
        // SAFETY: the core calls this once, with the table that `make` made; `private` was set there.
        let registry = unsafe { (*service.cast::<TypesService>()).private };
        // SAFETY: as above. No live type is left (each is a user of the core), so no weak reference is.
        drop(unsafe { Box::from_raw(registry.cast::<Registry>()) });
    }

    fn list_of(service: *const TypesService, name: Str, out: *mut *const TypeList) -> Status, else Status::FAILED, {
        // SAFETY: the table's contract: the text is readable during the call.
        let name = unsafe { name.read() };
        let (Some(name), Some(registry), false) = (name, registry_of(service), out.is_null()) else {
            return Status::INVALID;
        };
        let Some(list) = registry.list(name) else { return Status::FAILED };
        // SAFETY: not NULL; the table's contract.
        unsafe { out.write(list.as_ptr().cast_const().cast()) };
        Status::OK
    }

    fn next_of(list: *const TypeList, after: *const TypeRecord) -> *const TypeRecord, else ptr::null(), {
        // SAFETY: the table's contract: the list came from `list_of` of this service.
        let Some(list) = (unsafe { list.cast::<List>().as_ref() }) else { return ptr::null() };
        // SAFETY: a list is dropped with its registry only.
        let core = unsafe { (*list.registry).core };
        let mut passed = after.is_null();
        list.find(|entry| {
            if !passed {
                passed = ptr::eq(entry.record, after);
                return None;
            }
            is_live(entry.record, core).then_some(entry.record)
        })
        .unwrap_or(ptr::null())
    }

    fn publish_in(service: *const TypesService, record: *const TypeRecord) -> Status, else Status::FAILED, {
        let Some(registry) = registry_of(service) else { return Status::INVALID };
        // SAFETY: the table's contract: publishing is done attached.
        publish(unsafe { Attached::assume() }, registry, record)
    }

    fn names_of(
        service: *const TypesService,
        visit: Option<unsafe extern "C" fn(name: Str, list: *const TypeList, context: *mut c_void) -> Status>,
        context: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(registry), Some(visit)) = (registry_of(service), visit) else { return Status::INVALID };
        let mut place = 0;
        // The lock isn't held over foreign code.
        while let Some(list) = registry.nth(place) {
            // SAFETY: lists live as long as the registry.
            let name = unsafe { &(*list).name };
            // SAFETY: the visitor's contract; name and list live as long as the service.
            let status = unsafe { visit(Str { ptr: name.as_ptr(), len: name.len() as u64 }, list.cast(), context) };
            if status != Status::OK {
                return status;
            }
            place += 1;
        }
        Status::OK
    }

    fn count_of(service: *const TypesService, out: *mut TypeCounts) -> Status, else Status::FAILED, {
        let (Some(registry), false) = (registry_of(service), out.is_null()) else { return Status::INVALID };
        let mut counts = TypeCounts::default();
        let lists = registry.lists();
        counts.names = lists.all.len() as u64;
        for list in &lists.all {
            list.find(|entry| {
                if !entry.is_again && is_live(entry.record, registry.core) {
                    counts.live += 1;
                    // SAFETY: records are never freed.
                    counts.immortal += u64::from(unsafe { &*entry.record }.flags.load(Ordering::Relaxed) & FLAG_IMMORTAL != 0);
                }
                None::<()>
            });
        }
        drop(lists);
        // SAFETY: not NULL; the table's contract.
        unsafe { out.write(counts) };
        Status::OK
    }

    fn next_of_type(
        service: *const TypesService,
        py_type: *mut c_void,
        after: *const TypeRecord,
    ) -> *const TypeRecord, else ptr::null(), {
        let (Some(registry), Some(class)) = (registry_of(service), NonNull::new(py_type.cast::<PyObject>())) else {
            return ptr::null();
        };
        let mut number = 0;
        if !after.is_null() {
            let Some(found) = registry.number_of(class, after) else { return ptr::null() };
            number = found;
        }
        while let Some(entry) = registry.of_type(class, number) {
            // SAFETY: entries live as long as the registry.
            let entry = unsafe { entry.as_ref() };
            if is_live(entry.record, registry.core) {
                return entry.record;
            }
            number = entry.number;
        }
        ptr::null()
    }

    fn upcast_to(
        service: *const TypesService,
        record: *const TypeRecord,
        base: *const TypeList,
        pointer: *mut c_void,
        out: *mut *mut c_void,
    ) -> Status, else Status::FAILED, {
        let Some(registry) = registry_of(service) else { return Status::INVALID };
        // SAFETY: the table's contract: NULL, or a list of this service.
        let Some(base) = (unsafe { base.cast::<List>().as_ref() }) else { return Status::INVALID };
        // SAFETY: the table's contract: NULL, or a record that this service gave.
        let Some(record) = (unsafe { record.as_ref() }) else { return Status::INVALID };
        if out.is_null() || pointer.is_null() {
            return Status::INVALID;
        }
        match upcast::find(&Bases { registry, target: base }, record, pointer) {
            Ok(found) => {
                // SAFETY: not NULL; the table's contract.
                unsafe { out.write(found) };
                Status::OK
            }
            Err(status) => status,
        }
    }

    /// A registered type dies: its record says so before the address can be reused.
    fn type_died(slf: *mut PyObject, weak: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: Python calls this attached, with the capsule that `watch` made.
        let at = unsafe { Attached::assume() };
        // SAFETY: as above.
        let entry = unsafe { weak::context(at, slf) }.cast::<Entry>();
        // SAFETY: NULL, or an entry whose type nobody has seen dying: it was a user of its core, so the registry lives.
        if let Some(entry) = unsafe { entry.as_ref() } {
            // SAFETY: Python passes a live object.
            let weak = unsafe { Strong::from_borrowed(at, weak) };
            // Python code may call this too, with whatever it likes: only the weak reference to a dead type counts, once.
            let known = entry.weak.load(Ordering::Acquire);
            let told = known == weak.as_ptr() && weak::is_dead(at, &weak);
            let free = ptr::null_mut();
            if told && entry.weak.compare_exchange(known, free, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                // SAFETY: as above.
                unsafe { weak::retire(at, slf) };
                // SAFETY: the entry owned a reference.
                drop(unsafe { Strong::from_new(known) });
                bury(entry);
            }
        }
        weak::none(at)
    }
}

/// Takes a dead type's address out of its record, and its count from the core.
fn bury(entry: &Entry) {
    // SAFETY: records are never freed.
    let record = unsafe { &*entry.record };
    let class = record.py_type.load(Ordering::Acquire);
    if let Some(class) = NonNull::new(class.cast::<PyObject>()) {
        // SAFETY: the type is a user of the core, so the registry lives.
        unsafe { &*entry.registry }.forget(class, entry);
    }
    record.py_type.store(ptr::null_mut(), Ordering::Release);
    let core = record.core.swap(ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: the type was a user of this core until here.
    let release = unsafe { (*core).release };
    // SAFETY: takes the type's count; nothing of registry or entry is touched after it.
    unsafe { release(core) };
}

/// What a registered type's weak reference calls.
static TYPE_DIED: weak::Definition = weak::Definition::new(c"interbind_type_died", type_died);

/// Returns what stands behind one of our own tables.
fn registry_of<'a>(service: *const TypesService) -> Option<&'a Registry> {
    // SAFETY: the table's contract: `service` is the table that the function stands in, or NULL.
    let table = unsafe { service.as_ref() }?;
    // SAFETY: `make` put it there; it lives as long as the table.
    unsafe { table.private.cast::<Registry>().as_ref() }
}

/// Notes which records of a list are outranked, now that `record` is among them.
fn rank(list: &List, record: &TypeRecord, class: *mut PyObject) {
    record.flags.fetch_and(!FLAG_OUTRANKED, Ordering::Relaxed);
    list.find(|entry| {
        // SAFETY: records are never freed.
        let other = unsafe { &*entry.record };
        let theirs = other.py_type.load(Ordering::Acquire).cast::<PyObject>();
        if theirs.is_null() || ptr::eq(other, record) {
            return None::<()>;
        }
        // Without a GIL a class of somebody else's may be dying just now, unless it never does.
        let alive =
            !cfg!(interbind_free_threaded) || other.flags.load(Ordering::Relaxed) & FLAG_IMMORTAL != 0;
        // SAFETY: attached; `class` is held by the caller, and of the other one only the address is looked at.
        if unsafe { type_object::is_subtype(class, theirs) } {
            other.flags.fetch_or(FLAG_OUTRANKED, Ordering::Relaxed);
        // SAFETY: attached, both are alive.
        } else if !alive || unsafe { type_object::is_subtype(theirs, class) } {
            record.flags.fetch_or(FLAG_OUTRANKED, Ordering::Relaxed);
        }
        None
    });
}

#[cold]
fn no_memory(at: Attached) -> Status {
    error::no_memory(at);
    Status::FAILED
}

#[inline(never)]
fn publish(at: Attached, registry: &Registry, record: *const TypeRecord) -> Status {
    // SAFETY: threat model: NULL, or a readable header.
    let header = unsafe { record.cast::<RecordHeader>().as_ref() };
    if header.is_none_or(|header| TYPE.check(header).is_err()) {
        return Status::INVALID;
    }
    // SAFETY: the header vouches for the record's size; records are never freed.
    let found = unsafe { &*record };
    // SAFETY: the name belongs to the record.
    let Some(name) = (unsafe { found.name.read() }) else { return Status::INVALID };
    // SAFETY: the registry belongs to the core, which the caller uses.
    if !crate::lifetime::is_open(unsafe { &(*registry.core).state }) {
        return Status::ENDING;
    }
    let class = NonNull::new(found.py_type.load(Ordering::Acquire).cast::<PyObject>());
    let (Some(class), false) = (class, found.owner.is_null()) else { return Status::INVALID };
    let Some(list) = registry.list(name) else { return no_memory(at) };
    // SAFETY: lists live as long as the registry.
    let list = unsafe { list.as_ref() };
    let entry = registry.place(list, record, false);
    // SAFETY: entries live as long as the registry.
    let entry = unsafe { entry.as_ref() };
    if !entry.weak.load(Ordering::Acquire).is_null() {
        // The same living record again, as when a module is executed twice: nothing to do.
        return Status::OK;
    }
    // SAFETY: (1) the caller holds the type, and every type can be weakly referenced; (2) the entry outlives the weak
    // reference, which it owns.
    let weak = match unsafe {
        weak::watch(at, class.as_ptr(), &TYPE_DIED, ptr::from_ref(entry).cast_mut().cast())
    } {
        Ok(weak) => weak,
        Err(Raised) => return Status::FAILED,
    };
    let weak = weak.into_ptr();
    let free = ptr::null_mut();
    if entry.weak.compare_exchange(free, weak, Ordering::AcqRel, Ordering::Relaxed).is_err() {
        // Another thread publishes the same record, and was faster.
        // SAFETY: ours wasn't stored.
        drop(unsafe { Strong::from_new(weak) });
        return Status::OK;
    }
    // The type is a user of the core from here until it dies.
    // SAFETY: our own core record.
    let retain = unsafe { (*registry.core).retain };
    // SAFETY: the caller is a user.
    unsafe { retain(registry.core) };
    found.core.store(registry.core, Ordering::Release);
    if registry.lists().by_type.add(Typed { class, entry: NonNull::from(entry) }).is_err() {
        return no_memory(at);
    }
    rank(list, found, class.as_ptr());
    // SAFETY: as the name; a broken text is no key.
    let native = unsafe { found.native.read() }.filter(|key| native::is_key(key) && *key != name);
    if let Some(key) = native {
        // SAFETY: lists live as long as the registry.
        let Some(list) = registry.list(key) else { return no_memory(at) };
        // SAFETY: lists live as long as the registry.
        registry.place(unsafe { list.as_ref() }, record, true);
    }
    debug_assert!(ptr::eq(entry.registry, registry));
    Status::OK
}
