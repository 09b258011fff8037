//! `interbind.view` and `interbind.bridge`: objects of other modules for functions of frameworks that know nothing of them, as the
//! implementation does it.

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};

use pyo3_ffi::*;

/// `_view(object, class)`: a new object of the class.
pub unsafe extern "C" fn _view(_module: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls this attached, with a tuple.
    let count = unsafe { PyTuple_Size(arguments) };
    if count != 2 {
        // SAFETY: as above.
        unsafe { PyErr_Clear() };
        // SAFETY: exception classes live as long as Python.
        let class = unsafe { PyExc_TypeError };
        // SAFETY: attached; a terminated text.
        unsafe { PyErr_SetString(class, c"view takes an object and a class of nanobind".as_ptr()) };
        return ptr::null_mut();
    }
    // SAFETY: a tuple of two; both are borrowed from it.
    let found = [0, 1].map(|index| NonNull::new(unsafe { PyTuple_GetItem(arguments, index) }));
    let [Some(object), Some(class)] = found else { return ptr::null_mut() };
    // SAFETY: (1) attached, and the tuple holds both.
    let make = || unsafe { interbind::__private::view::<crate::__Interbind>(object, class) };
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(made) => made.map_or(ptr::null_mut(), NonNull::as_ptr),
        // SAFETY: (1) attached.
        Err(_) => unsafe { panicked(c"interbind.view panicked") },
    }
}

/// `_bridge(class)`: has pybind11 3.1 take objects of a class of an older one.
pub unsafe extern "C" fn _bridge(_module: *mut PyObject, class: *mut PyObject) -> *mut PyObject {
    let Some(class) = NonNull::new(class) else { return ptr::null_mut() };
    // SAFETY: (1) Python calls this attached, with a live object.
    let open = || unsafe { interbind::__private::bridge::<crate::__Interbind>(class) };
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(Ok(())) => {
            // SAFETY: `None` lives as long as Python.
            let none = unsafe { Py_None() };
            // SAFETY: attached, a live object.
            unsafe { Py_INCREF(none) };
            none
        }
        Ok(Err(_)) => ptr::null_mut(),
        // SAFETY: (1) attached.
        Err(_) => unsafe { panicked(c"interbind.bridge panicked") },
    }
}

/// Raises what a panic came to. Returns NULL.
///
/// # Safety
/// 1. The thread is attached.
unsafe fn panicked(text: &CStr) -> *mut PyObject {
    // SAFETY: exception classes live as long as Python.
    let class = unsafe { PyExc_RuntimeError };
    // SAFETY: duty 1; a terminated text.
    unsafe { PyErr_SetString(class, text.as_ptr()) };
    ptr::null_mut()
}
