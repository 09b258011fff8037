//! The core with everything in it: what a library calls that brings the implementation for others.

use interbind_abi::core::CoreRecord;
use interbind_abi::owner::OwnerRecord;

use crate::ffi::{Attached, Raised};
use crate::internals::Core;
use crate::runtime;

/// Finds or makes the current interpreter's core, and in it each service that this build knows.
///
/// For C's static library and the wheel's runtime module. The caller gets a count of the core, and gives it back with the
/// core's own `release`.
///
/// # Errors
/// ImportError: this build doesn't fit the running Python, the interpreter is ending, or what stands in the place of the
/// core or of a service can't be used.
///
/// # Safety
/// 1. The thread is attached.
/// 2. The record's texts live until the process ends too.
///
/// # Examples
///
/// <!-- shim/capi/src/lib.rs:provide -->
/// ```
/// // Unwind safety: nothing of what a panic leaves half-done is looked at afterwards.
/// let provided = catch_unwind(AssertUnwindSafe(|| {
///     // SAFETY: duties 1 and 2.
///     unsafe { shim::provide(owner) }
/// }));
/// ```
pub unsafe fn provide(owner: &'static OwnerRecord) -> Result<*mut CoreRecord, Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    runtime::provide(at, owner).map(Core::into_ptr)
}
