//! The registry that this build serves: the maker's side of the `types` service.
//!
//! Only the maker touches its `lists`. When a type dies, its record says so itself (`py_type` is NULL) before the address
//! can be reused, so nothing has to be taken out of a list. Belongs to the internals contract.

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

use super::lists::{Callback, Entry, List, Lists, is_live};
use super::table::Full;
use super::upcast;
use crate::ffi::{Attached, PyObject, Raised, Strong, error, thunk, type_object, weak};
use crate::services::find::{self, Wanted};
use crate::sync::Ordering;
use crate::types::Types;

/// What a maker keeps behind its table.
struct Registry {
    table: TypesService,
    core: *mut CoreRecord,
    lists: Lists,
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
        let list = unsafe { self.registry.lists.known(key)?.as_ref() };
        let found = list.find(|entry| is_live(entry.record, self.registry.core).then_some(entry.record));
        // SAFETY: records are never freed.
        found.map(|record| unsafe { &*record })
    }
}

/// What a registry's table must be, and how this build makes one.
pub(crate) static TABLE: Wanted =
    Wanted { name: keys::TYPES, kind: TYPES, functions: TypesService::FUNCTIONS, make: Some(make) };

/// Finds the interpreter's registry in its core, or makes it; judged.
pub(super) fn find_or_make(
    at: Attached,
    core: *mut CoreRecord,
    owner: &'static OwnerRecord,
) -> Result<Types, Raised> {
    let table = find::find_or_make(at, core, owner, &TABLE)?;
    // SAFETY: judged; the core keeps it.
    Ok(unsafe { Types::judged(table.cast()) })
}

thunk! {
    /// Makes a registry for [`CoreRecord::service`]; `context` is the maker's owner record, which lives for ever.
    fn make(core: *mut CoreRecord, context: *mut c_void, out: *mut *mut ServiceHead) -> Status, else Status::FAILED, {
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
            lists: Lists::new(core),
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
        let Some(list) = registry.lists.list(name) else { return Status::FAILED };
        // SAFETY: not NULL; the table's contract.
        unsafe { out.write(list.as_ptr().cast_const().cast()) };
        Status::OK
    }

    fn next_of(list: *const TypeList, after: *const TypeRecord) -> *const TypeRecord, else ptr::null(), {
        // SAFETY: the table's contract: the list came from `list_of` of this service.
        let Some(list) = (unsafe { list.cast::<List>().as_ref() }) else { return ptr::null() };
        let mut passed = after.is_null();
        list.find(|entry| {
            if !passed {
                passed = ptr::eq(entry.record, after);
                return None;
            }
            // SAFETY: the lists are the registry's, which lives as long as this list.
            is_live(entry.record, unsafe { &*entry.lists }.core()).then_some(entry.record)
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
        while let Some(list) = registry.lists.nth(place) {
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
        let maps = registry.lists.lock();
        counts.names = maps.all.len() as u64;
        for list in &maps.all {
            list.find(|entry| {
                if !entry.weak.load(Ordering::Relaxed).is_null() && is_live(entry.record, registry.core) {
                    counts.live += 1;
                    // SAFETY: records are never freed.
                    counts.immortal += u64::from(unsafe { &*entry.record }.flags.load(Ordering::Relaxed) & FLAG_IMMORTAL != 0);
                }
                None::<()>
            });
        }
        drop(maps);
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
            let Some(found) = registry.lists.number_of(class, after) else { return ptr::null() };
            number = found;
        }
        while let Some(entry) = registry.lists.of_type(class, number) {
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
        let registry = unsafe { weak::context(at, slf) }.cast::<Registry>();
        // SAFETY: NULL, or a registry with types that nobody has seen dying: they are users of its core, so it lives.
        if let Some(registry) = unsafe { registry.as_ref() } {
            // Python code may call this too, with whatever it likes: only the weak reference to a dead type counts, once.
            if let Some(entry) = registry.lists.watched(weak) {
                // SAFETY: Python passes a live object.
                let weak = unsafe { Strong::from_borrowed(at, weak) };
                if weak::is_dead(at, &weak) {
                    // SAFETY: entries live as long as the registry.
                    bury(at, registry, unsafe { entry.as_ref() }, &weak);
                }
            }
        }
        weak::none(at)
    }
}

/// Takes a dead type's address out of its record, and its count from the core.
fn bury(at: Attached, registry: &Registry, entry: &Entry, weak: &Strong) {
    // SAFETY: records are never freed.
    let record = unsafe { &*entry.record };
    let class = record.py_type.load(Ordering::Acquire);
    if !registry.lists.forget(class.cast(), entry, weak.as_ptr()) {
        return;
    }
    // SAFETY: the entry owned a reference.
    drop(unsafe { Strong::from_new(weak.as_ptr()) });
    end_watch(at, registry);
    record.py_type.store(ptr::null_mut(), Ordering::Release);
    let core = record.core.swap(ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: the type was a user of this core until here.
    let release = unsafe { (*core).release };
    // SAFETY: takes the type's count; nothing of registry or entry is touched after it.
    unsafe { release(core) };
}

/// The callback for one more weak reference to a type; it is counted until [`end_watch`].
fn begin_watch(at: Attached, registry: &Registry) -> Result<Callback, Raised> {
    if let Some(known) = registry.lists.need(None) {
        return Ok(known);
    }
    // SAFETY: the registry lives as long as a type that is watched, or published just now; then the capsule is retired.
    let made = unsafe { weak::callback(at, &TYPE_DIED, ptr::from_ref(registry).cast_mut().cast()) };
    let (function, capsule) = made?;
    let offered = Callback { function: function.as_ptr(), capsule: capsule.as_ptr() };
    let kept = registry.lists.need(Some(offered)).unwrap_or(offered);
    if kept.function == offered.function {
        // The lists own it now; it owns the capsule.
        function.into_ptr();
    } else {
        // SAFETY: a capsule that is alive, of a callback that nothing calls.
        unsafe { weak::retire(at, capsule.as_ptr()) };
    }
    Ok(kept)
}

/// Lets go of the callback when nobody needs it any more.
fn end_watch(at: Attached, registry: &Registry) {
    if let Some(callback) = registry.lists.part() {
        // SAFETY: the capsule of a callback that is alive.
        unsafe { weak::retire(at, callback.capsule) };
        // SAFETY: the lists owned a reference.
        drop(unsafe { Strong::from_new(callback.function) });
    }
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
    let Some(list) = registry.lists.list(name) else { return no_memory(at) };
    // SAFETY: lists live as long as the registry.
    let list = unsafe { list.as_ref() };
    let entry = registry.lists.place(list, record);
    // SAFETY: entries live as long as the registry.
    let entry = unsafe { entry.as_ref() };
    if !entry.weak.load(Ordering::Acquire).is_null() {
        // The same living record again, as when a module is executed twice: nothing to do.
        return Status::OK;
    }
    let Ok(callback) = begin_watch(at, registry) else { return Status::FAILED };
    // SAFETY: the caller holds the type, and every type can be weakly referenced; the callback is kept until `end_watch`.
    let weak = unsafe { weak::refer(at, class.as_ptr(), callback.function) };
    let watched = weak.map(|weak| {
        let watched = registry.lists.watch(class, entry, weak.as_ptr());
        if let Ok(true) = watched {
            // The entry owns it.
            weak.into_ptr();
        }
        watched
    });
    if !matches!(watched, Ok(Ok(true))) {
        end_watch(at, registry);
        return match watched {
            // Another thread publishes the same record, and was faster.
            Ok(Ok(_)) => Status::OK,
            Ok(Err(Full)) => no_memory(at),
            Err(Raised) => Status::FAILED,
        };
    }
    // The type is a user of the core from here until it dies.
    // SAFETY: our own core record.
    let retain = unsafe { (*registry.core).retain };
    // SAFETY: the caller is a user.
    unsafe { retain(registry.core) };
    found.core.store(registry.core, Ordering::Release);
    rank(list, found, class.as_ptr());
    // SAFETY: as the name; a broken text is no key.
    let native = unsafe { found.native.read() }.filter(|key| native::is_key(key) && *key != name);
    if let Some(key) = native {
        // SAFETY: lists live as long as the registry.
        let Some(list) = registry.lists.list(key) else { return no_memory(at) };
        // SAFETY: lists live as long as the registry.
        registry.lists.place(unsafe { list.as_ref() }, record);
    }
    Status::OK
}
