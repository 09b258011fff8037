//! The native half of `interbind.pickle`, as the module `interbind._pickle`.
//!
//! | folder | what it owns |
//! |---|---|
//! | [`python`] | the only code that touches pyo3-ffi for both engines: references, exceptions, calls, types |
//! | [`dropin`] | the engine with cloudpickle's bytes, around Python's own pickler |
//! | [`writer`] | the engine that writes streams itself |
//! | [`by_value`] | which modules go by value in one dump, for both engines |
//! | [`kept`] | what is known about objects from earlier dumps, for both engines |
//! | [`room`] | memory for Rust's collections: when it runs out, that is a `MemoryError` |
//! | [`state`] | what a module holds: one for each interpreter, nothing is shared |
//!
//! Built once for each Python with its full API. Nothing here is `static` that could hold an object: interpreters with a GIL
//! of their own load it too, and so does a Python without one.

mod by_value;
mod dropin;
mod kept;
mod python;
mod room;
mod state;
mod writer;

use core::ffi::c_int;
use core::ptr;

use pyo3_ffi as ffi;

use crate::python::{Object, Result, Shared, entry};

static DEFINITION: Shared<ffi::PyModuleDef> = Shared::new(ffi::PyModuleDef {
    m_base: ffi::PyModuleDef_HEAD_INIT,
    m_name: c"interbind._pickle".as_ptr(),
    m_doc: c"The native half of interbind.pickle.".as_ptr(),
    m_size: size_of::<state::Slot>() as ffi::Py_ssize_t,
    m_methods: ptr::null_mut(),
    m_slots: SLOTS.as_ptr(),
    m_traverse: Some(state::traverse),
    m_clear: Some(state::clear),
    m_free: Some(state::free),
});

const EXEC: ffi::PyModuleDef_Slot = ffi::PyModuleDef_Slot {
    slot: ffi::Py_mod_exec as c_int,
    value: exec as unsafe extern "C" fn(*mut ffi::PyObject) -> c_int as *mut core::ffi::c_void,
};
const END: ffi::PyModuleDef_Slot = ffi::PyModuleDef_Slot { slot: 0, value: ptr::null_mut() };

static SLOTS: Shared<[ffi::PyModuleDef_Slot; 4]> = Shared::new([
    EXEC,
    #[cfg(Py_3_12)]
    ffi::PyModuleDef_Slot {
        slot: ffi::Py_mod_multiple_interpreters as c_int,
        value: ffi::Py_MOD_PER_INTERPRETER_GIL_SUPPORTED,
    },
    #[cfg(not(Py_3_12))]
    END,
    #[cfg(Py_3_13)]
    ffi::PyModuleDef_Slot { slot: ffi::Py_mod_gil as c_int, value: ffi::Py_MOD_GIL_NOT_USED },
    #[cfg(not(Py_3_13))]
    END,
    END,
]);

/// Starts the module; Python calls it once for each interpreter.
#[allow(non_snake_case, reason = "Python looks for this name")]
#[unsafe(no_mangle)]
pub extern "C" fn PyInit__pickle() -> *mut ffi::PyObject {
    // SAFETY: the definition is static, and Python alone writes into it.
    unsafe { ffi::PyModuleDef_Init(DEFINITION.as_ptr()) }
}

unsafe extern "C" fn exec(module: *mut ffi::PyObject) -> c_int {
    entry(-1, || {
        // SAFETY: Python passes the module that it has just made, and calls attached.
        let module = unsafe { Object::from_ptr(module) };
        fill(module)?;
        Ok(0)
    })
}

fn fill(module: &Object) -> Result<()> {
    let writer = writer::fill(module)?;
    let dropin = dropin::fill(module)?;
    state::put(module, state::State { writer, dropin })
}
