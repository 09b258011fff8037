//! Python's texts, whatever is in them: what is no UTF-8 is kept, as it is never copied into Rust.

use core::ffi::CStr;

use pyo3_ffi as py;

use super::PyObject;
use super::attached::Attached;
use super::raised::Raised;
use super::strong::{Strong, sys};

/// Tells whether an object is a `str`, or of a class that inherits from it.
pub(crate) fn is_text(object: &Strong) -> bool {
    // SAFETY: a live object; attached, as a `Strong` is.
    (unsafe { py::PyUnicode_Check(object.as_ptr()) }) != 0
}

/// Tells whether an object is a `str` and nothing more.
pub(crate) fn is_plain(object: &Strong) -> bool {
    // SAFETY: as above.
    (unsafe { py::PyUnicode_CheckExact(object.as_ptr()) }) != 0
}

/// Tells whether a `str` is this text.
pub(crate) fn is(object: &Strong, text: &CStr) -> bool {
    // SAFETY: a `str`, as the check says; a terminated text.
    is_text(object) && unsafe { py::PyUnicode_CompareWithASCIIString(object.as_ptr(), text.as_ptr()) } == 0
}

/// The `str` that has an instance's text.
pub(crate) fn plain(at: Attached, text: &Strong) -> Result<Strong, Raised> {
    // SAFETY: attached, a live object.
    let plain = unsafe { py::PyUnicode_FromObject(text.as_ptr()) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, plain) }
}

/// The one `str` of that text, which look-ups compare by address.
pub(crate) fn interned(at: Attached, text: &str) -> Result<Strong, Raised> {
    let mut text = Strong::text(at, text)?.into_ptr();
    // SAFETY: attached; a reference of ours, which is exchanged.
    unsafe { py::PyUnicode_InternInPlace(&raw mut text) };
    // SAFETY: the reference that it left.
    unsafe { Strong::from_new(at, text) }
}

/// What bytes say; what is no UTF-8 is replaced.
pub(crate) fn shown(at: Attached, text: &[u8]) -> Result<Strong, Raised> {
    let len = text.len().try_into().unwrap_or(isize::MAX);
    // SAFETY: attached; `len` bytes are readable, and the name of a way to deal with errors.
    let shown = unsafe { py::PyUnicode_DecodeUTF8(text.as_ptr().cast(), len, c"replace".as_ptr()) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, shown) }
}

/// The texts, one after the other.
pub(crate) fn concat(at: Attached, parts: &[&Strong]) -> Result<Strong, Raised> {
    join(at, "", parts)
}

/// The texts, with one between each two.
pub(crate) fn join(at: Attached, between: &str, parts: &[&Strong]) -> Result<Strong, Raised> {
    let (between, parts) = (Strong::text(at, between)?, tuple(at, parts)?);
    // SAFETY: attached, a `str` and a tuple; a TypeError where a part isn't a `str`.
    let joined = unsafe { py::PyUnicode_Join(between.as_ptr(), parts.as_ptr()) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, joined) }
}

/// A tuple of objects.
pub(crate) fn tuple(at: Attached, parts: &[&Strong]) -> Result<Strong, Raised> {
    let len = parts.len().try_into().unwrap_or(isize::MAX);
    // SAFETY: attached; a length.
    let made = unsafe { py::PyTuple_New(len) };
    // SAFETY: a new reference or NULL.
    let made = unsafe { Strong::from_new(at, made) }?;
    for (place, part) in (0..).zip(parts) {
        // SAFETY: the tuple is new, and the place is in it; it takes over a reference.
        unsafe { py::PyTuple_SetItem(made.as_ptr(), place, part.share(at).into_ptr()) };
    }
    Ok(made)
}

/// The steps of a path: what is between its dots.
pub(crate) fn steps(at: Attached, path: &Strong) -> Result<Vec<Strong>, Raised> {
    let dot = Strong::text(at, ".")?;
    // SAFETY: attached, two `str`; as often as there is a dot.
    let list = unsafe { py::PyUnicode_Split(path.as_ptr(), dot.as_ptr(), -1) };
    // SAFETY: a new reference or NULL.
    let list = unsafe { Strong::from_new(at, list) }?;
    // SAFETY: attached, a list.
    let count = unsafe { py::PyList_Size(list.as_ptr()) };
    let item = |place| {
        // SAFETY: the place is in the list; borrowed.
        let step = unsafe { py::PyList_GetItem(list.as_ptr(), place) };
        // SAFETY: the list keeps it, and nobody else has the list.
        unsafe { Strong::from_borrowed(at, step) }
    };
    Ok((0..count).map(item).collect())
}

/// How many characters a `str` has.
pub(crate) fn length(text: &Strong) -> isize {
    // SAFETY: a `str`; attached, as a `Strong` is.
    unsafe { py::PyUnicode_GetLength(text.as_ptr()) }
}

/// Where the last dot before a place is.
pub(crate) fn last_dot(text: &Strong, end: isize) -> Option<isize> {
    // SAFETY: a `str`; attached, as a `Strong` is.
    let found = unsafe { py::PyUnicode_FindChar(text.as_ptr(), '.'.into(), 0, end, -1) };
    (found > 0).then_some(found)
}

/// The characters from one place up to another.
pub(crate) fn part(at: Attached, text: &Strong, start: isize, end: isize) -> Result<Strong, Raised> {
    // SAFETY: attached, a `str`; the places are cut to its length.
    let part = unsafe { py::PyUnicode_Substring(text.as_ptr(), start, end) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, part) }
}

/// `repr`, which runs Python code.
pub(crate) fn repr(at: Attached, object: &Strong) -> Result<Strong, Raised> {
    // SAFETY: attached, a live object.
    let shown = unsafe { py::PyObject_Repr(object.as_ptr()) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, shown) }
}

/// The registered module of that name. `None` without an exception means that no module has it.
pub(crate) fn registered(at: Attached, name: &Strong) -> Result<Option<Strong>, Raised> {
    let Some(modules) = sys(at, c"modules") else { return Ok(None) };
    super::dictionary::get_item(at, &modules, name)
}

/// Tells whether an object is Python's `None`.
pub(crate) fn is_none(object: *mut PyObject) -> bool {
    // SAFETY: the address of a constant.
    object == unsafe { py::Py_None() }
}
