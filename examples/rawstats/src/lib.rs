//! A consumer without PyO3: the C API through pyo3-ffi, and nothing else.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};

use frame_api::{Point, Series};
use pyo3_ffi::*;

interbind::module! {
    name = "rawstats",
    consumes = [Point ^1.2, dyn Series ^2.0],
}

/// Reads the fields of another wheel's object.
unsafe extern "C" fn norm(_module: *mut PyObject, argument: *mut PyObject) -> *mut PyObject {
    let Some(object) = NonNull::new(argument) else { return ptr::null_mut() };
    // SAFETY: Python passes a live object and calls attached.
    match unsafe { Foreign::<Point>::from_ptr(object) } {
        // SAFETY: attached.
        Ok(point) => unsafe { PyFloat_FromDouble(point.x.hypot(point.y)) },
        // The exception is set.
        Err(interbind::Raised) => ptr::null_mut(),
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

unsafe extern "C" fn exec(module: *mut PyObject) -> c_int {
    // SAFETY: Python executes the module attached.
    match unsafe { interbind::bind::<__Interbind>(module.cast::<c_void>()) } {
        Ok(()) => 0,
        Err(interbind::Raised) => -1,
    }
}

struct Static<T>(T);
// SAFETY: written by Python under its own rules, as every extension's definitions are.
unsafe impl<T> Sync for Static<T> {}

static METHODS: Static<[PyMethodDef; 3]> = Static([
    PyMethodDef {
        ml_name: c"norm".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: norm },
        ml_flags: METH_O,
        ml_doc: c"The length of a point's vector.".as_ptr(),
    },
    PyMethodDef {
        ml_name: c"total".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: total },
        ml_flags: METH_O,
        ml_doc: c"The sum of a series.".as_ptr(),
    },
    PyMethodDef::zeroed(),
]);

static SLOTS: Static<[PyModuleDef_Slot; if cfg!(Py_GIL_DISABLED) { 3 } else { 2 }]> = Static([
    PyModuleDef_Slot { slot: Py_mod_exec, value: exec as *mut c_void },
    // Handles hold no state of this module: nothing here needs the GIL.
    #[cfg(Py_GIL_DISABLED)]
    PyModuleDef_Slot { slot: Py_mod_gil, value: Py_MOD_GIL_NOT_USED },
    PyModuleDef_Slot { slot: 0, value: ptr::null_mut() },
]);

static mut DEFINITION: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"rawstats".as_ptr(),
    m_doc: c"Statistics on other wheels' objects, without PyO3.".as_ptr(),
    m_size: 0,
    m_methods: (&raw const METHODS.0).cast_mut().cast(),
    m_slots: (&raw const SLOTS.0).cast_mut().cast(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// Python's entry point.
#[unsafe(no_mangle)]
#[allow(non_snake_case)]
pub unsafe extern "C" fn PyInit_rawstats() -> *mut PyObject {
    // SAFETY: Python calls this attached; the definition is a static.
    unsafe { PyModuleDef_Init(&raw mut DEFINITION) }
}
