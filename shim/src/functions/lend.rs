//! Native entries of functions of PyO3: what `lend!` puts into the record, for callers that need no Python.
//!
//! **Boundary**: entries of ours, which other builds read, and the function of Rust behind one.

use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use interbind_abi::Str;
use interbind_abi::services::functions::{NATIVE_ENTRY, PARAMETER_NAMED};
use interbind_abi::services::{FunctionRecord, NativeEntry};
use interbind_structures::memory::boxed;

use super::function::Function;
use super::service;
use super::wrap::{of_record, wrapped_way};
use crate::c_function::Call;
use crate::ffi::{Attached, Raised, Strong, error, thunk, type_object};

/// A native entry with the text of its type.
#[repr(C)]
struct Entry {
    native: NativeEntry,
    signature: Box<str>,
}

thunk! {
    fn free_entry(entry: *mut NativeEntry) -> (), else (), {
        // SAFETY: a box of `lend`, once.
        drop(unsafe { Box::from_raw(entry.cast::<Entry>()) });
    }
}

/// Adds a native entry to the function that a module has under a name, if it's one that the module made.
pub(crate) fn lend(
    at: Attached,
    module: &Strong,
    name: &str,
    signature: &str,
    function: NonNull<c_void>,
    quick: Option<(Call, NonNull<c_void>)>,
) -> Result<(), Raised> {
    let Some(class) = service::own(at)? else { return Ok(()) };
    let found = match module.attribute(at, name) {
        Ok(found) => found,
        Err(_) if error::is_attribute_error(at) => {
            at.clear();
            return Ok(());
        }
        Err(raised) => return Err(raised),
    };
    // SAFETY: a live object.
    if unsafe { type_object::class_of(found.as_ptr()) } != class.as_ptr() {
        return Ok(());
    }
    // SAFETY: (1) of this build's class.
    let found = unsafe { Function::new(found.as_ptr()) };
    if found.home() != module.as_ptr() {
        return Ok(());
    }
    let native = NativeEntry {
        header: NATIVE_ENTRY.header::<NativeEntry>(),
        next: ptr::null(),
        signature: Str::new(""),
        function: function.as_ptr().cast_const(),
        keep: ptr::null_mut(),
        free: Some(free_entry),
    };
    let mut entry = boxed(Entry { native, signature: signature.into() }).map_err(|_| error::no_memory(at))?;
    entry.native.signature = Str { ptr: entry.signature.as_ptr(), len: entry.signature.len() as u64 };
    let entry = NonNull::from(Box::leak(entry)).cast();
    // SAFETY: (1) whole, and ours until now.
    unsafe { found.add_native(entry) };
    if let Some((call, plain)) = quick {
        hurry(found, call, plain);
    }
    Ok(())
}

/// Has Python call a function of ours without PyO3 where its arguments allow it.
fn hurry(found: Function<'_>, call: Call, plain: NonNull<c_void>) {
    let Some(it) = found.overloads().next().and_then(wrapped_way) else { return };
    let by_place = it.parameters.iter().filter(|each| each.kind <= PARAMETER_NAMED).count();
    if by_place == it.parameters.len() {
        it.plain.store(plain.as_ptr().cast(), Ordering::Release);
        let place = found.record().wrapping_byte_add(offset_of!(FunctionRecord, vectorcall));
        // SAFETY: the record of an object of ours; threads that call it meanwhile see one of the two, and both lead to the same.
        let place = unsafe { AtomicPtr::from_ptr(place.cast::<*mut c_void>()) };
        place.store(of_record(call) as *mut c_void, Ordering::Release);
    }
}
