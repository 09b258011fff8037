//! The core of an interpreter: found under its key, or made by the first module that needs it.
//!
//! Both halves of the internals contract: reading another build's core in the order of the check, and serving one to
//! other builds. What is served runs no Python code; the services' makers are called without a lock. The capsule is a user of
//! the core; when it dies while the interpreter runs on, Python code took it away, and a new one takes its place.
//!
//! **Boundary**: another build's core is judged here, and the functions of our own are here, which other builds call.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::AtomicU32 as StateWord;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Read;

use interbind_abi::core::{
    CAPABILITY_FREE_THREADED, CAPABILITY_FULL_API, CORE, CoreHead, CoreRecord, MakeService, Status,
    VisitService,
};
use interbind_abi::header::{Malformed, first_null};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::ServiceHead;
use interbind_abi::{Reason, Str, judge, keys, platform};
use interbind_structures::chain::Chain;
use interbind_structures::memory::boxed;
use interbind_structures::schedule::point;

use crate::ffi::capsule::{self, Capsule, Found};
use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, PyObject, Raised, host, thunk};
use crate::internals::Core;
use crate::judged::readable;
use crate::lifetime;
use crate::malformed::wrong_part;
use crate::owner::file_name;
use crate::refusal::{Sides, refuse};
use crate::sync::AtomicU64;
use crate::text::Text;

/// What an owner keeps behind its core record.
struct Owned {
    record: CoreRecord,
    users: AtomicU64,
    services: Chain<Service>,
}

/// A service's table; the core frees it.
struct Service(*mut ServiceHead);

/// Finds the interpreter's core for a module, or makes it in the name of `maker`; judged.
pub(crate) fn find_or_make(at: Attached, owner: &OwnerRecord, maker: &OwnerRecord) -> Result<Core, Raised> {
    let found = match capsule::find(at, keys::CORE)? {
        Found::Nothing if host::is_ending(at) => return Err(refuse_ending(at, owner)),
        Found::Nothing => {
            let made = make(maker).ok_or_else(|| error::no_memory(at))?;
            let published = capsule::publish(at, keys::CORE, made.as_ptr().cast(), Some(capsule_died));
            published.inspect_err(|_| {
                // Without a capsule nobody has seen it.
                // SAFETY: just made; the count is the capsule's that there isn't.
                unsafe { leave(made.as_ptr()) };
            })?
        }
        found => found,
    };
    match found {
        Found::Capsule(capsule) => check(at, &capsule, owner),
        Found::Nothing => Err(refuse_stranger(at, "nothing", owner)),
        Found::Stranger(class) => Err(refuse_stranger(at, &class, owner)),
    }
}

/// Steps 1 to 3 for a core: header, platform, state. The capsule keeps the core until it is counted: Python code can take the
/// capsule away from where it was found.
#[inline(never)]
fn check(at: Attached, held: &Capsule, owner: &OwnerRecord) -> Result<Core, Raised> {
    let core: *mut CoreRecord = held.pointer().cast();
    point("before a core is counted");
    // SAFETY: threat model: a capsule of our name leads to at least 16 readable bytes, and is held.
    let record = match unsafe { judge::<CoreRecord>(core) } {
        Ok(record) => record,
        Err(Malformed::Address { .. }) => {
            return Err(refuse_stranger(at, "a capsule without a record", owner));
        }
        Err(malformed) => return Err(refuse_malformed(at, core, malformed, owner)),
    };
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
    // SAFETY: judged: not NULL.
    let core = unsafe { NonNull::new_unchecked(core) };
    // SAFETY: judged, and held by the capsule.
    Ok(unsafe { Core::retain(core) })
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
        Text::of("cannot use this interpreter's core\n{0}: provider has {1}, this module expects {2}\n");
    let (mut name, mut version, mut file, mut interbind) = ("", "", "", "");
    if let Some(head) = head {
        (name, version) = (readable(&head.owner_name), readable(&head.owner_version));
        interbind = readable(&head.owner_interbind);
        file = file_name(readable(&head.owner_file));
        template.push(&["provider: {3} {4} ({5}), interbind {7}\n"]);
    }
    template.push(&[fix]);
    if template.is_lost() {
        return error::no_memory(at);
    }
    let values = [part, theirs, ours, name, version, file, readable(&owner.name), interbind];
    refuse(at, Class::Import, reason, &template, &values, Sides::consumer(owner))
}

#[cold]
fn refuse_malformed(
    at: Attached,
    core: *const CoreRecord,
    malformed: Malformed,
    owner: &OwnerRecord,
) -> Raised {
    // SAFETY: the head is frozen under every major, and `struct_size` says whether it's whole.
    let head = matches!(malformed, Malformed::Major { .. }).then(|| unsafe { head_of(core) }).flatten();
    let part = wrong_part(malformed);
    refuse_core(at, part.reason, [part.name, &part.found, &part.expected], head, UPGRADE, owner)
}

/// The head of a core of any major.
///
/// # Safety
/// 1. The record's header was read, and has a core's magic.
unsafe fn head_of<'a>(core: *const CoreRecord) -> Option<&'a CoreHead> {
    // SAFETY: duty 1.
    let size = unsafe { (*core).head.header.struct_size };
    // SAFETY: duty 1; as large as it has to be.
    (size >= size_of::<CoreHead>() as u32).then(|| unsafe { &(*core).head })
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

/// Makes a core with one user: the capsule that will lead to it. `None` without memory.
#[inline(never)]
fn make(owner: &OwnerRecord) -> Option<NonNull<CoreRecord>> {
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
                owner_interbind: owner.interbind,
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
    let owned = Box::into_raw(boxed(owned).ok()?);
    // SAFETY: just made, not shared yet.
    let record = unsafe { &raw mut (*owned).record };
    // SAFETY: as above.
    unsafe { (*record).private = owned.cast() };
    NonNull::new(record)
}

/// 128 random bits: of the system, or of two hashers that std seeds from it.
///
/// The hashers' seed is thread-local, and for that glibc ends the process where there is no memory. So they come second.
fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let source = if cfg!(unix) { File::open("/dev/urandom").ok() } else { None };
    if source.is_some_and(|mut source| source.read_exact(&mut bytes).is_ok()) {
        return bytes;
    }
    let half = || RandomState::new().build_hasher().finish();
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
                let spoiled = made.is_null() || unsafe { first_null(made, ServiceHead::FUNCTIONS) }.is_some();
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
                        let Some(winner) = winner else { return Status::FAILED };
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

    /// The capsule is gone: with the interpreter, or because Python code took it away.
    fn capsule_died(capsule: *mut PyObject), else (), {
        // SAFETY: this is the destructor of a capsule that `publish` or `restore` made under this key.
        let core: *mut CoreRecord = unsafe { capsule::read_dying(capsule, keys::CORE) }.cast();
        if core.is_null() {
            return;
        }
        // SAFETY: Python calls this attached.
        let at = unsafe { Attached::assume() };
        if !host::is_ending(at) {
            // A new capsule takes the count over. Where there can't be one, the count stays for ever: nobody finds the core by
            // its key then, but who has it keeps it.
            capsule::restore(at, keys::CORE, core.cast(), Some(capsule_died));
            return;
        }
        // SAFETY: the capsule is a user.
        if lifetime::close(unsafe { &(*core).state }) {
            // SAFETY: as above.
            close_services(unsafe { owned(core) });
        }
        // SAFETY: this takes the capsule's count.
        unsafe { leave(core) };
    }
}

/// Has each service let go of its Python objects. The core has a user, and the thread is attached.
fn close_services(owned: &Owned) {
    owned.services.each(|service| {
        // SAFETY: tables in the chain live as long as the core, which has a user.
        if let Some(close) = unsafe { (*service.0).close } {
            // SAFETY: as above; called attached, once.
            unsafe { close(service.0) };
        }
        true
    });
}

/// Tells whether a service's table has that name and major.
fn is_service(service: *mut ServiceHead, name: &str, major: u32) -> bool {
    // SAFETY: tables in the chain live as long as the core; one that was just made is whole.
    let head = unsafe { &*service };
    // SAFETY: a service's name lives as long as its table.
    u32::from(head.header.major) == major && unsafe { head.name.read() } == Some(name)
}
