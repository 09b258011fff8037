//! Python types: the class of an object by its real MRO, never through Python code.

use pyo3_ffi as py;

use super::PyObject;
use super::attached::Attached;
use super::strong::Strong;

/// Returns the object's class.
///
/// # Safety
/// 1. `object` is a live object and the thread is attached.
#[inline(always)]
pub(crate) unsafe fn class_of(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: duty 1.
    unsafe { py::Py_TYPE(object) }.cast()
}

/// Tells whether `class` is `base` or inherits from it, by the real MRO.
///
/// # Safety
/// 1. Both are live type objects and the thread is attached.
#[inline(always)]
pub(crate) unsafe fn is_subtype(class: *mut PyObject, base: *mut PyObject) -> bool {
    // SAFETY: duty 1.
    class == base || unsafe { py::PyType_IsSubtype(class.cast(), base.cast()) } != 0
}

/// The address of `dict`.
pub(crate) fn dict_type() -> *mut PyObject {
    (&raw mut py::PyDict_Type).cast()
}

/// The address of `type`.
fn type_type() -> *mut PyObject {
    (&raw mut py::PyType_Type).cast()
}

/// Tells whether `object` is a type.
///
/// # Safety
/// 1. `object` is a live object and the thread is attached.
pub(crate) unsafe fn is_type(object: *mut PyObject) -> bool {
    // SAFETY: duty 1.
    (unsafe { py::PyType_Check(object) }) != 0
}

/// Returns the class's name for messages, as `module.qualname`; runs no code of the class.
///
/// `type`'s own `__repr__` would read `__module__` through the class's dict only, but a metaclass may override it, so
/// the two parts are read with `type.__getattribute__`.
pub(crate) fn class_name(at: Attached, object: *mut PyObject) -> String {
    // SAFETY: callers pass live objects; attached.
    let class = unsafe { class_of(object) };
    // SAFETY: the object keeps its class.
    let class = unsafe { Strong::from_borrowed(at, class) };
    type_name(at, &class)
}

/// Returns a type's name for messages, as `module.qualname`.
pub(crate) fn type_name(at: Attached, class: &Strong) -> String {
    let mut text = String::new();
    for part in ["__module__", "__qualname__"] {
        // The module of a built-in class says nothing.
        if let Some(found) = attribute_text(at, class, part).filter(|found| found != "builtins") {
            text.push_str(if text.is_empty() { "" } else { "." });
            text.push_str(&found);
        }
    }
    if text.is_empty() { "(a class without a name)".to_owned() } else { text }
}

#[inline(never)]
fn attribute_text(at: Attached, class: &Strong, name: &str) -> Option<String> {
    // SAFETY: the type lives as long as Python.
    let meta = unsafe { Strong::from_borrowed(at, type_type()) };
    let found = meta.attribute(at, "__getattribute__").and_then(|get| {
        let name = Strong::text(at, name)?;
        get.call_tuple(at, &[class, &name])
    });
    at.clear();
    found.ok()?.to_text(at)
}

/// Returns the size of the type's instances in bytes, 0 when it doesn't say.
#[cfg_attr(not(feature = "pyo3"), allow(dead_code, reason = "used by PyO3 providers"))]
pub(crate) fn basic_size(at: Attached, class: &Strong) -> usize {
    let size = class.attribute(at, "__basicsize__");
    let Ok(size) = size else {
        at.clear();
        return 0;
    };
    // SAFETY: attached, live object; -1 with an exception for what is no whole number.
    let bytes = unsafe { py::PyLong_AsSsize_t(size.as_ptr()) };
    at.clear();
    bytes.try_into().unwrap_or(0)
}
