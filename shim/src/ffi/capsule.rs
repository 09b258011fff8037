//! Where a core is found: the interpreter's state dict and, where Python code can reach that, `sys` beside it.
//!
//! CPython keeps a dict per interpreter. From 3.13 on `gc.get_objects()` hands it out, and PyPy has none, so there it is the
//! `builtins` dict: Python code may take an entry away, keep it, or put something else in its place. So a capsule stands
//! under the same name in `sys` too, what is found in one place is put back into the other, and whatever is found is held by
//! a reference of its own and looked at before it's followed.
//!
//! `PyDict_GetItemRef`, which a build with a GIL does by itself where Python lacks it, and `dict.setdefault` of the exact type are
//! used on every version. They are atomic everywhere (the GIL, or the dict's critical section), and they return a reference that is
//! the caller's.

use core::ffi::{CStr, c_void};

use pyo3_ffi as py;

use super::PyObject;
use super::attached::Attached;
use super::live::Live;
use super::raised::Raised;
use super::strong::{Strong, sys};
use crate::text::Text;

/// What stands under a key.
pub(crate) enum Found {
    /// Nothing.
    Nothing,
    /// A capsule of that name.
    Capsule(Capsule),
    /// Anything else: the name of its class.
    Stranger(Text),
}

/// A capsule that is held, so what it leads to stays as long as this.
pub(crate) struct Capsule {
    object: Strong,
    pointer: *mut c_void,
}

impl Capsule {
    /// What it leads to.
    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

/// Whether Python code can reach the state dict: then the capsule is in `sys` too.
fn is_reachable() -> bool {
    cfg!(interbind_pypy) || super::host::running() >= (3, 13)
}

/// Returns the interpreter's state dict.
pub(crate) fn state_dict(at: Attached) -> Result<Strong, Raised> {
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
            return Err(Raised::at(at));
        }
        // SAFETY: attached, a module; borrowed.
        unsafe { py::PyModule_GetDict(builtins) }
    };
    if dict.is_null() {
        return Err(if at.has_raised() { Raised::at(at) } else { super::error::no_memory(at) });
    }
    // SAFETY: the interpreter (or `builtins`) holds its dict for as long as it runs.
    Ok(unsafe { Strong::from_borrowed(at, dict) })
}

/// Returns the dict of `builtins`.
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
pub(crate) fn builtins_dict(at: Attached) -> Option<Strong> {
    // SAFETY: attached; borrowed, or NULL.
    let dict = unsafe { py::PyEval_GetBuiltins() };
    // SAFETY: the interpreter, or the frame that runs, holds it.
    (!dict.is_null()).then(|| unsafe { Strong::from_borrowed(at, dict) })
}

/// Calls a method of `dict` itself on the state dict.
fn on_dict(at: Attached, method: &str, arguments: [&Strong; 2]) -> Result<Strong, Raised> {
    // SAFETY: the type lives as long as Python.
    let class = unsafe { Strong::from_borrowed(at, super::type_object::dict_type()) };
    let dict = state_dict(at)?;
    class.attribute(at, method)?.call_tuple(at, &[&dict, arguments[0], arguments[1]])
}

/// What the state dict has under a key.
fn get(at: Attached, key: &CStr) -> Result<Option<Strong>, Raised> {
    let name = Strong::text(at, key.to_str().unwrap_or(""))?;
    let dict = state_dict(at)?;
    let mut found = core::ptr::null_mut();
    // SAFETY: attached, a dict, a `str`, a place to write.
    let status = unsafe { py::compat::PyDict_GetItemRef(dict.as_ptr(), name.as_ptr(), &mut found) };
    if status < 0 {
        return Err(Raised::at(at));
    }
    // SAFETY: a new reference where it isn't NULL.
    Ok(core::ptr::NonNull::new(found).map(|found| unsafe { Strong::owned(at, found) }))
}

/// Looks under `key`, which is also the capsule's name.
#[inline(never)]
pub(crate) fn find(at: Attached, key: &'static CStr) -> Result<Found, Raised> {
    let first = get(at, key)?.map_or(Found::Nothing, |found| read(at, &found, key));
    if matches!(first, Found::Capsule(_)) || !is_reachable() {
        return Ok(first);
    }
    // Somebody took it away, or this is the first import.
    let Some(kept) = sys(at, key) else { return Ok(first) };
    let second = read(at, &kept, key);
    let Found::Capsule(capsule) = &second else { return Ok(first) };
    put(at, key, &capsule.object)?;
    Ok(second)
}

#[inline(never)]
fn read(at: Attached, found: &Strong, key: &CStr) -> Found {
    // SAFETY: attached, any object, terminated name; NULL with an exception for what is no capsule of that name.
    let pointer = unsafe { py::PyCapsule_GetPointer(found.as_ptr(), key.as_ptr()) };
    if pointer.is_null() {
        at.clear();
        return Found::Stranger(Live::of(at, found).class_name());
    }
    Found::Capsule(Capsule { object: found.share(at), pointer })
}

/// Makes a capsule around `pointer` that is named by its key.
fn capsule(
    at: Attached,
    key: &'static CStr,
    pointer: *mut c_void,
    destructor: Option<unsafe extern "C" fn(*mut PyObject)>,
) -> Result<Strong, Raised> {
    // SAFETY: attached; the pointer isn't NULL (it comes from a box, or is a static's), the name is static.
    let capsule = unsafe { py::PyCapsule_New(pointer, key.as_ptr(), destructor) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, capsule) }
}

/// Puts a capsule around `pointer` under `key` unless something stands there, and returns what stands there then.
///
/// If ours lost, its destructor has run. On an error nothing of ours stands anywhere, and no destructor has run: what `pointer`
/// leads to is the caller's.
#[inline(never)]
pub(crate) fn publish(
    at: Attached,
    key: &'static CStr,
    pointer: *mut c_void,
    destructor: Option<unsafe extern "C" fn(*mut PyObject)>,
) -> Result<Found, Raised> {
    let (winner, is_ours) = set(at, key, pointer, destructor)?;
    let found = read(at, &winner, key);
    if is_reachable() && is_ours {
        put_in_sys(at, key, &winner);
    }
    Ok(found)
}

/// As above, in the state dict alone: for what is made anew when Python code takes it away.
#[cfg(interbind_records)]
pub(crate) fn set_default(
    at: Attached,
    key: &'static CStr,
    pointer: *mut c_void,
    destructor: Option<unsafe extern "C" fn(*mut PyObject)>,
) -> Result<Found, Raised> {
    let (winner, _) = set(at, key, pointer, destructor)?;
    Ok(read(at, &winner, key))
}

/// Puts a capsule under a key unless something stands there; returns what does then, and whether it's ours.
fn set(
    at: Attached,
    key: &'static CStr,
    pointer: *mut c_void,
    destructor: Option<unsafe extern "C" fn(*mut PyObject)>,
) -> Result<(Strong, bool), Raised> {
    let name = Strong::text(at, key.to_str().unwrap_or(""))?;
    let capsule = capsule(at, key, pointer, destructor)?;
    let winner = on_dict(at, "setdefault", [&name, &capsule]).inspect_err(|_| {
        // SAFETY: a live capsule; attached.
        unsafe { py::PyCapsule_SetDestructor(capsule.as_ptr(), None) };
    })?;
    let is_ours = winner.as_ptr() == capsule.as_ptr();
    Ok((winner, is_ours))
}

/// Puts a new capsule where the dying one was lost; false when that can't be done, and no exception is set either way.
pub(crate) fn restore(
    at: Attached,
    key: &'static CStr,
    pointer: *mut c_void,
    destructor: Option<unsafe extern "C" fn(*mut PyObject)>,
) -> bool {
    let raised = super::error::take(at);
    let again = capsule(at, key, pointer, destructor);
    let done = again.and_then(|capsule| {
        if let Err(raised) = put(at, key, &capsule) {
            // It mustn't run its destructor: the dying one's count is still that one's.
            // SAFETY: a live capsule; attached.
            unsafe { py::PyCapsule_SetDestructor(capsule.as_ptr(), None) };
            return Err(raised);
        }
        put_in_sys(at, key, &capsule);
        Ok(())
    });
    at.clear();
    if let Some(raised) = raised {
        let _ = super::error::restore(at, raised);
    }
    done.is_ok()
}

/// Writes a capsule into the state dict, over whatever stands there.
fn put(at: Attached, key: &CStr, capsule: &Strong) -> Result<(), Raised> {
    let dict = state_dict(at)?;
    // SAFETY: attached, a dict, a terminated name, a live object.
    let status = unsafe { py::PyDict_SetItemString(dict.as_ptr(), key.as_ptr(), capsule.as_ptr()) };
    if status == 0 { Ok(()) } else { Err(Raised::at(at)) }
}

/// Writes a capsule into `sys`; without memory for that, the state dict has to do.
fn put_in_sys(at: Attached, key: &CStr, capsule: &Strong) {
    // SAFETY: attached, a terminated name, a live object.
    if unsafe { py::PySys_SetObject(key.as_ptr(), capsule.as_ptr()) } != 0 {
        at.clear();
    }
}

/// Reads a published capsule in its destructor.
///
/// # Safety
/// 1. `capsule` is the destructor's argument and was published under `key`.
pub(crate) unsafe fn read_dying(capsule: *mut PyObject, key: &'static CStr) -> *mut c_void {
    // SAFETY: duty 1: the name is still set while the destructor runs.
    unsafe { py::PyCapsule_GetPointer(capsule, key.as_ptr()) }
}
