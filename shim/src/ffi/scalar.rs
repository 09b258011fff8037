//! Numbers, texts and constants of Python: what runs no Python code, whatever is done with it.

use core::ffi::CStr;
use core::ptr;

use pyo3_ffi as py;

use super::PyObject;
use super::attached::Attached;
use super::raised::Raised;
use super::strong::Strong;

/// Tells whether `inspect` reads the object back from its `repr`.
pub(crate) fn is_literal(object: &Strong) -> bool {
    let object = object.as_ptr();
    // SAFETY: a live object; attached, as a `Strong` is.
    let is_bytes = || unsafe { py::PyBytes_CheckExact(object) } != 0;
    super::unicode::is_none(object) || number_or_text(object, f64::is_finite) || is_bytes()
}

/// Tells whether nothing of Python runs when the object is converted.
///
/// # Safety
/// 1. A live object, attached.
#[inline]
#[cfg(interbind_free_threaded)]
pub(crate) unsafe fn is_inert(object: *mut PyObject) -> bool {
    number_or_text(object, |_| true)
}

/// Tells whether a live object is a whole number, a text, a truth value or a float that fits.
#[inline]
fn number_or_text(object: *mut PyObject, fits: impl FnOnce(f64) -> bool) -> bool {
    // SAFETY: callers pass a live object, attached.
    if unsafe { py::PyFloat_CheckExact(object) } != 0 {
        // SAFETY: a float, which answers for itself.
        return fits(unsafe { py::PyFloat_AsDouble(object) });
    }
    // SAFETY: as above.
    if unsafe { py::PyLong_CheckExact(object) } != 0 {
        return true;
    }
    // SAFETY: as above.
    if unsafe { py::PyUnicode_CheckExact(object) } != 0 {
        return true;
    }
    // SAFETY: as above.
    (unsafe { py::PyBool_Check(object) }) != 0
}

/// Reads a literal of Python's: a number, a text without an escape, `None`, `True` or `False`; `None` for anything else.
pub(crate) fn read(at: Attached, text: &str) -> Result<Option<Strong>, Raised> {
    // SAFETY (all three): the address of a constant, which lives as long as Python.
    let constant = match text {
        // SAFETY: as above.
        "None" => unsafe { py::Py_None() },
        // SAFETY: as above.
        "True" => unsafe { py::Py_True() },
        // SAFETY: as above.
        "False" => unsafe { py::Py_False() },
        _ => ptr::null_mut(),
    };
    if !constant.is_null() {
        // SAFETY: as above.
        return Ok(Some(unsafe { Strong::from_borrowed(at, constant) }));
    }
    for quote in ['\'', '"'] {
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        if let Some(inner) = inner.filter(|inner| !inner.contains(['\\', quote, '\n'])) {
            return Strong::text(at, inner).map(Some);
        }
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(None);
    }
    if digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return whole(at, text);
    }
    let Ok(number) = text.parse::<f64>() else { return Ok(None) };
    // SAFETY: attached.
    let number = unsafe { py::PyFloat_FromDouble(number) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, number) }.map(Some)
}

fn whole(at: Attached, digits: &str) -> Result<Option<Strong>, Raised> {
    let Ok(number) = digits.parse::<i64>() else { return Ok(None) };
    // SAFETY: attached.
    let number = unsafe { py::PyLong_FromLongLong(number) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, number) }.map(Some)
}

/// Reads a whole number that fits.
pub(crate) fn long(at: Attached, object: *mut PyObject) -> Result<i64, Raised> {
    // SAFETY: attached; callers pass a live object.
    let number = unsafe { py::PyLong_AsLongLong(object) };
    if number == -1 && at.has_raised() { Err(Raised::at(at)) } else { Ok(number) }
}

/// `...`, which stands for a default that nobody can read.
pub(crate) fn dots() -> *mut PyObject {
    // SAFETY: the address of a constant.
    unsafe { py::Py_Ellipsis() }
}

/// An object of a module of Python's own library.
pub(crate) fn of_module(at: Attached, module: &CStr, name: &str) -> Result<Strong, Raised> {
    super::host::import(at, module)?.attribute(at, name)
}
