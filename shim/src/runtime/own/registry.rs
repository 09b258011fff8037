//! The registry that this build serves: the maker's side of the `types` service.
//!
//! Only the maker touches its `lists`. A class that is published is owned by its [`anchor`], which takes the class out of
//! its records before it lets go of it: a record never names a dead class, and nobody has to be told of a death. Belongs to
//! the internals contract.
//!
//! **Boundary**: the functions of the `types` service's table, which modules of other builds call.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::keys;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::ServiceHead;
use interbind_abi::types::record::{FLAG_IMMORTAL, FLAG_OUTRANKED, halves};
use interbind_abi::types::registry::{TYPES, TypeCounts, TypeList};
use interbind_abi::types::{TypeRecord, TypesService, native};
use interbind_abi::{Reason, Str, judge};
use interbind_structures::memory::boxed;
use interbind_structures::table::Full;
use interbind_structures::upcast;

use super::lists::{Entry, Lasting, List, Lists, Standing, is_live};
use crate::ffi::anchor::{self, Anchor, Anchors};
use crate::ffi::error::{self, Class::Type};
use crate::ffi::live::Class;
use crate::ffi::{Attached, PyObject, Raised, Strong, thunk, type_object};
use crate::internals::Core;
use crate::internals::Wanted;
use crate::lifetime;
use crate::refusal::{Sides, refuse};
use crate::services::find;
use crate::sync::Ordering;
use crate::text::number;
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
        let list = self.registry.lists.known(key)?;
        list.find(|entry| is_live(entry.record, self.registry.core).then_some(entry.record))
    }
}

/// What a registry's table must be, and how this build makes one.
pub(crate) static TABLE: Wanted = Wanted::of::<TypesService>(keys::TYPES, Some(make));

/// Finds the interpreter's registry in its core, or makes it; judged.
pub(super) fn find_or_make(at: Attached, core: &Core, owner: &'static OwnerRecord) -> Result<Types, Raised> {
    let table = find::find_or_make(at, core, owner, &TABLE)?;
    // SAFETY: judged; the core keeps it.
    Ok(unsafe { Types::judged(table.cast()) })
}

thunk! {
    /// Makes a registry for [`CoreRecord::service`]; `context` is the maker's owner record, which lives for ever.
    fn make(core: *mut CoreRecord, context: *mut c_void, out: *mut *mut ServiceHead) -> Status, else Status::FAILED, {
        // SAFETY: `MakeService`'s contract: the core that this service belongs to.
        let serial = halves(unsafe { (*core).head.serial });
        // SAFETY: as above: called attached.
        let at = unsafe { Attached::assume() };
        let registry = boxed(Registry {
            table: TypesService {
                head: ServiceHead {
                    header: TYPES.header::<TypesService>(),
                    name: Str::new(keys::TYPES),
                    owner: context.cast_const().cast::<OwnerRecord>(),
                    close: Some(close),
                    destroy,
                },
                list: list_of,
                next: next_of,
                publish: publish_in,
                unpublish: unpublish_in,
                names: names_of,
                count: count_of,
                of_type: next_of_type,
                upcast: upcast_to,
                hold: hold_class,
                private: ptr::null_mut(),
            },
            core,
            lists: Lists::new(at, core, serial),
        });
        let Ok(registry) = registry else { return Status::FAILED };
        let registry = Box::into_raw(registry);
        // SAFETY: just made, not shared yet.
        let table = unsafe { &raw mut (*registry).table };
        // SAFETY: as above.
        unsafe { (*table).private = registry.cast() };
        // SAFETY: `MakeService`'s contract.
        unsafe { out.write(table.cast()) };
        Status::OK
    }

    /// Gives up the classes that the registry owns by itself.
    fn close(service: *mut ServiceHead), else (), {
        let Some(registry) = registry_of(service.cast::<TypesService>()) else { return };
        // SAFETY: the core calls this attached.
        let at = unsafe { Attached::assume() };
        let (kept, anchors) = registry.lists.close();
        for class in kept {
            registry.lists.leave(class);
            // SAFETY: owned since `own`.
            drop(unsafe { Strong::owned(at, class) });
            // SAFETY: the count that `own` took. The core is alive: it closes, and is freed after that.
            unsafe { count_down(registry.core) };
        }
        if let Some(anchors) = anchors {
            // SAFETY: the lists owned it; each anchor owns its type too.
            drop(unsafe { Strong::owned(at, anchors) });
        }
    }

    fn destroy(service: *mut ServiceHead), else (), {
        // SAFETY: the core calls this once, with the table that `make` made; `private` was set there.
        let registry = unsafe { (*service.cast::<TypesService>()).private };
        // SAFETY: as above. No published class is left: each is a user of the core.
        drop(unsafe { Box::from_raw(registry.cast::<Registry>()) });
    }

    fn list_of(service: *const TypesService, name: Str, out: *mut *const TypeList) -> Status, else Status::FAILED, {
        // SAFETY: the table's contract: the text is readable during the call.
        let name = unsafe { name.read() };
        let (Some(name), Some(registry), false) = (name, registry_of(service), out.is_null()) else {
            return Status::INVALID;
        };
        let Ok(list) = registry.lists.list(name) else { return Status::FAILED };
        // SAFETY: not NULL; the table's contract.
        unsafe { out.write(list.as_ptr().cast()) };
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
            is_live(entry.record, unsafe { &*entry.lists }.core()).then_some(ptr::from_ref(entry.record))
        })
        .unwrap_or(ptr::null())
    }

    fn publish_in(
        service: *const TypesService,
        record: *mut TypeRecord,
        py_type: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let Some(registry) = registry_of(service) else { return Status::INVALID };
        // SAFETY: the table's contract: publishing is done attached.
        publish(unsafe { Attached::assume() }, registry, record, py_type.cast())
    }

    fn unpublish_in(service: *const TypesService, record: *mut TypeRecord) -> Status, else Status::FAILED, {
        let (Some(registry), false) = (registry_of(service), record.is_null()) else { return Status::INVALID };
        if registry.lists.unpublish(record) { Status::OK } else { Status::MISSING }
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
                if entry.is_counted && is_live(entry.record, registry.core) {
                    counts.live += 1;
                    counts.immortal += u64::from(entry.record.flags.load(Ordering::Relaxed) & FLAG_IMMORTAL != 0);
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
        while let Some(entry) = registry.lists.of_class(class, number) {
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

    fn hold_class(service: *const TypesService, record: *const TypeRecord) -> *mut c_void, else ptr::null_mut(), {
        // SAFETY: the table's contract: NULL, or a record that is never freed.
        let (Some(registry), Some(record)) = (registry_of(service), unsafe { record.as_ref() }) else {
            return ptr::null_mut();
        };
        // SAFETY: the table's contract: called attached.
        let at = unsafe { Attached::assume() };
        registry.lists.hold(at, record).map_or(ptr::null_mut(), |class| class.into_ptr().cast())
    }
}

/// Returns what stands behind one of our own tables.
fn registry_of<'a>(service: *const TypesService) -> Option<&'a Registry> {
    // SAFETY: the table's contract: `service` is the table that the function stands in, or NULL.
    let table = unsafe { service.as_ref() }?;
    // SAFETY: `make` put it there; it lives as long as the table.
    unsafe { table.private.cast::<Registry>().as_ref() }
}

/// Notes which records of a list are outranked, now that `record` is among them.
fn rank(at: Attached, registry: &Registry, list: &List, record: &TypeRecord, class: &Strong) {
    record.flags.fetch_and(!FLAG_OUTRANKED, Ordering::Relaxed);
    list.find(|entry| {
        let other = entry.record;
        // A class of another interpreter's isn't even looked at, and one of ours can't die meanwhile.
        let theirs = if ptr::eq(other, record) { None } else { registry.lists.hold(at, other) };
        let inherits = |class: &Strong, base: &Strong| {
            Class::of(at, class).is_some_and(|class| class.inherits(base.as_ptr()))
        };
        if let Some(theirs) = theirs {
            if inherits(class, &theirs) {
                other.flags.fetch_or(FLAG_OUTRANKED, Ordering::Relaxed);
            } else if inherits(&theirs, class) {
                record.flags.fetch_or(FLAG_OUTRANKED, Ordering::Relaxed);
            }
        }
        None::<()>
    });
}

/// Who an anchor tells before it lets go of a class.
///
/// # Safety
/// 1. `context` is the registry that armed the anchor, of whose core the anchor is a user until here.
unsafe fn leave(context: NonNull<c_void>, class: NonNull<PyObject>) {
    // SAFETY: duty 1.
    let registry = unsafe { context.cast::<Registry>().as_ref() };
    registry.lists.leave(class);
    // Nothing of the registry is touched after this.
    // SAFETY: duty 1: this takes the anchor's count.
    unsafe { count_down(registry.core) };
}

/// Adds a user to our own core.
///
/// # Safety
/// 1. The caller is a user.
unsafe fn count_up(core: *mut CoreRecord) {
    // SAFETY: duty 1: the record is alive.
    let retain = unsafe { (*core).retain };
    // SAFETY: duty 1.
    unsafe { retain(core) };
}

/// Takes a user away from our own core.
///
/// # Safety
/// 1. The caller is a user, whose count this takes.
unsafe fn count_down(core: *mut CoreRecord) {
    // SAFETY: duty 1: the record is alive.
    let release = unsafe { (*core).release };
    // SAFETY: duty 1.
    unsafe { release(core) };
}

/// Why a record isn't published.
enum Why {
    /// There is no memory.
    Full,
    /// An exception is set.
    Raised(Raised),
    Status(Status),
}

impl From<Full> for Why {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

impl From<Raised> for Why {
    fn from(raised: Raised) -> Self {
        Self::Raised(raised)
    }
}

#[inline(never)]
fn publish(at: Attached, registry: &Registry, record: *const TypeRecord, class: *mut PyObject) -> Status {
    match try_publish(at, registry, record, class) {
        Ok(()) => Status::OK,
        Err(Why::Status(status)) => status,
        Err(Why::Raised(_)) => Status::FAILED,
        Err(Why::Full) => {
            let _ = error::no_memory(at);
            Status::FAILED
        }
    }
}

fn try_publish(
    at: Attached,
    registry: &Registry,
    record: *const TypeRecord,
    class: *mut PyObject,
) -> Result<(), Why> {
    let invalid = || Why::Status(Status::INVALID);
    // SAFETY: threat model: NULL, or a record; one that is published lives until the process ends.
    let record: &'static TypeRecord = unsafe { judge(record) }.map_err(|_| invalid())?;
    // SAFETY: the record's texts.
    let (name, native) = (unsafe { record.name.read() }, unsafe { record.native.read() });
    let (Some(name), Some(native), false) = (name, native, record.owner.is_null()) else {
        return Err(invalid());
    };
    // SAFETY: the registry belongs to the core, which the caller uses.
    if !lifetime::is_open(unsafe { &(*registry.core).state }) {
        return Err(Why::Status(Status::ENDING));
    }
    let Some(address) = NonNull::new(class) else { return Err(invalid()) };
    // SAFETY: the table's contract: a live object, attached.
    if !unsafe { type_object::is_type(class) } {
        return Err(invalid());
    }
    // SAFETY: as above.
    let class = unsafe { Strong::from_borrowed(at, class) };
    check_offset(at, record, &class)?;
    // Everything that needs memory comes first.
    let list = registry.lists.list(name)?;
    if native::is_key(native) && native != name {
        let key = registry.lists.list(native)?;
        registry.lists.place(&key, record, false)?;
    }
    let entry = registry.lists.place(&list, record, true)?;
    match enliven(at, registry, entry, &class, address)? {
        Standing::Live | Standing::Joined => rank(at, registry, &list, record, &class),
        Standing::Differs => return Err(Why::Status(Status::DIFFERS)),
        Standing::Same | Standing::NoAnchor => {}
    }
    Ok(())
}

/// Makes a record live, and sees to it that the class can't die unnoticed.
fn enliven(
    at: Attached,
    registry: &Registry,
    entry: Lasting<Entry>,
    class: &Strong,
    address: NonNull<PyObject>,
) -> Result<Standing, Why> {
    match registry.lists.enliven(address, entry, None)? {
        Standing::NoAnchor => {}
        standing => return Ok(standing),
    }
    let anchor = match anchors(at, registry)? {
        Some(anchors) => Some(anchors.make(at, class, leave)?),
        None => None,
    };
    let context = NonNull::from(registry).cast();
    let arm = || {
        if let Some(anchor) = &anchor {
            // SAFETY: the registry lives as long as its core, of which an armed anchor is a user: counted below. `leave` is
            // called from outside the lists' lock: the anchor is in our hand until `drop_into`.
            unsafe { anchor.arm(context) };
        }
    };
    // SAFETY: the caller is a user. Counted before the anchor can leave.
    unsafe { count_up(registry.core) };
    let standing = registry.lists.enliven(address, entry, Some(&arm));
    if !matches!(standing, Ok(Standing::Live)) {
        // SAFETY: the count of the anchor, which isn't armed.
        unsafe { count_down(registry.core) };
        return Ok(standing?);
    }
    let settled = match &anchor {
        Some(anchor) => anchor.drop_into(at, class).map_err(Why::from),
        // Where there are no anchors, the registry owns each class.
        None => own(at, registry, class, address, None),
    };
    match (settled, &anchor) {
        (Ok(()), _) => {}
        // The class takes no attributes.
        (Err(Why::Raised(_)), Some(anchor)) if error::is_type_error(at) => {
            at.clear();
            own(at, registry, class, address, Some(anchor))?;
        }
        (Err(why), _) => return Err(why),
    }
    // From here on the class holds the anchor, or nobody does.
    drop(anchor);
    if !is_live(entry.record, registry.core) {
        // A metaclass took the anchor for itself and let it go.
        let template = "cannot publish '{0}'\nthe class doesn't keep the attribute `{1}`, by which the registry holds it\n\
                        let the metaclass set attributes that it doesn't know";
        let values = [&*type_object::type_name(at, class), anchor::ATTRIBUTE];
        return Err(refuse(at, Type, Reason::NotShareable, template, &values, Sides::NONE).into());
    }
    Ok(Standing::Live)
}

/// Makes the registry itself the owner of a class that takes no anchor: it lives until the core closes. The records stay
/// live throughout, also those that others publish for it meanwhile.
fn own(
    at: Attached,
    registry: &Registry,
    class: &Strong,
    address: NonNull<PyObject>,
    anchor: Option<&Anchor>,
) -> Result<(), Why> {
    if registry.lists.keep(address).is_err() {
        if anchor.is_none() {
            registry.lists.leave(address);
            // SAFETY: counted for what would have owned the class.
            unsafe { count_down(registry.core) };
        }
        // Else the anchor leaves when it's dropped.
        return Err(Why::Full);
    }
    class.share(at).into_ptr();
    // The count of an anchor that never leaves is the class's own now.
    if anchor.is_some_and(|anchor| !anchor.disarm()) {
        // SAFETY: the caller is a user. The class is a user until the core closes.
        unsafe { count_up(registry.core) };
    }
    Ok(())
}

/// The anchors' type; none on PyPy, whose collector asks no object of C what it owns.
fn anchors(at: Attached, registry: &Registry) -> Result<Option<Anchors>, Raised> {
    if cfg!(interbind_pypy) {
        return Ok(None);
    }
    let mut known = registry.lists.anchors(None);
    if known.is_none() {
        let made = Anchors::new(at)?;
        let offered = NonNull::new(made.into_ptr());
        known = registry.lists.anchors(offered);
        if let (true, Some(loser)) = (known != offered, offered) {
            // SAFETY: ours, and nobody took it.
            drop(unsafe { Strong::owned(at, loser) });
        }
    }
    // SAFETY: the lists own it, and give it up when the core closes, attached, in the same interpreter.
    Ok(known.map(|known| unsafe { Anchors::borrowed(at, known) }))
}

/// What a provider states about where the data lies must fit into its objects.
fn check_offset(at: Attached, record: &TypeRecord, class: &Strong) -> Result<(), Why> {
    let offset = record.data_offset.load(Ordering::Relaxed);
    if offset == 0 {
        return Ok(());
    }
    let room = type_object::basic_size(at, class)? as u64;
    let end = u64::try_from(offset).ok().and_then(|offset| offset.checked_add(record.size));
    if end.is_some_and(|end| end <= room) {
        return Ok(());
    }
    let template = "cannot publish '{0}'\ndata: the record places {1} bytes at {2}, an object of the class has {3}\n\
                    state the offset and size of data that lies inside the object";
    let (size, at_byte, room) = (number(record.size), number(offset.unsigned_abs()), number(room));
    let values = [&*type_object::type_name(at, class), &size, &at_byte, &room];
    Err(refuse(at, Type, Reason::MalformedRecord, template, &values, Sides::provider(record.owner)).into())
}
