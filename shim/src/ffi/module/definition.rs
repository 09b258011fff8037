//! A module's definition for multi-phase initialisation: which slots it has is decided by the Python that runs.
//!
//! A build under the limited API of 3.9 runs on every later Python, and each of those wants to be told more: 3.12 which
//! interpreters a module supports, 3.13 whether it needs the GIL. An older one refuses a slot that it doesn't know.

use core::ffi::{c_int, c_void};
use core::ptr;

use interbind_structures::memory::boxed;
use pyo3_ffi as py;

use super::parts::{GIL_NOT_USED, Parts};
use crate::ffi::attached::Attached;
use crate::ffi::{PyObject, Raised, error, host};

/// Numbers of the slots: 3.15 gave them new ones, which only builds for 3.15 and later use.
const EXEC: c_int = if cfg!(interbind_slots_3_15) { 85 } else { 2 };
const MULTIPLE_INTERPRETERS: c_int = if cfg!(interbind_slots_3_15) { 86 } else { 3 };
const GIL: c_int = if cfg!(interbind_slots_3_15) { 87 } else { 4 };

/// What Python's entry point returns: the definition, which is an object.
pub(crate) type Entry = PyObject;

/// A definition that Python knows from now on; it is never freed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition(*mut py::PyModuleDef);

// SAFETY: Python reads and writes it under its own rules; others only pass the address on.
unsafe impl Send for Definition {}
// SAFETY: as above.
unsafe impl Sync for Definition {}

impl Definition {
    /// Makes a definition for the Python that runs.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn new(at: Attached, mut parts: Parts<'_>) -> Result<Self, Raised> {
        let running = host::running();
        let slot = |slot, value| py::PyModuleDef_Slot { slot, value };
        let mut slots = Vec::new();
        slots.try_reserve_exact(5).map_err(|_| error::no_memory(at))?;
        slots.push(slot(EXEC, parts.exec as *mut c_void));
        if running >= (3, 12) {
            slots.push(slot(MULTIPLE_INTERPRETERS, ptr::without_provenance_mut(parts.interpreters)));
        }
        if running >= (3, 13) && !parts.gil_used {
            slots.push(slot(GIL, ptr::without_provenance_mut(GIL_NOT_USED)));
        }
        #[cfg(interbind_slots_3_15)]
        slots.push(slot(super::parts::ABI_SLOT, super::parts::abi()));
        slots.push(slot(0, ptr::null_mut()));
        let methods = parts.leak_methods().ok_or_else(|| error::no_memory(at))?;
        let made = boxed(py::PyModuleDef {
            m_base: py::PyModuleDef_HEAD_INIT,
            m_name: parts.name.as_ptr(),
            m_doc: parts.doc.as_ptr(),
            m_size: parts.state.try_into().unwrap_or(0),
            m_methods: methods,
            m_slots: slots.leak().as_mut_ptr(),
            m_traverse: Some(parts.traverse),
            m_clear: Some(parts.clear),
            m_free: Some(parts.free),
        });
        made.map(|made| Self(Box::into_raw(made))).map_err(|_| error::no_memory(at))
    }

    /// Hands it to Python: what `PyInit_…` returns.
    pub(crate) fn enter(self, _at: Attached) -> *mut Entry {
        // SAFETY: attached; a definition that lives for ever.
        unsafe { py::PyModuleDef_Init(self.0) }
    }

    /// Returns the state of a module that was made of this definition; NULL for any other object.
    pub(crate) fn state(self, _at: Attached, module: *mut PyObject) -> *mut c_void {
        // SAFETY: attached, a live object.
        if unsafe { py::PyModule_Check(module) } == 0 {
            return ptr::null_mut();
        }
        // SAFETY: attached, a module; NULL without an exception when it has no definition.
        if unsafe { py::PyModule_GetDef(module) } != self.0 {
            return ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { py::PyModule_GetState(module) }
    }
}

/// Returns a module's state in `m_traverse`, `m_clear` and `m_free`; NULL before the module was executed.
///
/// # Safety
/// 1. `module` is what Python passes to these functions.
pub(crate) unsafe fn state_of(module: *mut PyObject) -> *mut c_void {
    // SAFETY: duty 1.
    unsafe { py::PyModule_GetState(module) }
}
