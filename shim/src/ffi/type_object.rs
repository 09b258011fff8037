//! Python types: the class of an object by its real MRO, never through Python code.

use pyo3_ffi as py;

use super::PyObject;
use super::attached::Attached;
use super::error;
use super::raised::Raised;
use super::strong::Strong;
use crate::text::Text;

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
/// 1. `class` is a live type object and the thread is attached. Of `base` only the address counts.
#[cfg(not(interbind_pypy))]
#[inline(always)]
pub(crate) unsafe fn is_subtype(class: *mut PyObject, base: *mut PyObject) -> bool {
    // SAFETY: duty 1.
    class == base || unsafe { py::PyType_IsSubtype(class.cast(), base.cast()) } != 0
}

/// As above, by the bases whose layout the class has: PyPy lets a class inherit from two that lie differently, and a metaclass
/// name any class in its MRO.
#[cfg(interbind_pypy)]
pub(crate) unsafe fn is_subtype(class: *mut PyObject, base: *mut PyObject) -> bool {
    let mut at = class.cast::<py::PyTypeObject>();
    while !at.is_null() {
        if at.cast() == base {
            return true;
        }
        // SAFETY: duty 1: a class keeps its base.
        at = unsafe { (*at).tp_base };
    }
    false
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

/// Tells whether an object is a module.
#[cfg(interbind_records)]
pub(crate) fn is_module(object: &Strong) -> bool {
    // SAFETY: a live object; attached, as a `Strong` is.
    (unsafe { py::PyModule_Check(object.as_ptr()) }) != 0
}

/// Tells whether the collector may follow an object: its class takes part.
#[cfg(interbind_records)]
pub(crate) fn is_collected(object: &Strong) -> bool {
    // SAFETY: a live object; attached, as a `Strong` is.
    let class = unsafe { py::Py_TYPE(object.as_ptr()) };
    // SAFETY: as above: the object keeps its class.
    let flags = unsafe { py::PyType_GetFlags(class) };
    flags & py::Py_TPFLAGS_HAVE_GC != 0
}

/// Returns a type's name for messages, as `module.qualname`; runs no code of the type.
///
/// `type`'s own `__repr__` would read `__module__` through the type's dict only, but a metaclass may override it, so
/// the two parts are read with `type.__getattribute__`.
pub(crate) fn type_name(at: Attached, class: &Strong) -> Text {
    let mut text = Text::new();
    for part in ["__module__", "__qualname__"] {
        // The module of a built-in class says nothing.
        if let Some(found) = attribute_text(at, class, part).filter(|found| **found != *"builtins") {
            let dot = if text.is_empty() { "" } else { "." };
            text.push(&[dot, &found]);
        }
    }
    if text.is_empty() { Text::of("(a class without a name)") } else { text }
}

#[inline(never)]
fn attribute_text(at: Attached, class: &Strong, name: &str) -> Option<Text> {
    // SAFETY: the type lives as long as Python.
    let meta = unsafe { Strong::from_borrowed(at, type_type()) };
    let found = meta.attribute(at, "__getattribute__").and_then(|get| {
        let name = Strong::text(at, name)?;
        get.call_tuple(at, &[class, &name])
    });
    at.clear();
    found.ok()?.to_text(at)
}

/// Flags of our own types that Python code can't change and can't make objects of; 3.9 doesn't know them.
pub(crate) const CLOSED: u32 = 1 << 7 | 1 << 8;

/// Makes a type of ours.
///
/// # Safety
/// 1. `spec` is as Python wants it: a terminated name, terminated slots that fit the size.
pub(crate) unsafe fn from_spec(at: Attached, mut spec: py::PyType_Spec) -> Result<Strong, Raised> {
    // SAFETY: `at`: attached; duty 1. Python copies what it keeps of the specification.
    let made = unsafe { py::PyType_FromSpec(&raw mut spec) };
    if made.is_null() && !at.has_raised() {
        // One of 3.11's allocations fails there without a word.
        return Err(error::no_memory(at));
    }
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, made) }
}

/// Makes a class as Python code makes one.
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
pub(crate) fn empty(at: Attached) -> Result<Strong, Raised> {
    // SAFETY: the type lives as long as Python.
    let meta = unsafe { Strong::from_borrowed(at, type_type()) };
    // SAFETY: attached.
    let bases = unsafe { py::PyTuple_New(0) };
    // SAFETY: a new reference or NULL.
    let bases = unsafe { Strong::from_new(at, bases) }?;
    // SAFETY: attached.
    let dict = unsafe { py::PyDict_New() };
    // SAFETY: a new reference or NULL.
    let dict = unsafe { Strong::from_new(at, dict) }?;
    meta.call_tuple(at, &[&Strong::text(at, "C")?, &bases, &dict])
}

/// Sets an attribute of a class, past its metaclass.
pub(crate) fn set_attribute(at: Attached, class: &Strong, name: &str, value: &Strong) -> Result<(), Raised> {
    // SAFETY: the type lives as long as Python.
    let meta = unsafe { Strong::from_borrowed(at, type_type()) };
    let set = meta.attribute(at, "__setattr__")?;
    let name = Strong::text(at, name)?;
    set.call_tuple(at, &[class, &name, value]).map(drop).map_err(|raised| {
        // What `type` says since 3.14 when the class's dict can't grow.
        if error::is_attribute_error(at) { error::no_memory(at) } else { raised }
    })
}

/// Returns the size of the type's instances in bytes.
///
/// Asks neither the class nor its metaclass, which may be Python code.
#[cfg(not(interbind_limited))]
pub(crate) fn basic_size(_at: Attached, class: &Strong) -> Result<usize, Raised> {
    // SAFETY: callers pass a class.
    let size = unsafe { (*class.as_ptr().cast::<py::PyTypeObject>()).tp_basicsize };
    Ok(size.try_into().unwrap_or(0))
}

/// As above: by the descriptor of `type` itself.
#[cfg(interbind_limited)]
pub(crate) fn basic_size(at: Attached, class: &Strong) -> Result<usize, Raised> {
    let size = own_part(at, class, "__basicsize__")?;
    // SAFETY: attached, live object; -1 with an exception for what is no whole number.
    let bytes = unsafe { py::PyLong_AsSsize_t(size.as_ptr()) };
    if bytes < 0 { Err(Raised::at(at)) } else { Ok(bytes as usize) }
}

/// Reads what `type` itself says of a class, whatever its metaclass would say.
#[cfg(any(interbind_limited, not(any(interbind_pypy, target_env = "msvc"))))]
pub(crate) fn own_part(at: Attached, class: &Strong, name: &str) -> Result<Strong, Raised> {
    // SAFETY: the type lives as long as Python.
    let meta = unsafe { Strong::from_borrowed(at, type_type()) };
    let member = item(at, &meta.attribute(at, "__dict__")?, &Strong::text(at, name)?)?;
    member.attribute(at, "__get__")?.call_tuple(at, &[class])
}

/// Reads an item of a mapping.
#[cfg(any(interbind_limited, not(any(interbind_pypy, target_env = "msvc"))))]
pub(crate) fn item(at: Attached, mapping: &Strong, key: &Strong) -> Result<Strong, Raised> {
    // SAFETY: attached, live objects.
    let found = unsafe { py::PyObject_GetItem(mapping.as_ptr(), key.as_ptr()) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, found) }
}
