//! What pyo3-ffi doesn't give out, as Python's headers declare it.

#![allow(missing_docs, reason = "Python's documentation has them")]

use core::ffi::c_int;

use pyo3_ffi as ffi;

unsafe extern "C" {
    pub(crate) static mut PyPickleBuffer_Type: ffi::PyTypeObject;
    pub(crate) static mut PyMethod_Type: ffi::PyTypeObject;
    pub(crate) static mut PyStaticMethod_Type: ffi::PyTypeObject;
    pub(crate) static mut PyClassMethod_Type: ffi::PyTypeObject;
    pub(crate) fn _PyBytes_Resize(bytes: *mut *mut ffi::PyObject, size: ffi::Py_ssize_t) -> c_int;
    pub(crate) fn _PyType_Lookup(
        class: *mut ffi::PyTypeObject,
        name: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject;
    #[cfg(not(Py_3_13))]
    pub(crate) fn _PyLong_AsByteArray(
        value: *mut ffi::PyLongObject,
        bytes: *mut u8,
        size: usize,
        little_endian: c_int,
        is_signed: c_int,
    ) -> c_int;
    #[cfg(not(Py_3_13))]
    pub(crate) fn _PyLong_NumBits(value: *mut ffi::PyObject) -> usize;
}

/// `mappingproxyobject` of CPython's `descrobject.c`, the same from 3.9 to 3.15.
#[repr(C)]
pub(crate) struct Proxy {
    base: ffi::PyObject,
    pub(crate) mapping: *mut ffi::PyObject,
}
