//! Functions and methods for Python: each is a type with a trait, and the entry around it is made here.

use core::ffi::CStr;
use core::ptr;

use pyo3_ffi as ffi;

use super::entry::{Arguments, entry};
use super::object::{Object, Owned};
use super::raised::Result;
use super::shared::Shared;

/// A function of one argument.
pub(crate) trait One {
    /// Its name.
    const NAME: &'static CStr;

    /// Runs it: `this` is the module, or the object whose method it is.
    fn call(this: &Object, argument: &Object) -> Result<Owned>;
}

/// A function of any arguments.
pub(crate) trait Many {
    /// Its name.
    const NAME: &'static CStr;

    /// Runs it: `this` is the module, or the object whose method it is.
    fn call(this: &Object, arguments: Arguments<'_>) -> Result<Owned>;
}

unsafe extern "C" fn one_entry<F: One>(
    this: *mut ffi::PyObject,
    argument: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        // SAFETY: Python passes a live object for the call.
        let this = unsafe { Object::from_ptr(this) };
        // SAFETY: the same.
        let argument = unsafe { Object::from_ptr(argument) };
        F::call(this, argument).map(Owned::into_ptr)
    })
}

/// Where Python enters such a function.
///
/// # Safety
/// 1. Python calls it, as a function with `METH_FASTCALL | METH_KEYWORDS`.
pub(super) unsafe extern "C" fn many_entry<F: Many>(
    this: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        // SAFETY: duty 1: a live object for the call.
        let this = unsafe { Object::from_ptr(this) };
        // SAFETY: duty 1: as Python passed them, for this call.
        let arguments = unsafe { Arguments::new(arguments, count, names) };
        F::call(this, arguments).map(Owned::into_ptr)
    })
}

/// The definition of a function of one argument.
pub(crate) const fn one<F: One>() -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: F::NAME.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: one_entry::<F> },
        ml_flags: ffi::METH_O,
        ml_doc: ptr::null(),
    }
}

/// The definition of a function of any arguments.
pub(crate) const fn many<F: Many>() -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: F::NAME.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: many_entry::<F> },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: ptr::null(),
    }
}

/// The end of a list of definitions.
pub(crate) const fn last() -> ffi::PyMethodDef {
    ffi::PyMethodDef::zeroed()
}

/// Definitions that [`one`], [`many`] and, at the end, [`last`] made.
pub(crate) type Definitions<const N: usize> = Shared<[ffi::PyMethodDef; N]>;

impl<const N: usize> Definitions<N> {
    /// Puts the functions into a module.
    pub(crate) fn add_to(&'static self, module: &Object) -> Result<()> {
        // SAFETY: a live module; made by the functions above, so signatures fit, and the list is static and ended.
        super::attributes::done(unsafe { ffi::PyModule_AddFunctions(module.ptr(), self.as_ptr()) })
    }

    /// The first of them, bound to an object.
    pub(crate) fn bind_first(&'static self, this: &Object) -> Result<Owned> {
        // SAFETY: a static definition, and a live object that the function keeps. New, or an exception is set.
        let answer = unsafe { ffi::PyCFunction_NewEx(self.as_ptr(), this.ptr(), ptr::null_mut()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(answer) }
    }

    /// The first of them, as a method for a class.
    pub(crate) fn describe_first(&'static self, class: &Object) -> Result<Owned> {
        if !class.is_class() {
            return Err(super::raised::Raised::type_error("a method is for a class"));
        }
        // SAFETY: a live class, which the method keeps, and a static definition. New, or an exception is set.
        let answer = unsafe { ffi::PyDescr_NewMethod(class.ptr().cast(), self.as_ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(answer) }
    }
}
