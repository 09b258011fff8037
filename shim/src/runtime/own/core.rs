//! The core of an interpreter: found under its key, or made by the first module that needs it.
//!
//! Both halves of the internals contract: reading another build's core in the order of the check, and serving one to
//! other builds. What is served runs no Python code; the services' makers are called without a lock.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::AtomicU32 as StateWord;
use std::hash::{BuildHasher, Hasher, RandomState};

use interbind_abi::core::{
    CAPABILITY_FREE_THREADED, CAPABILITY_FULL_API, CORE, CoreHead, CoreRecord, MakeService, Status,
    VisitService,
};
use interbind_abi::header::{Malformed, has_null};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::ServiceHead;
use interbind_abi::{Reason, RecordHeader, Str, keys, platform};

use super::chain::Chain;
use crate::ffi::capsule::{self, Found};
use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised, host, thunk};
use crate::lifetime;
use crate::refusal::{Sides, file_name, readable, refuse, with_malformed};
use crate::sync::AtomicU64;

/// What an owner keeps behind its core record.
struct Owned {
    record: CoreRecord,
    users: AtomicU64,
    services: Chain<Service>,
}

/// A service's table; the core frees it.
struct Service(*mut ServiceHead);

/// Finds the interpreter's core for a module, or makes it in the name of `maker`; judged.
pub(crate) fn find_or_make(
    at: Attached,
    owner: &OwnerRecord,
    maker: &OwnerRecord,
) -> Result<*mut CoreRecord, Raised> {
    let found = match capsule::find(at, keys::CORE)? {
        Found::Nothing if host::is_ending(at) => return Err(refuse_ending(at, owner)),
        Found::Nothing => {
            let made = make(maker);
            capsule::publish(at, keys::CORE, made.cast(), Some(capsule_died))?
        }
        found => found,
    };
    match found {
        Found::Capsule(pointer) => judge(at, pointer.cast(), owner),
        Found::Nothing => Err(refuse_stranger(at, "nothing", owner)),
        Found::Stranger(class) => Err(refuse_stranger(at, &class, owner)),
    }
}

/// Steps 1 to 3 for a core: header, platform, state.
#[inline(never)]
fn judge(at: Attached, core: *mut CoreRecord, owner: &OwnerRecord) -> Result<*mut CoreRecord, Raised> {
    if core.is_null() || !core.is_aligned() {
        return Err(refuse_stranger(at, "a capsule without a record", owner));
    }
    // SAFETY: threat model: a capsule of our name leads to at least 16 readable bytes.
    let header = unsafe { ptr::read(core.cast::<RecordHeader>()) };
    if let Err(malformed) = CORE.check(&header) {
        return Err(refuse_malformed(at, core, &header, malformed, owner));
    }
    // SAFETY: aligned; the header vouches for the size of our own minor or more.
    if unsafe { has_null(core, CoreRecord::FUNCTIONS) } {
        // SAFETY: as above.
        let head = unsafe { &(*core).head };
        let part = ["functions", "NULL", "one for each slot"];
        return Err(refuse_core(at, Reason::MalformedRecord, part, Some(head), UPGRADE, owner));
    }
    // SAFETY: as above, and its functions are there.
    let record = unsafe { &*core };
    // SAFETY: texts of a judged record.
    let theirs = unsafe { record.head.platform.read() }.unwrap_or("");
    let ours = readable(&owner.platform);
    // Most builds in one process are of one kind, and equal texts have no parts that differ.
    if theirs != ours {
        if platform::part(theirs, "python").is_empty() {
            let part = ["platform text", "one that can't be read", ours];
            return Err(refuse_core(at, Reason::MalformedRecord, part, Some(&record.head), UPGRADE, owner));
        }
        if let Some((reason, part, theirs, ours)) = platform::against_peer(theirs, ours) {
            let fix = "build {3} and {6} with one family of compilers, for one kind of Python";
            return Err(refuse_core(at, reason, [part, theirs, ours], Some(&record.head), fix, owner));
        }
    }
    if !lifetime::is_open(&record.state) {
        return Err(refuse_ending(at, owner));
    }
    Ok(core)
}

const UPGRADE: &str = "upgrade the older of the two modules";

/// Refuses a core because of a part, with what it has and what was expected; names its owner where the head is readable.
#[cold]
#[inline(never)]
fn refuse_core(
    at: Attached,
    reason: Reason,
    [part, theirs, ours]: [&str; 3],
    head: Option<&CoreHead>,
    fix: &str,
    owner: &OwnerRecord,
) -> Raised {
    let mut template =
        String::from("cannot use this interpreter's core\n{0}: provider has {1}, this module expects {2}\n");
    let (mut name, mut version, mut file) = ("", "", "");
    if let Some(head) = head {
        (name, version) = (readable(&head.owner_name), readable(&head.owner_version));
        file = file_name(readable(&head.owner_file));
        template.push_str("provider: {3} {4} ({5})\n");
    }
    template.push_str(fix);
    let values = [part, theirs, ours, name, version, file, readable(&owner.name)];
    refuse(at, Class::Import, reason, &template, &values, Sides::consumer(owner))
}

#[cold]
fn refuse_malformed(
    at: Attached,
    core: *const CoreRecord,
    header: &RecordHeader,
    malformed: Malformed,
    owner: &OwnerRecord,
) -> Raised {
    let readable =
        matches!(malformed, Malformed::Major { .. }) && header.struct_size >= size_of::<CoreHead>() as u32;
    // SAFETY: the head is frozen under every major, and `struct_size` covers it.
    let head = readable.then(|| unsafe { &(*core).head });
    with_malformed(malformed, &mut |reason, part, theirs, ours| {
        refuse_core(at, reason, [part, theirs, ours], head, UPGRADE, owner);
    });
    Raised
}

#[cold]
fn refuse_stranger(at: Attached, what: &str, owner: &OwnerRecord) -> Raised {
    let fix = "remove `{0}` before modules that share types are imported";
    refuse_core(
        at,
        Reason::NotACapsule,
        [keys::CORE.to_str().unwrap_or("?"), what, "a capsule of that name"],
        None,
        fix,
        owner,
    )
}

#[cold]
fn refuse_ending(at: Attached, owner: &OwnerRecord) -> Raised {
    refuse(
        at,
        Class::Import,
        Reason::InterpreterEnding,
        "cannot share types with '{0}' any more\nthe interpreter is ending\nuse shared objects before the interpreter ends",
        &[readable(&owner.name)],
        Sides::consumer(owner),
    )
}

/// Makes a core with one user: the capsule that will lead to it.
#[inline(never)]
fn make(owner: &OwnerRecord) -> *mut CoreRecord {
    let limited = if cfg!(interbind_limited) { 0 } else { CAPABILITY_FULL_API };
    let threads = if cfg!(interbind_free_threaded) { CAPABILITY_FREE_THREADED } else { 0 };
    let owned = Owned {
        record: CoreRecord {
            head: CoreHead {
                header: CORE.header::<CoreRecord>(),
                serial: random(),
                owner_name: owner.name,
                owner_version: owner.version,
                owner_file: owner.file,
                platform: owner.platform,
            },
            state: StateWord::new(lifetime::OPEN),
            reserved: [0; 4],
            capabilities: limited | threads,
            retain,
            release,
            service,
            list_services,
            private: ptr::null_mut(),
        },
        users: AtomicU64::new(1),
        services: Chain::new(),
    };
    let owned = Box::into_raw(Box::new(owned));
    // SAFETY: just made, not shared yet.
    let record = unsafe { &raw mut (*owned).record };
    // SAFETY: as above.
    unsafe { (*record).private = owned.cast() };
    record
}

/// 128 random bits: two hashers that std seeds from the system.
fn random() -> [u8; 16] {
    let half = || RandomState::new().build_hasher().finish();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&half().to_ne_bytes());
    bytes[8..].copy_from_slice(&half().to_ne_bytes());
    bytes
}

/// Returns what stands behind one of our own core records.
///
/// # Safety
/// 1. `core` is a record that [`make`] of this library made, with at least one user during `'a`.
unsafe fn owned<'a>(core: *mut CoreRecord) -> &'a Owned {
    // SAFETY: duty 1: the record is alive.
    let private = unsafe { (*core).private };
    // SAFETY: `make` put it there.
    unsafe { &*private.cast::<Owned>() }
}

/// Takes a user away; the last one frees services and core.
///
/// # Safety
/// 1. As [`owned`], and the caller is a user whose count this takes.
#[inline(never)]
unsafe fn leave(core: *mut CoreRecord) {
    // SAFETY: duty 1.
    let behind = unsafe { owned(core) };
    if !lifetime::leave(&behind.users) {
        return;
    }
    behind.services.each(|service| {
        // SAFETY: a service's table lives until the core destroys it, which is now and once.
        let destroy = unsafe { (*service.0).destroy };
        // SAFETY: as above.
        unsafe { destroy(service.0) };
        true
    });
    // SAFETY: the last user is gone; the box was made in `make`.
    drop(unsafe { Box::from_raw(ptr::from_ref(behind).cast_mut()) });
}

thunk! {
    fn retain(core: *mut CoreRecord), else (), {
        // SAFETY: the table's contract: `core` is the record that this function stands in, and the caller is a user.
        lifetime::enter(&unsafe { owned(core) }.users);
    }

    fn release(core: *mut CoreRecord), else (), {
        // SAFETY: the table's contract, as above.
        unsafe { leave(core) }
    }

    fn service(
        core: *mut CoreRecord,
        name: Str,
        major: u32,
        make: Option<MakeService>,
        context: *mut c_void,
        out: *mut *mut ServiceHead,
    ) -> Status, else Status::FAILED, {
        if core.is_null() || out.is_null() {
            return Status::INVALID;
        }
        // SAFETY: not NULL, and the table's contract.
        let behind = unsafe { owned(core) };
        // SAFETY: the table's contract: the text is readable during the call.
        let Some(name) = (unsafe { name.read() }) else { return Status::INVALID };
        let wanted = |service: &Service| is_service(service.0, name, major);
        let found = match behind.services.find(wanted) {
            Some(service) => service.0,
            None if !lifetime::is_open(&behind.record.state) => return Status::ENDING,
            None => {
                let Some(make) = make else { return Status::MISSING };
                let mut made = ptr::null_mut();
                // SAFETY: `MakeService`'s contract; no lock is held.
                let status = unsafe { make(core, context, &mut made) };
                if status != Status::OK {
                    return status;
                }
                // SAFETY: `MakeService`'s contract: NULL, or a table, which starts with a head.
                let spoiled = made.is_null() || unsafe { has_null(made, ServiceHead::FUNCTIONS) };
                if spoiled || !is_service(made, name, major) {
                    return Status::FAILED;
                }
                match behind.services.add(Service(made), wanted) {
                    Ok(service) => service.0,
                    Err((winner, loser)) => {
                        // SAFETY: the loser's table is ours alone; its maker's function frees it.
                        let destroy = unsafe { (*loser.0).destroy };
                        // SAFETY: as above.
                        unsafe { destroy(loser.0) };
                        winner.0
                    }
                }
            }
        };
        // SAFETY: not NULL; the table's contract.
        unsafe { out.write(found) };
        Status::OK
    }

    fn list_services(core: *mut CoreRecord, visit: Option<VisitService>, context: *mut c_void) -> Status,
    else Status::FAILED, {
        let (false, Some(visit)) = (core.is_null(), visit) else { return Status::INVALID };
        let status = std::cell::Cell::new(Status::OK);
        // SAFETY: not NULL, and the table's contract.
        unsafe { owned(core) }.services.each(|service| {
            // SAFETY: `VisitService`'s contract.
            status.set(unsafe { visit(service.0, context) });
            status.get() == Status::OK
        });
        status.get()
    }

    /// The state dict is being cleared: close, and free when nobody is left.
    fn capsule_died(capsule: *mut PyObject), else (), {
        // SAFETY: this is the destructor of a capsule that `publish` made under this key.
        let core: *mut CoreRecord = unsafe { capsule::read_dying(capsule, keys::CORE) }.cast();
        if !core.is_null() {
            // SAFETY: the capsule is a user.
            lifetime::close(unsafe { &(*core).state });
            // SAFETY: this takes the capsule's count.
            unsafe { leave(core) };
        }
    }
}

/// Tells whether a service's table has that name and major.
fn is_service(service: *mut ServiceHead, name: &str, major: u32) -> bool {
    // SAFETY: tables in the chain live as long as the core; one that was just made is whole.
    let head = unsafe { &*service };
    // SAFETY: a service's name lives as long as its table.
    u32::from(head.header.major) == major && unsafe { head.name.read() } == Some(name)
}
