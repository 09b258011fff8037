//! Dictionaries that Python code may hold too: their items by name.

use core::ffi::CStr;

use pyo3_ffi as py;

use super::attached::Attached;
use super::error;
use super::raised::Raised;
use super::strong::Strong;

/// An empty one.
pub(crate) fn new(at: Attached) -> Result<Strong, Raised> {
    // SAFETY: attached.
    let made = unsafe { py::PyDict_New() };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, made) }
}

/// Tells whether an object is a dict, or of a class that inherits from it.
pub(crate) fn is_one(object: &Strong) -> bool {
    // SAFETY: a live object; attached, as a `Strong` is.
    (unsafe { py::PyDict_Check(object.as_ptr()) }) != 0
}

/// What stands under a name, as the object's own class says.
pub(crate) fn get(at: Attached, dict: &Strong, name: &CStr) -> Result<Option<Strong>, Raised> {
    get_item(at, dict, &Strong::text(at, name.to_str().unwrap_or(""))?)
}

/// What stands under a key.
pub(crate) fn get_item(at: Attached, dict: &Strong, name: &Strong) -> Result<Option<Strong>, Raised> {
    // SAFETY: attached, live objects.
    let found = unsafe { py::PyObject_GetItem(dict.as_ptr(), name.as_ptr()) };
    // SAFETY: a new reference or NULL.
    match unsafe { Strong::from_new(at, found) } {
        Ok(found) => Ok(Some(found)),
        Err(raised) => missing(at, raised).map(|()| None),
    }
}

/// Puts something under a name.
pub(crate) fn set(at: Attached, dict: &Strong, name: &CStr, value: &Strong) -> Result<(), Raised> {
    set_item(at, dict, &Strong::text(at, name.to_str().unwrap_or(""))?, value)
}

/// Puts something under any key.
pub(crate) fn set_item(at: Attached, dict: &Strong, name: &Strong, value: &Strong) -> Result<(), Raised> {
    // SAFETY: attached, live objects.
    let status = unsafe { py::PyObject_SetItem(dict.as_ptr(), name.as_ptr(), value.as_ptr()) };
    if status == 0 { Ok(()) } else { Err(Raised::at(at)) }
}

/// Removes what stands under a name, if something does.
pub(crate) fn remove(at: Attached, dict: &Strong, name: &CStr) -> Result<(), Raised> {
    let name = Strong::text(at, name.to_str().unwrap_or(""))?;
    // SAFETY: attached, live objects.
    let status = unsafe { py::PyObject_DelItem(dict.as_ptr(), name.as_ptr()) };
    if status == 0 { Ok(()) } else { missing(at, Raised::at(at)) }
}

/// Forgets a KeyError.
fn missing(at: Attached, raised: Raised) -> Result<(), Raised> {
    if error::is_key_error(at) {
        at.clear();
        return Ok(());
    }
    Err(raised)
}

/// Python's None.
pub(crate) fn none(at: Attached) -> Strong {
    // SAFETY: the address of a constant, which lives as long as Python.
    let none = unsafe { py::Py_None() };
    // SAFETY: as above.
    unsafe { Strong::from_borrowed(at, none) }
}

/// Adds what another dict has.
pub(crate) fn update(at: Attached, dict: &Strong, other: &Strong) -> Result<(), Raised> {
    // SAFETY: attached, a dict, and an object that is asked as a mapping.
    let status = unsafe { py::PyDict_Update(dict.as_ptr(), other.as_ptr()) };
    if status == 0 { Ok(()) } else { Err(Raised::at(at)) }
}

/// The items of a tuple.
pub(crate) fn items_of_tuple(at: Attached, tuple: &Strong) -> Vec<Strong> {
    // SAFETY: callers pass a tuple; attached.
    let count = unsafe { py::PyTuple_Size(tuple.as_ptr()) };
    let item = |place| {
        // SAFETY: the place is in the tuple.
        let item = unsafe { py::PyTuple_GetItem(tuple.as_ptr(), place) };
        // SAFETY: the tuple owns it.
        unsafe { Strong::from_borrowed(at, item) }
    };
    (0..count).map(item).collect()
}

/// The keys and values of a dict that nobody changes meanwhile.
#[cfg(interbind_tp_call)]
pub(crate) fn items(at: Attached, dict: &Strong) -> Vec<(Strong, Strong)> {
    let (mut found, mut place) = (Vec::new(), 0);
    let (mut key, mut value) = (core::ptr::null_mut(), core::ptr::null_mut());
    // SAFETY: attached, a dict, places to write.
    while unsafe { py::PyDict_Next(dict.as_ptr(), &mut place, &mut key, &mut value) } != 0 {
        // SAFETY: the dict owns it.
        let key = unsafe { Strong::from_borrowed(at, key) };
        // SAFETY: as above.
        let value = unsafe { Strong::from_borrowed(at, value) };
        found.push((key, value));
    }
    found
}
