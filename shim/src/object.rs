//! A Python object as a value of an interface, and as what a stored handle owns.
//!
//! Owned, movable between threads; dropping it is fine anywhere: attached, detached (the reference waits or the thread
//! attaches for a moment), and after the interpreter's end (the reference is given up on purpose). It doesn't know its
//! interpreter: once a module serves more than the main one, a reference that is dropped on a detached thread is given up too.
//! [`Held`](crate::Held) knows, and gives it back there.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use interbind_abi::Piece;
use interbind_abi::values::{InvalidValue, Value};
use pyo3_ffi as py;

use crate::ffi::{Attached, PyObject};
use crate::interpreters::alone;

/// An owned reference to a Python object.
#[derive(Debug)]
#[repr(transparent)]
pub struct Object(NonNull<PyObject>);

// SAFETY: a reference may be moved to and dropped on any thread (see `drop`); using the object needs an attached one.
unsafe impl Send for Object {}
// SAFETY: nothing can be done through `&Object` without being attached.
unsafe impl Sync for Object {}

impl Object {
    /// Takes over a reference; NULL is `None`.
    ///
    /// # Safety
    /// 1. `object` is NULL or a reference that the caller owns and gives away.
    pub unsafe fn from_ptr(object: *mut PyObject) -> Option<Self> {
        NonNull::new(object).map(Self)
    }

    /// Adds a reference to a borrowed object.
    ///
    /// # Safety
    /// 1. `object` is a live object and the thread is attached.
    pub unsafe fn from_borrowed_ptr(object: *mut PyObject) -> Self {
        // SAFETY: duty 1.
        unsafe { py::Py_INCREF(object) };
        // SAFETY: duty 1: not NULL.
        Self(unsafe { NonNull::new_unchecked(object) })
    }

    /// Borrows the pointer.
    pub fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// Borrows the pointer, which is never NULL.
    pub(crate) fn as_non_null(&self) -> NonNull<PyObject> {
        self.0
    }

    /// Gives the reference away.
    pub fn into_ptr(self) -> *mut PyObject {
        ManuallyDrop::new(self).0.as_ptr()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if alone::is_alone() {
            return self.release_in_main();
        }
        // Given back in another interpreter than its own it would break both; whoever is attached is in its own.
        if Attached::current().is_some() {
            // SAFETY: attached; the reference is ours.
            unsafe { py::Py_DECREF(self.0.as_ptr()) };
        }
    }
}

impl Object {
    /// Gives the reference back, from wherever, while there is no interpreter but the main one.
    #[cfg(feature = "pyo3")]
    fn release_in_main(&mut self) {
        // SAFETY: `Py` is `repr(transparent)` around this very pointer, and the reference is given away here. PyO3 knows
        // whether the thread is attached and keeps the reference for later when it isn't.
        drop(unsafe { core::mem::transmute::<NonNull<PyObject>, ::pyo3::Py<::pyo3::PyAny>>(self.0) });
    }

    /// As above.
    #[cfg(not(feature = "pyo3"))]
    fn release_in_main(&mut self) {
        if Attached::current().is_some() {
            // SAFETY: attached; the reference is ours.
            return unsafe { py::Py_DECREF(self.0.as_ptr()) };
        }
        // SAFETY: may be asked anywhere.
        if unsafe { py::Py_IsInitialized() } == 0 {
            return;
        }
        // SAFETY: the interpreter lives; this attaches the thread if it isn't.
        let state = unsafe { py::PyGILState_Ensure() };
        // SAFETY: attached; the reference is ours.
        unsafe { py::Py_DECREF(self.0.as_ptr()) };
        // SAFETY: pairs with the call above.
        unsafe { py::PyGILState_Release(state) };
    }
}

// SAFETY: (1) its word; (2) a pointer; (3) NULL is refused, and only attached threads call such methods.
unsafe impl Value for Object {
    type Wire = *mut PyObject;
    const PIECES: &'static [Piece] = &[Piece::Text("object")];
    const NEEDS_ATTACHED: bool = true;

    fn lower(self) -> *mut PyObject {
        self.into_ptr()
    }

    unsafe fn lift(wire: *mut PyObject) -> Result<Self, InvalidValue> {
        // SAFETY: duty 1: a reference that `lower` gave away.
        unsafe { Self::from_ptr(wire) }.ok_or(InvalidValue { expected: "a Python object" })
    }
}

// SAFETY: (1) its word; (2) the address of a `PyObject *`, which is what `Object` is in memory; (3) NULL is refused twice.
unsafe impl<'a> Value for &'a Object {
    type Wire = *const *mut PyObject;
    const PIECES: &'static [Piece] = &[Piece::Text("objectref")];
    const NEEDS_ATTACHED: bool = true;

    fn lower(self) -> *const *mut PyObject {
        core::ptr::from_ref(self).cast()
    }

    unsafe fn lift(wire: *const *mut PyObject) -> Result<&'a Object, InvalidValue> {
        let invalid = InvalidValue { expected: "a Python object" };
        if wire.is_null() || !wire.is_aligned() {
            return Err(invalid);
        }
        // SAFETY: duty 2: readable during the call.
        if unsafe { *wire }.is_null() {
            return Err(invalid);
        }
        // SAFETY: `Object` is `repr(transparent)` around a pointer that isn't NULL; the caller keeps it during the call.
        Ok(unsafe { &*wire.cast::<Object>() })
    }
}
