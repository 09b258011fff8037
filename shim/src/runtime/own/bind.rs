//! Binding a module to the current interpreter: its build against the running Python, then the core and the registry.

use interbind_abi::core::CoreRecord;
use interbind_abi::owner::OwnerRecord;

use super::say::add_line;
use super::{core, registry};
use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised, error, host};
use crate::refusal::{Sides, readable, refuse};
use crate::services;
use crate::services::find::find_or_make_for;
use crate::types::Types;

/// Finds core and registry for a module, or makes them, and adds a user to the core.
///
/// # Errors
/// ImportError: the build doesn't fit the running Python, the interpreter is ending, or what stands in the place of core or
/// registry can't be used.
pub(crate) fn bind(at: Attached, owner: &'static OwnerRecord) -> Result<(*mut CoreRecord, Types), Raised> {
    check_host(at, owner)?;
    let core = core::find_or_make(at, owner, owner)?;
    retained(at, core, || registry::find_or_make(at, core, owner))
}

/// Finds or makes core and services for who brings the implementation to others.
///
/// # Errors
/// As [`bind`].
pub(crate) fn provide(at: Attached, owner: &'static OwnerRecord) -> Result<*mut CoreRecord, Raised> {
    check_host(at, owner)?;
    provide_for(at, owner, owner)
}

/// Finds core and services for a module whose build was compared, or makes them in the name of `maker`.
pub(super) fn provide_for(
    at: Attached,
    owner: &'static OwnerRecord,
    maker: &'static OwnerRecord,
) -> Result<*mut CoreRecord, Raised> {
    let core = core::find_or_make(at, owner, maker)?;
    let services = [&registry::TABLE, &services::USERDATA, &services::EXCEPTIONS, &services::INSTANCES];
    for wanted in services {
        // What this build can't make (abi3t sees no object's head), the first one that can will.
        if wanted.make.is_some() {
            find_or_make_for(at, core, owner, maker, wanted)?;
        }
    }
    Ok(core)
}

/// Adds a user to a core, who stays when `find` succeeds.
pub(super) fn retained(
    at: Attached,
    core: *mut CoreRecord,
    find: impl FnOnce() -> Result<Types, Raised>,
) -> Result<(*mut CoreRecord, Types), Raised> {
    // SAFETY: a judged core: its functions are there.
    let retain = unsafe { (*core).retain };
    // SAFETY: attached, so the interpreter's capsule keeps the core alive during the call.
    unsafe { retain(core) };
    match find() {
        Ok(types) => Ok((core, types)),
        Err(Raised) => {
            // Other modules' functions are called without an exception set.
            let why = error::take(at);
            // SAFETY: a judged core.
            let release = unsafe { (*core).release };
            // SAFETY: the count taken above, which nobody takes over.
            unsafe { release(core) };
            Err(why.map_or(Raised, |why| error::restore(at, why)))
        }
    }
}

/// Step 0: this build against the running Python. All differences are listed.
pub(super) fn check_host(at: Attached, owner: &OwnerRecord) -> Result<(), Raised> {
    let (mut first, mut lines) = (None, String::new());
    host::compare(at, readable(&owner.platform), &mut |reason, part, build, running| {
        first.get_or_insert(reason);
        add_line(&mut lines, &[part, ": this build has ", build, ", the running Python has ", running]);
    });
    let Some(reason) = first else { return Ok(()) };
    let template = "cannot import '{0}' into this Python\n{1}\ninstall a build of {0} for this Python";
    Err(refuse(at, Class::Import, reason, template, &[readable(&owner.name), &lines], Sides::consumer(owner)))
}
