//! `libinterbind.a`: one function, behind which everything that the headers need is found or made.
//!
//! Called by `interbind_import` of a module that was compiled with `INTERBIND_STATIC`. Nothing may unwind out of here, and
//! nothing else is exported: all that C uses are the records' own functions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use shim::abi::core::{CoreRecord, Status};
use shim::abi::owner::{OWNER, OwnerRecord};

/// Finds or makes the current interpreter's core and its services, and writes the core to `out`.
///
/// [`Status::INVALID`]: an argument is NULL or no owner record, and no exception is set. With [`Status::FAILED`] one is.
///
/// # Safety
/// 1. The thread is attached.
/// 2. `owner` is NULL, or leads to 16 readable bytes; if they are the header of an owner record, record and texts live until
///    the process ends.
/// 3. `out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn interbind_provide(owner: *const OwnerRecord, out: *mut *mut CoreRecord) -> Status {
    if owner.is_null() || !owner.is_aligned() || out.is_null() {
        return Status::INVALID;
    }
    // SAFETY: not NULL; duty 2.
    let header = unsafe { owner.cast::<shim::abi::RecordHeader>().read() };
    if OWNER.check(&header).is_err() {
        return Status::INVALID;
    }
    // SAFETY: the header vouches for the size; duty 2.
    let owner: &'static OwnerRecord = unsafe { &*owner };
    // ANCHOR: provide
    // Unwind safety: nothing of what a panic leaves half-done is looked at afterwards.
    let provided = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: duties 1 and 2.
        unsafe { shim::provide(owner) }
    }));
    // ANCHOR_END: provide
    match provided {
        Ok(Ok(core)) => {
            // SAFETY: not NULL; duty 3.
            unsafe { out.write(core) };
            Status::OK
        }
        Ok(Err(_)) => Status::FAILED,
        Err(payload) => {
            // A payload's destructor may panic again.
            std::mem::forget(payload);
            // SAFETY: classes of exceptions are initialised before any module is.
            let class = unsafe { pyo3_ffi::PyExc_SystemError };
            // SAFETY: duty 1; a static text.
            unsafe { pyo3_ffi::PyErr_SetString(class, c"interbind_provide panicked".as_ptr()) };
            Status::FAILED
        }
    }
}
