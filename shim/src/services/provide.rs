//! The core with everything in it: what a library calls that brings the implementation for others.

use interbind_abi::core::CoreRecord;
use interbind_abi::owner::OwnerRecord;

use crate::ffi::{Attached, Raised};
use crate::runtime;

/// Finds or makes the current interpreter's core, and in it each service that this build knows.
///
/// For C's static library and the wheel's runtime module. The core belongs to the interpreter: whoever keeps the pointer
/// beyond this call retains it first.
///
/// # Errors
/// ImportError: this build doesn't fit the running Python, the interpreter is ending, or what stands in the place of the
/// core or of a service can't be used.
///
/// # Safety
/// 1. The thread is attached.
/// 2. The record's texts live until the process ends too.
pub unsafe fn provide(owner: &'static OwnerRecord) -> Result<*mut CoreRecord, Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    runtime::provide(at, owner)
}
