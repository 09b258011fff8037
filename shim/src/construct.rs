//! New objects of another build's class: the provider makes them of a copy of the data.
//!
//! The provider is pinned at the first use for each consumer and type, so that a result's class doesn't depend on what
//! else is imported later; `from "frame"` in `module!` pins it by hand.

use core::ffi::c_void;
use core::ptr;

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;
use interbind_abi::values::PlainData;

use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised, Strong};
use crate::interpreters::Binding;
use crate::judge::Request;
use crate::object::Object;
use crate::refusal::{Sides, refuse};
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
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:midpoint -->
/// ```
/// /// Has the provider make an object of its own class.
/// ///
/// /// # Safety
/// /// 1. The thread is attached.
/// unsafe fn make(x: f64, y: f64) -> Result<Object, Raised> {
///     // SAFETY: duty 1.
///     unsafe { interbind::to_python::<Point, __Interbind>(&Point { x, y }) }
/// }
/// ```
pub unsafe fn to_python<T, M>(value: &T) -> Result<Object, Raised>
where
    T: PlainData + Shared,
    M: Consumer<T>,
{
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    let request = Request::of::<T, M>();
    let binding = &*request.binding(at)?;
    let (record, class) = maker::<T, M>(at, &request, binding)?;
    let Some(wrap) = record.wrap else { return Err(Raised::at(at)) };
    let data: *const c_void = ptr::from_ref(value).cast();
    // SAFETY: judged: the layout is T's; attached; the callee copies; the record is this interpreter's and its class is held.
    let object = unsafe { wrap(record, data) };
    drop(class);
    // SAFETY: a new reference or NULL with an exception.
    unsafe { Object::from_ptr(object.cast::<PyObject>()) }.ok_or_else(|| Raised::at(at))
}

/// The record through which objects of `T` are made, and its class, which can't die meanwhile: making an object may run the
/// collector. A pinned record counts while it is published in this interpreter: one that was given up is claimed anew
/// anywhere.
fn maker<T, M>(
    at: Attached,
    request: &Request,
    binding: &Binding,
) -> Result<(&'static TypeRecord, Strong), Raised>
where
    T: Shared,
    M: Consumer<T>,
{
    let pin = request.site(at).map(|site| &site.maker);
    // SAFETY: only records are pinned, and they are never freed.
    if let Some(pinned) = pin.and_then(|pin| unsafe { pin.load(Ordering::Acquire).as_ref() }) {
        if let Some(class) = binding.types.hold(at, pinned) {
            return Ok((pinned, class));
        }
    }
    let found = runtime::maker(at, &request.expected(at, binding, M::FROM)?)?;
    if let Some(pin) = pin {
        pin.store(ptr::from_ref(found).cast_mut(), Ordering::Release);
    }
    let Some(class) = binding.types.hold(at, found) else {
        let template =
            "cannot make an object as {0}\nits class died meanwhile\nimport a module that provides {0}";
        let sides = Sides { provider: Some(found.owner), ..Sides::consumer(binding.owner) };
        return Err(refuse(at, Class::Type, Reason::NotPublished, template, &[T::NAME], sides));
    };
    Ok((found, class))
}
