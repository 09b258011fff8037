//! References to Python's objects: `&Object` is borrowed, [`Owned`] is counted.

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;

use pyo3_ffi as ffi;

use super::raised::{Raised, Result};

/// A Python object that somebody else keeps alive while the reference lasts. Neither `Send` nor `Sync`: see the module's text.
#[repr(transparent)]
pub(crate) struct Object(UnsafeCell<ffi::PyObject>);

impl Object {
    /// Borrows what Python passed.
    ///
    /// # Safety
    /// 1. `pointer` is a live object, and stays alive for `'a`.
    /// 2. This thread is attached.
    pub(crate) unsafe fn from_ptr<'a>(pointer: *mut ffi::PyObject) -> &'a Self {
        debug_assert!(!pointer.is_null());
        // SAFETY: duty 1; the type is transparent, and says that its content changes.
        unsafe { &*pointer.cast::<Self>() }
    }

    /// Borrows what Python passed, if it passed anything.
    ///
    /// # Safety
    /// As [`Object::from_ptr`], where `pointer` isn't NULL.
    pub(crate) unsafe fn from_ptr_or_none<'a>(pointer: *mut ffi::PyObject) -> Option<&'a Self> {
        // SAFETY: the caller's duty, and not NULL.
        (!pointer.is_null()).then(|| unsafe { Self::from_ptr(pointer) })
    }

    /// The pointer that Python knows.
    pub(crate) fn ptr(&self) -> *mut ffi::PyObject {
        self.0.get()
    }

    /// Counts a reference.
    pub(crate) fn own(&self) -> Owned {
        // SAFETY: a reference is a live object, and its thread is attached.
        unsafe { ffi::Py_INCREF(self.ptr()) };
        // SAFETY: `self` isn't NULL; the count was just raised for it.
        Owned(unsafe { NonNull::new_unchecked(self.ptr()) })
    }

    /// Tells whether both are the same object.
    pub(crate) fn is(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }

    /// Its class, borrowed: alive as long as the object, unless its `__class__` is changed meanwhile. [`Object::class`] counts.
    pub(crate) fn type_ptr(&self) -> *mut ffi::PyTypeObject {
        // SAFETY: a live object.
        unsafe { ffi::Py_TYPE(self.ptr()) }
    }

    /// Its class.
    pub(crate) fn class(&self) -> Owned {
        // SAFETY: the object was alive with this class; nothing of Python's ran since.
        unsafe { Self::from_ptr(self.type_ptr().cast()) }.own()
    }

    /// How many references are counted; in a free-threaded Python as others see it at this moment.
    pub(crate) fn count(&self) -> isize {
        // SAFETY: a live object.
        unsafe { ffi::Py_REFCNT(self.ptr()) }
    }
}

/// A counted reference.
pub(crate) struct Owned(NonNull<ffi::PyObject>);

impl Owned {
    /// Takes what a function of Python's returned: a new reference, or NULL with an exception.
    ///
    /// # Safety
    /// 1. `pointer` is NULL and an exception is set, or a reference that the caller owns and gives away.
    /// 2. This thread is attached.
    pub(crate) unsafe fn from_new(pointer: *mut ffi::PyObject) -> Result<Self> {
        match NonNull::new(pointer) {
            Some(pointer) => Ok(Self(pointer)),
            // SAFETY: duty 1.
            None => Err(unsafe { Raised::already() }),
        }
    }

    /// Counts what a function of Python's lent: a borrowed reference, or NULL with an exception.
    ///
    /// # Safety
    /// 1. `pointer` is NULL and an exception is set, or a live object.
    /// 2. This thread is attached.
    pub(crate) unsafe fn from_lent(pointer: *mut ffi::PyObject) -> Result<Self> {
        if pointer.is_null() {
            // SAFETY: duty 1.
            return Err(unsafe { Raised::already() });
        }
        // SAFETY: duties 1 and 2.
        Ok(unsafe { Object::from_ptr(pointer) }.own())
    }

    /// Gives the reference away, to Python.
    pub(crate) fn into_ptr(self) -> *mut ffi::PyObject {
        let pointer = self.0.as_ptr();
        core::mem::forget(self);
        pointer
    }
}

impl Deref for Owned {
    type Target = Object;

    fn deref(&self) -> &Object {
        // SAFETY: the count keeps it alive, and its thread is attached.
        unsafe { Object::from_ptr(self.0.as_ptr()) }
    }
}

impl Clone for Owned {
    fn clone(&self) -> Self {
        self.own()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and its thread is attached.
        unsafe { ffi::Py_DECREF(self.0.as_ptr()) };
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({:p})", self.ptr())
    }
}

impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
