//! A consumer without PyO3: the C API through pyo3-ffi, and nothing else. It serves every interpreter that imports it.

use std::ptr::{self, NonNull};

use frame_api::{Point, Series};
use pyo3_ffi::*;

interbind::raw_module! {
    name = "rawstats",
    doc = "Statistics on other wheels' objects, without PyO3.",
    // Handles hold no state of this module: nothing here is shared between interpreters, or needs the GIL.
    interpreters = per_interpreter_gil,
    gil_used = false,
    consumes = [Point ^1.2, dyn Series ^2.0],
    methods = [
        norm: O "The length of a point's vector.",
        total: O "The sum of a series.",
    ],
}

/// Reads the fields of another wheel's object.
unsafe extern "C" fn norm(_module: *mut PyObject, argument: *mut PyObject) -> *mut PyObject {
    let Some(object) = NonNull::new(argument) else { return ptr::null_mut() };
    // SAFETY: Python passes a live object and calls attached.
    match unsafe { Foreign::<Point>::from_ptr(object) } {
        // SAFETY: attached.
        Ok(point) => unsafe { PyFloat_FromDouble(point.x.hypot(point.y)) },
        // The exception is set.
        Err(_) => ptr::null_mut(),
    }
}

/// Calls another wheel's object through its interface.
unsafe extern "C" fn total(_module: *mut PyObject, argument: *mut PyObject) -> *mut PyObject {
    let Some(object) = NonNull::new(argument) else { return ptr::null_mut() };
    // SAFETY: as in `norm`.
    let Ok(series) = (unsafe { Foreign::<dyn Series>::from_ptr(object) }) else { return ptr::null_mut() };
    let sum = || -> Result<f64, interbind::Error> {
        let mut sum = 0.0;
        for i in 0..series.len()? {
            sum += series.get(i)?;
        }
        Ok(sum)
    };
    match sum() {
        // SAFETY: attached.
        Ok(sum) => unsafe { PyFloat_FromDouble(sum) },
        Err(error) => {
            let text = std::ffi::CString::new(error.message().replace('\0', "?")).unwrap_or_default();
            // SAFETY: attached, terminated text.
            unsafe { PyErr_SetString(PyExc_RuntimeError, text.as_ptr()) };
            ptr::null_mut()
        }
    }
}
