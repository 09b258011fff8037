//! New objects of another build's class: the provider makes them of a copy of the data.
//!
//! The provider is pinned at the first use for each consumer and type, so that a result's class doesn't depend on what
//! else is imported later; `from "frame"` in `module!` pins it by hand.

use core::ffi::c_void;
use core::ptr;

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::halves;
use interbind_abi::values::PlainData;

use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised, Strong};
use crate::fits::registered;
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
/// collector.
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
        if let Some(class) = class_of(at, pinned, binding) {
            return Ok((pinned, class));
        }
    }
    let found = runtime::maker(at, &request.expected(at, binding, M::FROM)?)?;
    if let Some(pin) = pin {
        pin.store(ptr::from_ref(found).cast_mut(), Ordering::Release);
    }
    let Some(class) = class_of(at, found, binding) else {
        let template =
            "cannot make an object as {0}\nits class died meanwhile\nimport a module that provides {0}";
        let sides = Sides { provider: Some(found.owner), ..Sides::consumer(binding.owner) };
        return Err(refuse(at, Class::Type, Reason::NotPublished, template, &[T::NAME], sides));
    };
    Ok((found, class))
}

/// The class of a record that is published in the interpreter of this binding; none when it is published no more, or in
/// another interpreter: a record that was given up is claimed anew anywhere.
fn class_of(at: Attached, record: &TypeRecord, binding: &Binding) -> Option<Strong> {
    let address = registered(record);
    let serial = halves(binding.core.serial());
    // The class comes first: while it stands there, core and serial are those that were written with it.
    let is_ours = !address.is_null()
        && ptr::eq(record.core.load(Ordering::Relaxed), binding.core.as_ptr())
        && record.serial.iter().zip(serial).all(|(half, ours)| half.load(Ordering::Relaxed) == ours);
    if !is_ours {
        return None;
    }
    // SAFETY: the class of a record of this interpreter: while its address stands there the anchor owns it, and with a GIL
    // nobody takes it out meanwhile. Without one that is the provider's promise (conduit#28).
    Some(unsafe { Strong::from_borrowed(at, address) })
}
