//! The state dict and the capsules in it: finding the core, and publishing one with an atomic set-default.
//!
//! CPython keeps a dict per interpreter that Python code can't reach. PyPy has none: there it is the `builtins` dict,
//! whose entry Python code may delete or replace, so whatever is found is looked at before it's followed.
//!
//! `dict.setdefault` of the exact type is used on every version. It is atomic everywhere (the GIL, or the dict's critical
//! section), it is in every limited API, and `PyDict_SetDefaultRef` is missing from pyo3-ffi before 0.29: one path,
//! tested everywhere, beats three. It runs once per interpreter and module.

use core::ffi::{CStr, c_void};

use pyo3_ffi as py;

use super::PyObject;
use super::attached::{Attached, Raised};
use super::strong::Strong;

/// What stands under a key.
pub(crate) enum Found {
    /// Nothing.
    Nothing,
    /// A capsule of that name; its pointer.
    Capsule(*mut c_void),
    /// Anything else: the name of its class.
    Stranger(String),
}

/// Returns the interpreter's state dict, borrowed.
fn state_dict(_at: Attached) -> Result<*mut PyObject, Raised> {
    #[cfg(not(interbind_pypy))]
    let dict = {
        // SAFETY: attached: there is a current interpreter.
        let interpreter = unsafe { py::PyInterpreterState_Get() };
        // SAFETY: the current interpreter; borrowed, or NULL without memory.
        unsafe { py::PyInterpreterState_GetDict(interpreter) }
    };
    #[cfg(interbind_pypy)]
    let dict = {
        // SAFETY: attached, terminated name; borrowed or NULL with an exception.
        let builtins = unsafe { py::PyImport_AddModule(c"builtins".as_ptr()) };
        if builtins.is_null() {
            return Err(Raised);
        }
        // SAFETY: attached, a module; borrowed.
        unsafe { py::PyModule_GetDict(builtins) }
    };
    if dict.is_null() { Err(Raised) } else { Ok(dict) }
}

/// Looks under `key`, which is also the capsule's name.
#[inline(never)]
pub(crate) fn find(at: Attached, key: &CStr) -> Result<Found, Raised> {
    let dict = state_dict(at)?;
    let name = Strong::text(at, key.to_str().unwrap_or(""))?;
    // SAFETY: attached, a dict and a `str`; borrowed, or NULL with or without an exception.
    let found = unsafe { py::PyDict_GetItemWithError(dict, name.as_ptr()) };
    if found.is_null() {
        return if at.has_raised() { Err(Raised) } else { Ok(Found::Nothing) };
    }
    // SAFETY: the dict holds it and nothing ran in between.
    let found = unsafe { Strong::from_borrowed(at, found) };
    Ok(read(at, &found, key))
}

#[inline(never)]
fn read(at: Attached, found: &Strong, key: &CStr) -> Found {
    // SAFETY: attached, any object, terminated name; NULL with an exception for what is no capsule of that name.
    let pointer = unsafe { py::PyCapsule_GetPointer(found.as_ptr(), key.as_ptr()) };
    if pointer.is_null() {
        at.clear();
        return Found::Stranger(super::type_object::class_name(at, found.as_ptr()));
    }
    Found::Capsule(pointer)
}

/// Puts a capsule around `pointer` under `key` unless something stands there, and returns what stands there then.
///
/// If ours lost, its destructor has run.
#[inline(never)]
pub(crate) fn publish(
    at: Attached,
    key: &'static CStr,
    pointer: *mut c_void,
    destructor: Option<unsafe extern "C" fn(*mut PyObject)>,
) -> Result<Found, Raised> {
    let dict = state_dict(at)?;
    // SAFETY: attached; the pointer isn't NULL (it comes from a box, or is a static's), the name is static.
    let capsule = unsafe { py::PyCapsule_New(pointer, key.as_ptr(), destructor) };
    // SAFETY: a new reference or NULL with an exception.
    let capsule = unsafe { Strong::from_new(capsule) }?;
    // SAFETY: the type lives as long as Python.
    let dict_type = unsafe { Strong::from_borrowed(at, super::type_object::dict_type()) };
    // SAFETY: the interpreter (or `builtins`) holds its dict.
    let dict = unsafe { Strong::from_borrowed(at, dict) };
    let set_default = dict_type.attribute(at, "setdefault")?;
    let name = Strong::text(at, key.to_str().unwrap_or(""))?;
    let winner = set_default.call_tuple(at, &[&dict, &name, &capsule])?;
    Ok(read(at, &winner, key))
}

/// Makes a capsule without a place in any dict, for a callback's `self`.
#[inline(never)]
pub(crate) fn private(_at: Attached, pointer: *mut c_void) -> Result<Strong, Raised> {
    // SAFETY: attached; not NULL, no name, no destructor.
    let capsule = unsafe { py::PyCapsule_New(pointer, core::ptr::null(), None) };
    // SAFETY: a new reference or NULL with an exception.
    unsafe { Strong::from_new(capsule) }
}

/// Reads a capsule that [`private`] made.
///
/// # Safety
/// 1. `capsule` is such a capsule; the thread is attached.
pub(crate) unsafe fn read_private(capsule: *mut PyObject) -> *mut c_void {
    // SAFETY: duty 1.
    unsafe { py::PyCapsule_GetPointer(capsule, core::ptr::null()) }
}

/// Gives a capsule another name, by which alone it's read from then on.
///
/// # Safety
/// 1. `capsule` is a capsule; the thread is attached.
pub(crate) unsafe fn rename(capsule: *mut PyObject, name: &'static CStr) {
    // SAFETY: duty 1; a static text.
    unsafe { py::PyCapsule_SetName(capsule, name.as_ptr()) };
}

/// Reads a published capsule in its destructor.
///
/// # Safety
/// 1. `capsule` is the destructor's argument and was published under `key`.
pub(crate) unsafe fn read_dying(capsule: *mut PyObject, key: &'static CStr) -> *mut c_void {
    // SAFETY: duty 1: the name is still set while the destructor runs.
    unsafe { py::PyCapsule_GetPointer(capsule, key.as_ptr()) }
}
