//! Binding a module to the current interpreter: its build against the running Python, then the core and the registry.

use interbind_abi::owner::OwnerRecord;

use super::{core, registry};
use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised, host};
use crate::internals::Core;
use crate::judged::readable;
use crate::refusal::say::add_line;
use crate::refusal::{Sides, refuse};
use crate::services;
use crate::services::find::find_or_make_for;
use crate::text::Text;
use crate::types::Types;

/// Finds core and registry for a module, or makes them, and adds a user to the core.
///
/// # Errors
/// ImportError: the build doesn't fit the running Python, the interpreter is ending, or what stands in the place of core or
/// registry can't be used.
pub(crate) fn bind(at: Attached, owner: &'static OwnerRecord) -> Result<(Core, Types), Raised> {
    check_host(at, owner)?;
    let core = core::find_or_make(at, owner, owner)?;
    let types = registry::find_or_make(at, &core, owner)?;
    Ok((core, types))
}

/// Finds or makes core and services for who brings the implementation to others.
///
/// # Errors
/// As [`bind`].
pub(crate) fn provide(at: Attached, owner: &'static OwnerRecord) -> Result<Core, Raised> {
    check_host(at, owner)?;
    provide_for(at, owner, owner)
}

/// Finds core and services for a module whose build was compared, or makes them in the name of `maker`.
pub(super) fn provide_for(
    at: Attached,
    owner: &'static OwnerRecord,
    maker: &'static OwnerRecord,
) -> Result<Core, Raised> {
    let core = core::find_or_make(at, owner, maker)?;
    let services = [&registry::TABLE, &services::USERDATA, &services::EXCEPTIONS, &services::INSTANCES];
    for wanted in services {
        // What this build can't make (abi3t sees no object's head), the first one that can will.
        if wanted.is_makeable() {
            find_or_make_for(at, &core, owner, maker, wanted)?;
        }
    }
    Ok(core)
}

/// Step 0: this build against the running Python. All differences are listed.
pub(super) fn check_host(at: Attached, owner: &OwnerRecord) -> Result<(), Raised> {
    let (mut first, mut lines) = (None, Text::new());
    host::compare(at, readable(&owner.platform), &mut |reason, part, build, running| {
        first.get_or_insert(reason);
        add_line(&mut lines, &[part, ": this build has ", build, ", the running Python has ", running]);
    })?;
    let Some(reason) = first else { return Ok(()) };
    let template = "cannot import '{0}' into this Python\n{1}\ninstall a build of {0} for this Python";
    Err(refuse(at, Class::Import, reason, template, &[readable(&owner.name), &lines], Sides::consumer(owner)))
}
