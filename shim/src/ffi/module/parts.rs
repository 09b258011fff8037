//! What a module is made of, whichever form it takes.

use core::ffi::{CStr, c_int};

use interbind_structures::memory::push;
use pyo3_ffi as py;

use crate::ffi::PyObject;

/// `Py_MOD_GIL_NOT_USED`.
pub(super) const GIL_NOT_USED: usize = 1;

/// The number of `Py_mod_abi`.
#[cfg(all(interbind_slots_3_15, not(interbind_module_slots)))]
pub(super) const ABI_SLOT: c_int = 109;

/// What this build needs of Python's ABI: constant, so that tools find it in the file.
#[cfg(interbind_slots_3_15)]
static ABI: py::PyABIInfo = py::_PyABIInfo_DEFAULT;

/// The same, for a slot; Python only reads it.
#[cfg(interbind_slots_3_15)]
pub(super) fn abi() -> *mut core::ffi::c_void {
    core::ptr::from_ref(&ABI).cast_mut().cast()
}

/// What a module is made of.
pub(crate) struct Parts<'a> {
    pub(crate) name: &'static CStr,
    pub(crate) doc: &'static CStr,
    pub(crate) methods: &'a mut dyn Iterator<Item = py::PyMethodDef>,
    pub(crate) exec: unsafe extern "C" fn(module: *mut PyObject) -> c_int,
    /// The value of `Py_mod_multiple_interpreters`.
    pub(crate) interpreters: usize,
    pub(crate) gil_used: bool,
    /// Bytes of module state.
    pub(crate) state: usize,
    pub(crate) traverse: py::traverseproc,
    pub(crate) clear: py::inquiry,
    pub(crate) free: py::freefunc,
}

impl Parts<'_> {
    /// The functions with their end, for ever; none without memory.
    pub(super) fn leak_methods(&mut self) -> Option<*mut py::PyMethodDef> {
        let mut methods = Vec::new();
        for method in self.methods.chain([py::PyMethodDef::zeroed()]) {
            push(&mut methods, method).ok()?;
        }
        Some(methods.leak().as_mut_ptr())
    }
}
