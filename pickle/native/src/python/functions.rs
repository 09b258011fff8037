//! Tables of functions and methods that Python reads: with the right flags for each signature, so that nobody can mix them up.

use core::ffi::{CStr, c_int};
use core::ptr;

use pyo3_ffi as ffi;

use super::definitions::{Many, many_entry};
use super::object::Object;
use super::raised::Result;
use super::shared::Shared;

/// A function for one argument, or for none, which is NULL then.
pub(crate) type One = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;

/// An entry of a table.
pub(crate) struct Function(ffi::PyMethodDef);

impl Function {
    /// What ends a table.
    pub(crate) const END: Self = Self(ffi::PyMethodDef::zeroed());

    /// A function for positional and named arguments.
    pub(crate) const fn fast<F: Many>(text: &'static CStr) -> Self {
        let pointer = ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: many_entry::<F> };
        Self::with(F::NAME, pointer, ffi::METH_FASTCALL | ffi::METH_KEYWORDS, text)
    }

    /// A function for one argument.
    pub(crate) const fn one(name: &'static CStr, function: One, text: &'static CStr) -> Self {
        Self::with(name, ffi::PyMethodDefPointer { PyCFunction: function }, ffi::METH_O, text)
    }

    /// A function for no argument.
    pub(crate) const fn none(name: &'static CStr, function: One, text: &'static CStr) -> Self {
        Self::with(name, ffi::PyMethodDefPointer { PyCFunction: function }, ffi::METH_NOARGS, text)
    }

    const fn with(
        name: &'static CStr,
        ml_meth: ffi::PyMethodDefPointer,
        ml_flags: c_int,
        text: &'static CStr,
    ) -> Self {
        Self(ffi::PyMethodDef { ml_name: name.as_ptr(), ml_meth, ml_flags, ml_doc: text.as_ptr() })
    }
}

/// A table; the last entry must be [`Function::END`], which `new` checks when it is compiled.
pub(crate) struct Functions<const N: usize>(Shared<[Function; N]>);

impl<const N: usize> Functions<N> {
    pub(crate) const fn new(entries: [Function; N]) -> Self {
        assert!(N > 0 && entries[N - 1].0.ml_name.is_null(), "a table ends with `Function::END`");
        Self(Shared::new(entries))
    }

    /// Where Python finds it.
    pub(crate) const fn as_ptr(&self) -> *mut ffi::PyMethodDef {
        self.0.ptr().cast()
    }
}

impl Object {
    /// Puts functions into a module.
    pub(crate) fn add_functions<const N: usize>(&self, functions: &'static Functions<N>) -> Result<()> {
        // SAFETY: a live module, and a table that is static, ends with an empty entry, and whose flags fit.
        super::attributes::done(unsafe { ffi::PyModule_AddFunctions(self.ptr(), functions.as_ptr()) })
    }

    /// A function by itself.
    pub(crate) fn make_function<const N: usize>(
        functions: &'static Functions<N>,
        module: &Object,
    ) -> Result<super::Owned> {
        let (table, module) = (functions.as_ptr(), module.ptr());
        // SAFETY: the first entry of a static table; new, or an exception is set.
        let found = unsafe { ffi::PyCFunction_NewEx(table, module, ptr::null_mut()) };
        // SAFETY: new, or an exception is set.
        unsafe { super::Owned::from_new(found) }
    }
}
