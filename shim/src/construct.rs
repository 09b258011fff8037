//! New objects of another build's class: the provider makes them of a copy of the data.
//!
//! The provider is pinned at the first use for each consumer and type, so that a result's class doesn't depend on what
//! else is imported later; `from "frame"` in `module!` pins it by hand.

use core::ffi::c_void;
use core::ptr;

use interbind_abi::types::TypeRecord;
use interbind_abi::values::PlainData;

use crate::ffi::{Attached, PyObject, Raised};
use crate::judge::Request;
use crate::object::Object;
use crate::runtime;
use crate::shared::{Consumer, Shared};
use crate::sync::Ordering;

/// Makes a new object of the provider's class out of a copy of `value`.
///
/// # Errors
/// `not-published` or `not-constructible` when no provider (or not the pinned one) makes objects for others; else what
/// the provider raises.
///
/// # Safety
/// 1. The thread is attached.
pub unsafe fn to_python<T, M>(value: &T) -> Result<Object, Raised>
where
    T: PlainData + Shared,
    M: Consumer<T>,
{
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    let record = maker::<T, M>(at, &Request::of::<T, M>())?;
    let Some(wrap) = record.wrap else { return Err(Raised) };
    let data: *const c_void = ptr::from_ref(value).cast();
    // SAFETY: judged: the layout is T's; attached; the callee copies.
    let object = unsafe { wrap(record, data) };
    // SAFETY: a new reference or NULL with an exception.
    unsafe { Object::from_ptr(object.cast::<PyObject>()) }.ok_or(Raised)
}

/// The record through which objects of `T` are made.
fn maker<T, M>(at: Attached, request: &Request) -> Result<&'static TypeRecord, Raised>
where
    T: Shared,
    M: Consumer<T>,
{
    let binding = &*request.binding(at)?;
    let pin = request.site(at).map(|site| &site.maker);
    // SAFETY: only records are pinned, and they are never freed.
    if let Some(pinned) = pin.and_then(|pin| unsafe { pin.load(Ordering::Acquire).as_ref() }) {
        if !pinned.py_type.load(Ordering::Relaxed).is_null() {
            return Ok(pinned);
        }
    }
    let found = runtime::maker(at, &request.expected(at, binding, M::FROM)?)?;
    if let Some(pin) = pin {
        pin.store(ptr::from_ref(found).cast_mut(), Ordering::Release);
    }
    Ok(found)
}
