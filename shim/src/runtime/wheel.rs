//! The implementation in the wheel's runtime, for a module that carries none.

use core::ptr::{self, NonNull};

use interbind_abi::Str;
use interbind_abi::core::Status;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::runtime::{EXPECTATION, Expectation};
use interbind_abi::types::{TypeRecord, TypesService};

use super::Expected;
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised};
use crate::internals::Core;
use crate::types::Types;
use crate::wheel::{find, silent};

/// Holds this module's build against the running Python, finds core and registry, and adds a user to the core.
///
/// # Errors
/// ImportError: there is no runtime, or it refuses.
pub(crate) fn bind(at: Attached, owner: &'static OwnerRecord) -> Result<(Core, Types), Raised> {
    let runtime = find(at, owner)?;
    let (mut core, mut types) = (ptr::null_mut(), ptr::null::<TypesService>());
    // SAFETY: judged; attached; the record lives until the process ends; both places are writable.
    let status = unsafe { (runtime.bind)(runtime, owner, &mut core, &mut types) };
    done(at, status, !core.is_null() && !types.is_null())?;
    let core = NonNull::new(core).ok_or_else(|| Raised::at(at))?;
    // SAFETY: judged by the runtime, which added a count for us.
    let core = unsafe { Core::adopt(core) };
    // SAFETY: judged by the runtime; the core keeps it.
    Ok((core, unsafe { Types::judged(types) }))
}

/// Finds core and services for somebody who isn't bound.
///
/// # Errors
/// As [`bind`].
pub(crate) fn provide(at: Attached, owner: &'static OwnerRecord) -> Result<Core, Raised> {
    bind(at, owner).map(|(core, _)| core)
}

/// Finds the record that an object fits, and judges it.
///
/// # Errors
/// An exception with both sides' values is set.
pub(crate) fn judge(object: Live<'_>, expected: &Expected<'_>) -> Result<&'static TypeRecord, Raised> {
    let at = object.at();
    let (runtime, mut found) = (find(at, expected.consumer)?, ptr::null());
    let asked = object.as_ptr().cast();
    // SAFETY: judged; a live object, attached; the expectation is read during the call only.
    let status = unsafe { (runtime.judge)(runtime, &packed(expected), asked, &mut found) };
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

fn packed(expected: &Expected<'_>) -> Expectation {
    Expectation {
        header: EXPECTATION.header::<Expectation>(),
        consumer: expected.consumer,
        core: expected.core.as_ptr(),
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
        _ if at.has_raised() => Err(Raised::at(at)),
        _ => Err(silent(at)),
    }
}
