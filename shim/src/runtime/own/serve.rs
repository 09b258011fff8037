//! The implementation for modules that carry none: what the wheel's runtime hands out.
//!
//! Each function judges what it's given, and calls what a module with an implementation of its own would call directly.
//!
//! **Boundary**: the functions of the runtime's table, which modules of other builds call.

use core::ptr::NonNull;
use core::{ptr, slice};

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::runtime::{
    Expectation, IMPORT_ERROR, RUNTIME, RUNTIME_ERROR, Refusal, Runtime, SIDE_CONSUMER, SIDE_PROVIDER,
};
use interbind_abi::types::record::Object;
use interbind_abi::types::{TypeRecord, TypesService};
use interbind_abi::{Reason, Requirement, Str, judge as judge_record, keys};
use interbind_structures::kept::Kept;

use super::bind::{check_host, provide_for};
use super::registry;
use crate::ffi::capsule::{self, Found};
use crate::ffi::error::Class;
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised, thunk};
use crate::internals::Core;
use crate::judged::{Judged, readable};
use crate::refusal::say::say;
use crate::refusal::{Sides, refuse as refuse_own};
use crate::runtime::Expected;
use crate::text::Text;
use crate::types::{List, Types};

/// Makes the table; for a static of the wheel's runtime module.
///
/// # Examples
///
/// <!-- python/src/lib.rs:runtime -->
/// ```
/// /// Who makes what it brings. Its file is empty: whoever names it looks into `sys.modules`.
/// static OWNER_RECORD: OwnerRecord = OwnerRecord {
///     header: OWNER.header::<OwnerRecord>(),
///     name: Str::new("interbind._runtime"),
///     version: Str::new(env!("CARGO_PKG_VERSION")),
///     file: Str::new(""),
///     platform: Str::new(PLATFORM),
///     interbind: Str::new(VERSION),
///     compiler: Str::new(COMPILER),
/// };
///
/// /// The implementation as a table, for modules in Rust that carry none.
/// static RUNTIME: Runtime = interbind::runtime(&OWNER_RECORD);
///
/// /// Brings core, services and the table into the interpreter that imports the module.
/// unsafe fn execute(_module: NonNull<PyObject>) -> Result<(), Raised> {
///     // SAFETY: Python executes modules attached.
///     unsafe { interbind::serve(&RUNTIME) }
/// }
/// ```
pub const fn runtime(owner: &'static OwnerRecord) -> Runtime {
    Runtime { header: RUNTIME.header::<Runtime>(), owner, bind, judge, maker, refuse }
}

/// Brings core, services and the table into the current interpreter.
///
/// # Errors
/// ImportError: as [`provide`](crate::provide), or something else stands where the table belongs.
///
/// # Safety
/// 1. The thread is attached.
///
/// # Examples
///
/// <!-- python/src/lib.rs:runtime -->
/// ```
/// /// Who makes what it brings. Its file is empty: whoever names it looks into `sys.modules`.
/// static OWNER_RECORD: OwnerRecord = OwnerRecord {
///     header: OWNER.header::<OwnerRecord>(),
///     name: Str::new("interbind._runtime"),
///     version: Str::new(env!("CARGO_PKG_VERSION")),
///     file: Str::new(""),
///     platform: Str::new(PLATFORM),
///     interbind: Str::new(VERSION),
///     compiler: Str::new(COMPILER),
/// };
///
/// /// The implementation as a table, for modules in Rust that carry none.
/// static RUNTIME: Runtime = interbind::runtime(&OWNER_RECORD);
///
/// /// Brings core, services and the table into the interpreter that imports the module.
/// unsafe fn execute(_module: NonNull<PyObject>) -> Result<(), Raised> {
///     // SAFETY: Python executes modules attached.
///     unsafe { interbind::serve(&RUNTIME) }
/// }
/// ```
pub unsafe fn serve(table: &'static Runtime) -> Result<(), Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    let owner = owner_of(table);
    check_host(at, owner)?;
    // The table comes first: whoever imports this for it hears from its own `bind` why no core can be had.
    match capsule::publish(at, keys::RUNTIME, ptr::from_ref(table).cast_mut().cast(), None)? {
        // One of this wheel, or of another that was imported before: whoever is first serves.
        Found::Capsule(_) => provide_for(at, owner, owner).map(|_| ()),
        found => {
            let class = if let Found::Stranger(class) = found { class } else { Text::of("nothing") };
            let template = "cannot serve modules that have no implementation\n\
                            {0}: provider has {1}, this module expects a capsule of that name\n\
                            remove `{0}` before modules that share types are imported";
            let key = keys::RUNTIME.to_str().unwrap_or("?");
            let sides = Sides::consumer(owner);
            Err(refuse_own(at, Class::Import, Reason::NotACapsule, template, &[key, &class], sides))
        }
    }
}

thunk! {
    fn bind(
        runtime: *const Runtime,
        module: *const OwnerRecord,
        core: *mut *mut CoreRecord,
        types: *mut *const TypesService,
    ) -> Status, else Status::FAILED, {
        // SAFETY: the table's contract: called attached.
        let at = unsafe { Attached::assume() };
        let maker = owner_of(runtime);
        // SAFETY: the table's contract: NULL, or a record that lives until the process ends.
        let owner: Result<&'static OwnerRecord, _> = unsafe { judge_record(module) };
        let (Ok(owner), false) = (owner, core.is_null() || types.is_null()) else {
            return spoiled(at, "owner record", maker);
        };
        let found = fits(at, owner)
            .and_then(|()| provide_for(at, owner, maker))
            .and_then(|core| registry::find_or_make(at, &core, owner).map(|types| (core, types)));
        match found {
            Ok((found, registry)) => {
                // SAFETY: not NULL; the table's contract.
                unsafe { core.write(found.into_ptr()) };
                // SAFETY: as above.
                unsafe { types.write(registry.as_ptr()) };
                Status::OK
            }
            Err(_) => Status::FAILED,
        }
    }

    fn judge(
        runtime: *const Runtime,
        expectation: *const Expectation,
        object: *mut Object,
        out: *mut *const TypeRecord,
    ) -> Status, else Status::FAILED, {
        answer(runtime, expectation, out, object.is_null(), |at, expected| {
            let object = NonNull::new(object.cast()).ok_or_else(|| Raised::at(at))?;
            // SAFETY: the table's contract: a live object, attached.
            super::judge(unsafe { Live::new(object) }, expected)
        })
    }

    fn maker(
        runtime: *const Runtime,
        expectation: *const Expectation,
        out: *mut *const TypeRecord,
    ) -> Status, else Status::FAILED, {
        answer(runtime, expectation, out, false, super::maker)
    }

    fn refuse(runtime: *const Runtime, refusal: *const Refusal), else (), {
        // SAFETY: the table's contract: called attached.
        let at = unsafe { Attached::assume() };
        // SAFETY: the table's contract: NULL, or a record that is readable during the call.
        let judged = unsafe { judge_record(refusal) };
        let Ok(refusal) = judged else {
            spoiled(at, "refusal", owner_of(runtime));
            return;
        };
        let mut values = [""; 10];
        if !refusal.values.is_null() {
            // SAFETY: the record's contract: so many values stand there.
            let texts = unsafe { slice::from_raw_parts(refusal.values, (refusal.count as usize).min(values.len())) };
            for (value, text) in values.iter_mut().zip(texts) {
                // SAFETY: the record's contract: readable during the call.
                *value = unsafe { text.read() }.unwrap_or("?");
            }
        }
        let class = match refusal.exception {
            IMPORT_ERROR => Class::Import,
            RUNTIME_ERROR => Class::Runtime,
            _ => Class::Type,
        };
        let side = |bit, owner| (refusal.sides & bit != 0).then_some(owner);
        let sides = Sides {
            provider: side(SIDE_PROVIDER, refusal.provider),
            consumer: side(SIDE_CONSUMER, refusal.consumer),
        };
        let _ = say(at, class, readable(&refusal.reason), readable(&refusal.text), &values, sides);
    }
}

/// Step 0 for a module. A process is one Python, so a build of which it was said needn't be compared again.
fn fits(at: Attached, owner: &'static OwnerRecord) -> Result<(), Raised> {
    static KNOWN: Kept<OwnerRecord> = Kept::new();
    if KNOWN.get().is_some_and(|known| readable(&known.platform) == readable(&owner.platform)) {
        return Ok(());
    }
    check_host(at, owner)?;
    KNOWN.set(owner);
    Ok(())
}

/// Who a table of ours belongs to.
fn owner_of(table: *const Runtime) -> &'static OwnerRecord {
    // SAFETY: the table's contract: what a function gets first is the table that it stands in.
    let owner = unsafe { (*table).owner };
    // SAFETY: `runtime` put it there.
    unsafe { &*owner }
}

/// Judges an expectation, asks, and writes the answer.
fn answer(
    runtime: *const Runtime,
    expectation: *const Expectation,
    out: *mut *const TypeRecord,
    spoilt: bool,
    ask: impl FnOnce(Attached, &Expected<'_>) -> Result<Judged, Raised>,
) -> Status {
    // SAFETY: the table's contract: called attached.
    let at = unsafe { Attached::assume() };
    // SAFETY: the table's contract: NULL, or a record that is readable during the call.
    let expectation = unsafe { judge_record(expectation) }.ok();
    let core = expectation.and_then(|expectation| NonNull::new(expectation.core));
    // SAFETY: the record's contract: what `bind` gave, which the module keeps.
    let core = core.map(|core| unsafe { Core::retain(core) });
    let expected = expectation.zip(core.as_ref()).and_then(|(expectation, core)| unpacked(expectation, core));
    let Some(expected) = expected.filter(|_| !spoilt && !out.is_null()) else {
        return spoiled(at, "expectation", owner_of(runtime));
    };
    match ask(at, &expected) {
        Ok(judged) => {
            // SAFETY: not NULL; the table's contract.
            unsafe { out.write(judged.record()) };
            Status::OK
        }
        Err(_) => Status::FAILED,
    }
}

/// An expectation whose pointers and texts can be used.
fn unpacked<'a>(expectation: &'a Expectation, core: &'a Core) -> Option<Expected<'a>> {
    if expectation.types.is_null() || !expectation.align.is_power_of_two() {
        return None;
    }
    let list = NonNull::new(expectation.list.cast_mut())?;
    // SAFETY: the record's contract: what `bind` gave.
    let types = unsafe { Types::judged(expectation.types) };
    // SAFETY: the record's contract: readable during the call.
    let read = |text: &Str| unsafe { text.read() };
    let from = read(&expectation.from)?;
    Some(Expected {
        // SAFETY: the record's contract: NULL, or a consumer that lives until the process ends.
        consumer: unsafe { expectation.consumer.as_ref() }?,
        core,
        // SAFETY: the record's contract: a list that the registry gave.
        list: unsafe { List::of(types, list) },
        name: read(&expectation.name)?,
        kind: expectation.kind,
        descriptor: read(&expectation.descriptor)?,
        requirement: Requirement { least: expectation.least, below: expectation.below },
        requirement_text: read(&expectation.requirement_text)?,
        align: usize::try_from(expectation.align).ok()?,
        from: (!from.is_empty()).then_some(from),
    })
}

/// Says that a module's own record is of no use.
#[cold]
fn spoiled(at: Attached, what: &str, owner: &'static OwnerRecord) -> Status {
    let template = "cannot answer a module\n{0}: provider has one of major 1, this module gave one that can't be read\n\
                    rebuild the module with the current interbind";
    let _ = refuse_own(at, Class::Import, Reason::MalformedRecord, template, &[what], Sides::provider(owner));
    Status::INVALID
}
