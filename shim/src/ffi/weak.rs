//! Weak references with a callback in Rust: how a service learns that a type or a nurse has died, before the address is
//! reused.

use core::ffi::{CStr, c_void};

use pyo3_ffi as py;

use super::PyObject;
use super::attached::{Attached, Raised};
use super::capsule;
use super::strong::Strong;

/// What is called when the referent dies: `self` is a private capsule, the argument the weak reference.
pub(crate) type Callback = unsafe extern "C" fn(slf: *mut PyObject, weak: *mut PyObject) -> *mut PyObject;

/// A definition that a method object may point to; it is never written.
pub(crate) struct Definition(py::PyMethodDef);

// SAFETY: the definition is a constant: texts and a function.
unsafe impl Sync for Definition {}

impl Definition {
    /// Makes the definition of a callback, for a static; Python code can see its name.
    pub(crate) const fn new(name: &'static CStr, callback: Callback) -> Self {
        Self(py::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: py::PyMethodDefPointer { PyCFunction: callback },
            ml_flags: py::METH_O,
            ml_doc: core::ptr::null(),
        })
    }
}

/// Makes a callback, which gets `context` in a capsule. Returns it, and that capsule, which it owns.
///
/// # Safety
/// 1. `context` stays valid until [`retire`] is called with the capsule.
pub(crate) unsafe fn callback(
    at: Attached,
    definition: &'static Definition,
    context: *mut c_void,
) -> Result<(Strong, Strong), Raised> {
    let context = capsule::private(at, context)?;
    let raw = (&raw const definition.0).cast_mut();
    // SAFETY: attached; the definition is static and never written, `self` is a live object, no module.
    let function = unsafe { py::PyCFunction_NewEx(raw, context.as_ptr(), core::ptr::null_mut()) };
    // SAFETY: a new reference or NULL with an exception.
    unsafe { Strong::from_new(function) }.map(|function| (function, context))
}

/// Makes a weak reference to `object`, which calls what [`callback`] made when the object dies.
///
/// Python code can find weak reference and callback (`weakref.getweakrefs`), keep them, and call the callback at any time
/// with any object. So it is called attached, and nothing else is certain: see [`context`] and [`is_dead`].
///
/// # Safety
/// 1. `object` is a live object that can be weakly referenced, `callback` a live callback.
pub(crate) unsafe fn refer(
    _at: Attached,
    object: *mut PyObject,
    callback: *mut PyObject,
) -> Result<Strong, Raised> {
    // SAFETY: attached, duty 1, a callable.
    let weak = unsafe { py::PyWeakref_NewRef(object, callback) };
    // SAFETY: a new reference or NULL with an exception.
    unsafe { Strong::from_new(weak) }
}

/// Makes a weak reference with a callback of its own. Returns it, and the callback's capsule.
///
/// # Safety
/// 1. `object` is a live object that can be weakly referenced.
/// 2. As for [`callback`].
pub(crate) unsafe fn watch(
    at: Attached,
    object: *mut PyObject,
    definition: &'static Definition,
    context: *mut c_void,
) -> Result<(Strong, Strong), Raised> {
    // SAFETY: duty 2.
    let (function, context) = unsafe { callback(at, definition, context) }?;
    // SAFETY: duty 1; just made.
    unsafe { refer(at, object, function.as_ptr()) }.map(|weak| (weak, context))
}

/// Tells whether an object is `None`.
pub(crate) fn is_none(_at: Attached, object: *mut PyObject) -> bool {
    // SAFETY: the address of a constant.
    object == unsafe { py::Py_None() }
}

/// Returns `None`, as a new reference, for a callback to return.
pub(crate) fn none(_at: Attached) -> *mut PyObject {
    // SAFETY: the address of a constant.
    let none = unsafe { py::Py_None() };
    // SAFETY: attached, a live object.
    unsafe { py::Py_INCREF(none) };
    none
}

/// Reads the context in a callback; NULL once [`retire`] was called.
///
/// # Safety
/// 1. `slf` is the first argument of a callback that [`watch`] registered; the thread is attached.
pub(crate) unsafe fn context(at: Attached, slf: *mut PyObject) -> *mut c_void {
    // SAFETY: duty 1: a capsule that `watch` made.
    let context = unsafe { capsule::read_private(slf) };
    if context.is_null() {
        at.clear();
    }
    context
}

/// Takes the context out of reach of later calls.
///
/// # Safety
/// 1. `slf` is as for [`context`], or the capsule that [`watch`] returned; the thread is attached.
pub(crate) unsafe fn retire(_at: Attached, slf: *mut PyObject) {
    // SAFETY: duty 1; under another name the pointer is found no more.
    unsafe { capsule::rename(slf, c"interbind_died") }
}

/// Tells whether the referent of a weak reference that [`watch`] made is gone.
pub(crate) fn is_dead(at: Attached, weak: &Strong) -> bool {
    // SAFETY: the address of a constant.
    let none = unsafe { py::Py_None() };
    let referent = weak.call_tuple(at, &[]);
    at.clear();
    referent.is_ok_and(|referent| referent.as_ptr() == none)
}
