//! What a module is made of, whichever form it takes.

use core::ffi::{CStr, c_int};

use pyo3_ffi as py;

use crate::ffi::PyObject;

/// `Py_MOD_GIL_NOT_USED`.
pub(super) const GIL_NOT_USED: usize = 1;

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
    /// The functions with their end, for ever.
    pub(super) fn leak_methods(&mut self) -> *mut py::PyMethodDef {
        let methods: Vec<_> = self.methods.chain([py::PyMethodDef::zeroed()]).collect();
        methods.leak().as_mut_ptr()
    }
}
