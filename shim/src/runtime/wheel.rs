//! The implementation in the wheel's runtime, for a module that carries none.
//!
//! Its table is found in the interpreter's state dict, where `interbind._runtime` puts it when it's imported. Like every
//! record of another build it is judged before it's used; then the process keeps it, because it's a static of a library
//! that is never unloaded.

use core::ptr;

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::header::{Malformed, has_null};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::runtime::{
    EXPECTATION, Expectation, REFUSAL, RUNTIME, Refusal, Runtime, SIDE_CONSUMER, SIDE_PROVIDER,
};
use interbind_abi::types::{TypeRecord, TypesService};
use interbind_abi::{Reason, RecordHeader, Str, keys};

use super::Expected;
use crate::ffi::capsule::{self, Found};
use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, PyObject, Raised, host};
use crate::identity::{COMPILER, VERSION};
use crate::refusal::{Sides, file_name, judged_owner, number, push, readable};
use crate::sync::{AtomicPtr, Ordering};
use crate::types::Types;

/// The runtime's table, once it was judged.
static KNOWN: AtomicPtr<Runtime> = AtomicPtr::new(ptr::null_mut());

/// Holds this module's build against the running Python, finds core and registry, and adds a user to the core.
///
/// # Errors
/// ImportError: there is no runtime, or it refuses.
pub(crate) fn bind(at: Attached, owner: &'static OwnerRecord) -> Result<(*mut CoreRecord, Types), Raised> {
    let runtime = find(at, owner)?;
    let (mut core, mut types) = (ptr::null_mut(), ptr::null::<TypesService>());
    // SAFETY: judged; attached; the record lives until the process ends; both places are writable.
    let status = unsafe { (runtime.bind)(runtime, owner, &mut core, &mut types) };
    done(at, status, !core.is_null() && !types.is_null())?;
    // SAFETY: judged by the runtime; the core, which is retained, keeps it.
    Ok((core, unsafe { Types::judged(types) }))
}

/// Finds core and services for who isn't bound; the interpreter keeps the core.
///
/// # Errors
/// As [`bind`].
pub(crate) fn provide(at: Attached, owner: &'static OwnerRecord) -> Result<*mut CoreRecord, Raised> {
    let (core, _) = bind(at, owner)?;
    // SAFETY: judged by the runtime.
    let release = unsafe { (*core).release };
    // SAFETY: the count that `bind` took.
    unsafe { release(core) };
    Ok(core)
}

/// Finds the record that an object fits, and judges it.
///
/// # Errors
/// An exception with both sides' values is set.
///
/// # Safety
/// 1. `object` is a live object and the thread is attached.
pub(crate) unsafe fn judge(
    at: Attached,
    object: *mut PyObject,
    expected: &Expected<'_>,
) -> Result<&'static TypeRecord, Raised> {
    let (runtime, mut found) = (find(at, expected.consumer)?, ptr::null());
    // SAFETY: judged; duty 1; the expectation is read during the call only.
    let status = unsafe { (runtime.judge)(runtime, &packed(expected), object.cast(), &mut found) };
    done(at, status, !found.is_null())?;
    // SAFETY: judged by the runtime; records are never freed.
    Ok(unsafe { &*found })
}

/// Finds the record through which new objects are made.
///
/// # Errors
/// A TypeError with both sides' values is set.
pub(crate) fn maker(at: Attached, expected: &Expected<'_>) -> Result<&'static TypeRecord, Raised> {
    let (runtime, mut found) = (find(at, expected.consumer)?, ptr::null());
    // SAFETY: judged; attached; the expectation is read during the call only.
    let status = unsafe { (runtime.maker)(runtime, &packed(expected), &mut found) };
    done(at, status, !found.is_null())?;
    // SAFETY: as in `judge`.
    Ok(unsafe { &*found })
}

/// Raises a refusal; what is set already becomes its cause. See [`refusal::refuse`](crate::refusal::refuse).
#[cold]
pub(crate) fn refuse(
    at: Attached,
    class: Class,
    reason: &str,
    template: &str,
    values: &[&str],
    sides: Sides,
) -> Raised {
    // Where the runtime has to be imported first, that's done without an exception set.
    let cause = if KNOWN.load(Ordering::Acquire).is_null() { error::take(at) } else { None };
    let owner = sides.consumer.or(sides.provider).unwrap_or(ptr::null());
    let Ok(runtime) = find(at, owner) else { return Raised };
    if let Some(cause) = cause {
        error::restore(at, cause);
    }
    let mut texts = [Str::new(""); 10];
    for (text, value) in texts.iter_mut().zip(values) {
        *text = Str::new(value);
    }
    let side = |bit, side: Option<_>| if side.is_some() { bit } else { 0 };
    let refusal = Refusal {
        header: REFUSAL.header::<Refusal>(),
        exception: class as u32,
        sides: side(SIDE_PROVIDER, sides.provider) | side(SIDE_CONSUMER, sides.consumer),
        reason: Str::new(reason),
        text: Str::new(template),
        values: texts.as_ptr(),
        count: values.len().min(texts.len()) as u64,
        provider: sides.provider.unwrap_or(ptr::null()),
        consumer: sides.consumer.unwrap_or(ptr::null()),
    };
    // SAFETY: judged; attached; the refusal is read during the call only.
    unsafe { (runtime.refuse)(runtime, &refusal) };
    if at.has_raised() { Raised } else { silent(at) }
}

fn packed(expected: &Expected<'_>) -> Expectation {
    Expectation {
        header: EXPECTATION.header::<Expectation>(),
        consumer: expected.consumer,
        core: expected.core,
        types: expected.types.as_ptr(),
        list: expected.list,
        name: Str::new(expected.name),
        descriptor: Str::new(expected.descriptor),
        requirement_text: Str::new(expected.requirement_text),
        from: Str::new(expected.from.unwrap_or("")),
        least: expected.requirement.least,
        below: expected.requirement.below,
        kind: expected.kind,
        reserved: [0; 4],
        align: expected.align as u64,
    }
}

/// Turns a status into a result, and sees to it that there is an exception.
fn done(at: Attached, status: Status, written: bool) -> Result<(), Raised> {
    match status {
        Status::OK if written => Ok(()),
        _ if at.has_raised() => Err(Raised),
        _ => Err(silent(at)),
    }
}

#[cold]
fn silent(at: Attached) -> Raised {
    let text = "`interbind._runtime` failed without saying why (provider-panicked)\n  fix: pip install --upgrade interbind";
    error::raise(at, Class::Runtime, Reason::ProviderPanicked.slug(), text, None)
}

/// Finds the runtime's table for a module, and imports the one that brings it where it's missing.
fn find(at: Attached, owner: *const OwnerRecord) -> Result<&'static Runtime, Raised> {
    // SAFETY: only judged tables are kept, which are never freed.
    if let Some(known) = unsafe { KNOWN.load(Ordering::Acquire).as_ref() } {
        return Ok(known);
    }
    search(at, owner)
}

#[cold]
#[inline(never)]
fn search(at: Attached, owner: *const OwnerRecord) -> Result<&'static Runtime, Raised> {
    let mut found = capsule::find(at, keys::RUNTIME)?;
    if matches!(found, Found::Nothing) {
        // One that fails may have put its table there before: then `bind` says why no core can be had.
        let failed = host::import(at, keys::RUNTIME_MODULE).err().and_then(|Raised| error::take(at));
        found = capsule::find(at, keys::RUNTIME)?;
        if let (Found::Nothing, Some(why)) = (&found, failed) {
            error::restore(at, why);
        }
    }
    let refused = |reason, part: &str, theirs: &str, ours: &str| {
        let why = [", ", part, ": provider has ", theirs, ", this module expects ", ours];
        refuse_runtime(at, owner, reason, &why)
    };
    let table: *const Runtime = match found {
        Found::Capsule(pointer) => pointer.cast_const().cast(),
        Found::Stranger(class) => {
            return Err(refused(Reason::NotACapsule, "capsule", &class, "a capsule of that name"));
        }
        Found::Nothing => {
            let part = ": `interbind._runtime` isn't there, and this module carries no implementation";
            return Err(refuse_runtime(at, owner, Reason::ServiceMissing, &[part]));
        }
    };
    if table.is_null() || !table.is_aligned() {
        return Err(refused(Reason::MalformedRecord, "address", "one that isn't aligned", "a multiple of 8"));
    }
    // SAFETY: threat model: a capsule of our name leads to at least 16 readable bytes.
    let header = unsafe { ptr::read(table.cast::<RecordHeader>()) };
    if let Err(malformed) = RUNTIME.check(&header) {
        let (reason, part, found, expected) = match malformed {
            Malformed::Magic { .. } => {
                return Err(refused(Reason::BadMagic, "magic", "another", "ib.runtm"));
            }
            Malformed::Major { found, expected } => {
                (Reason::OtherMajor, "major", found.into(), expected.into())
            }
            Malformed::Size { found, least } => {
                (Reason::MalformedRecord, "struct_size (at least, in steps of 8)", found, least)
            }
        };
        return Err(refused(reason, part, &number(found.into()), &number(expected.into())));
    }
    // SAFETY: aligned; the header vouches for the size of our own minor or more.
    if unsafe { has_null(table, Runtime::FUNCTIONS) } {
        return Err(refused(Reason::MalformedRecord, "functions", "NULL", "one for each slot"));
    }
    KNOWN.store(table.cast_mut(), Ordering::Release);
    // SAFETY: as above, and its functions are there.
    Ok(unsafe { &*table })
}

/// Refuses because of the runtime: the one refusal that a module writes itself, in the shape of all.
#[cold]
#[inline(never)]
fn refuse_runtime(at: Attached, owner: *const OwnerRecord, reason: Reason, why: &[&str]) -> Raised {
    let cause = error::take(at);
    let (owner, reason) = (judged_owner(owner), reason.slug());
    let mut text = String::new();
    push(&mut text, &["cannot share types with '", readable(&owner.name), "' (", reason, ")\n  runtime"]);
    push(&mut text, why);
    push(&mut text, &["\n  consumer: ", readable(&owner.name), " ", readable(&owner.version)]);
    let file = file_name(readable(&owner.file));
    if !file.is_empty() {
        push(&mut text, &[" (", file, ")"]);
    }
    push(&mut text, &[", interbind ", VERSION, ", ", COMPILER]);
    push(&mut text, &["\n  fix: pip install --upgrade 'interbind>=", VERSION, "'"]);
    error::raise(at, Class::Import, reason, &text, cause)
}
