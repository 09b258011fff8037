//! Imports, and what a module is given.

use core::ffi::CStr;

use pyo3_ffi as ffi;

use super::object::{Object, Owned};
use super::raised::Result;

/// `import name`, the innermost module.
pub(crate) fn import(name: &CStr) -> Result<Owned> {
    // SAFETY: a C string; new, or an exception is set.
    let found = unsafe { ffi::PyImport_ImportModule(name.as_ptr()) };
    // SAFETY: new, or an exception is set.
    unsafe { Owned::from_new(found) }
}

/// `import name`, with a name that is an object, by the way that `import` itself goes.
pub(crate) fn import_object(name: &Object) -> Result<Owned> {
    // SAFETY: alive; Python checks what it is. New, or an exception is set.
    let found = unsafe { ffi::PyImport_Import(name.ptr()) };
    // SAFETY: new, or an exception is set.
    unsafe { Owned::from_new(found) }
}

/// `None`, `...` and `NotImplemented`, whose classes have no names.
pub(crate) fn singletons() -> [Owned; 3] {
    let all: [unsafe fn() -> *mut ffi::PyObject; 3] =
        [ffi::Py_None, ffi::Py_Ellipsis, ffi::Py_NotImplemented];
    all.map(|get| {
        // SAFETY: Python's own.
        let object = unsafe { get() };
        // SAFETY: they live as long as the interpreter.
        unsafe { Object::from_ptr(object) }.own()
    })
}

impl Object {
    /// Puts a value into a module, under a name.
    pub(crate) fn put(&self, name: &Object, value: &Object) -> Result<()> {
        self.set(name, value)
    }

    /// Makes a class for this module, which the class keeps.
    ///
    /// # Safety
    /// 1. `spec` and all it points to fit together, as Python's documentation wants, and live for ever where it says so.
    pub(crate) unsafe fn make_class(
        &self,
        spec: *mut ffi::PyType_Spec,
        bases: Option<&Object>,
    ) -> Result<Owned> {
        let bases = bases.map_or(core::ptr::null_mut(), Object::ptr);
        // SAFETY: duty 1; the module and the bases are alive. New, or an exception is set.
        let found = unsafe { ffi::PyType_FromModuleAndSpec(self.ptr(), spec, bases) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }
}
