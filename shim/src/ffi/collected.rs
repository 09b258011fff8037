//! Objects of our own heap types that the collector knows: how they end.

use pyo3_ffi as py;

use super::PyObject;

/// Frees an object after `give_up`, which gives up what it owns while the collector no longer sees it.
///
/// # Safety
/// 1. `tp_dealloc` of a heap type with `Py_TPFLAGS_HAVE_GC` was called with the object, attached.
pub(crate) unsafe fn free(object: *mut PyObject, give_up: impl FnOnce()) {
    // SAFETY: duty 1.
    let own = unsafe { py::Py_TYPE(object) };
    // PyPy has a collector of its own, to which this says nothing.
    #[cfg(not(interbind_pypy))]
    // SAFETY: duty 1; it was tracked when it was made.
    unsafe {
        py::PyObject_GC_UnTrack(object.cast());
    }
    give_up();
    // SAFETY: duty 1: nobody refers to it any more.
    unsafe { py::PyObject_GC_Del(object.cast()) };
    // SAFETY: an object of a heap type owns a reference to it.
    unsafe { py::Py_DECREF(own.cast()) };
}
