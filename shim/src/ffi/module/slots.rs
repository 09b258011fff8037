//! A module as a list of slots (PEP 793), for builds that know no `PyModuleDef`: abi3t, so 3.15 and later.
//!
//! Every Python that loads such a build knows every slot in here, so nothing is asked about the one that runs.

use core::ffi::{c_int, c_void};
use core::ptr;

use pyo3_ffi as py;

use super::parts::{GIL_NOT_USED, Parts};
use crate::ffi::attached::Attached;
use crate::ffi::{PyObject, Raised, error};

/// What Python's entry point returns: the first slot.
pub(crate) type Entry = py::PySlot;

/// A list of slots that Python reads whenever it makes the module; it is never freed. Its address is the module's token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition(*mut py::PySlot);

// SAFETY: read-only once it's made.
unsafe impl Send for Definition {}
// SAFETY: as above.
unsafe impl Sync for Definition {}

impl Definition {
    /// Makes the list.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn new(at: Attached, mut parts: Parts<'_>) -> Result<Self, Raised> {
        let methods = parts.leak_methods().ok_or_else(|| error::no_memory(at))?;
        let mut slots = Vec::new();
        slots.try_reserve_exact(13).map_err(|_| error::no_memory(at))?;
        slots.extend([
            data(py::Py_mod_name, parts.name.as_ptr().cast_mut().cast()),
            data(py::Py_mod_doc, parts.doc.as_ptr().cast_mut().cast()),
            data(py::Py_mod_abi, super::parts::abi()),
            data(py::Py_mod_methods, methods.cast()),
            data(py::Py_mod_multiple_interpreters, ptr::without_provenance_mut(parts.interpreters)),
            py::PySlot_SIZE(py::Py_mod_state_size, parts.state.try_into().unwrap_or(0)),
            function(py::Py_mod_exec, parts.exec as *mut c_void),
            function(py::Py_mod_state_traverse, parts.traverse as *mut c_void),
            function(py::Py_mod_state_clear, parts.clear as *mut c_void),
            function(py::Py_mod_state_free, parts.free as *mut c_void),
        ]);
        if !parts.gil_used {
            slots.push(data(py::Py_mod_gil, ptr::without_provenance_mut(GIL_NOT_USED)));
        }
        slots.extend([py::PySlot_END(), py::PySlot_END()]);
        let slots = slots.leak();
        // The token stands before the end, which is one slot further then.
        let end = slots.len() - 2;
        slots[end] = data(py::Py_mod_token, slots.as_mut_ptr().cast());
        Ok(Self(slots.as_mut_ptr()))
    }

    /// Hands it to Python: what `PyModExport_…` returns.
    pub(crate) fn enter(self, _at: Attached) -> *mut Entry {
        self.0
    }

    /// Returns the state of a module that was made of this list; NULL for any other object.
    pub(crate) fn state(self, at: Attached, module: *mut PyObject) -> *mut c_void {
        // SAFETY: attached, a live object.
        if unsafe { py::PyModule_Check(module) } == 0 {
            return ptr::null_mut();
        }
        let mut token = ptr::null_mut();
        // SAFETY: attached, a module; `token` is writable.
        if unsafe { py::PyModule_GetToken(module, &mut token) } < 0 {
            at.clear();
        }
        if token != self.0.cast() {
            return ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { py::PyModule_GetState(module) }
    }
}

/// Returns a module's state in `traverse`, `clear` and `free`; NULL before the module was executed.
///
/// # Safety
/// 1. `module` is what Python passes to these functions.
pub(crate) unsafe fn state_of(module: *mut PyObject) -> *mut c_void {
    // SAFETY: duty 1.
    unsafe { py::PyModule_GetState_DuringGC(module) }
}

/// A slot with a value that lives for ever.
fn data(id: c_int, value: *mut c_void) -> py::PySlot {
    py::PySlot_PTR_STATIC(id, value)
}

/// A slot with a function.
fn function(id: c_int, function: *mut c_void) -> py::PySlot {
    // SAFETY: callers pass functions of the slot's type.
    unsafe { py::PySlot_FUNC(id, function) }
}
