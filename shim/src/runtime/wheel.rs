//! The implementation in the wheel's runtime, for a module that carries none.

use interbind_abi::owner::OwnerRecord;

use super::Expected;
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised};
use crate::internals::Core;
use crate::judged::Judged;
use crate::types::Types;
use crate::wheel::find;

/// Compares this module's build with the running Python, finds core and registry, and adds a user to the core.
///
/// # Errors
/// ImportError: there is no runtime, or it refuses.
pub(crate) fn bind(at: Attached, owner: &'static OwnerRecord) -> Result<(Core, Types), Raised> {
    find(at, owner)?.bind(at, owner)
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
pub(crate) fn judge(object: Live<'_>, expected: &Expected<'_>) -> Result<Judged, Raised> {
    find(object.at(), expected.consumer)?.judge(object, expected)
}

/// Finds the record through which new objects are made.
///
/// # Errors
/// A TypeError with both sides' values is set.
pub(crate) fn maker(at: Attached, expected: &Expected<'_>) -> Result<Judged, Raised> {
    find(at, expected.consumer)?.maker(at, expected)
}
