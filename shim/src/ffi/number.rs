//! Numbers from Python and to it, as C functions take them: of Python's own classes alone, so that no code of Python runs.

use pyo3_ffi as py;

use super::PyObject;

/// What a number of Rust is in Python.
pub(crate) trait Number: Sized {
    /// Reads an object; `None` without an exception: it's of another class, or doesn't fit.
    ///
    /// # Safety
    /// 1. A live object, attached.
    unsafe fn read(object: *mut PyObject) -> Option<Self>;

    /// Makes an object: a new reference, or NULL with an exception.
    ///
    /// # Safety
    /// 1. Attached.
    unsafe fn made(self) -> *mut PyObject;
}

impl Number for f64 {
    #[inline(always)]
    unsafe fn read(object: *mut PyObject) -> Option<Self> {
        // SAFETY: duty 1.
        if unsafe { py::PyFloat_CheckExact(object) } == 0 {
            // SAFETY: duty 1.
            return unsafe { of_whole(object) };
        }
        #[cfg(not(interbind_limited))]
        // SAFETY: a float.
        let number = unsafe { py::PyFloat_AS_DOUBLE(object) };
        #[cfg(interbind_limited)]
        // SAFETY: a float, which answers for itself.
        let number = unsafe { py::PyFloat_AsDouble(object) };
        Some(number)
    }

    #[inline(always)]
    unsafe fn made(self) -> *mut PyObject {
        // SAFETY: duty 1.
        unsafe { py::PyFloat_FromDouble(self) }
    }
}

/// Reads a whole number as a float, as Python does.
///
/// # Safety
/// 1. A live object, attached.
#[inline(never)]
unsafe fn of_whole(object: *mut PyObject) -> Option<f64> {
    // SAFETY: duty 1.
    if unsafe { py::PyLong_CheckExact(object) } == 0 {
        return None;
    }
    // SAFETY: an `int`.
    let number = unsafe { py::PyLong_AsDouble(object) };
    // SAFETY: duty 1.
    if number == -1.0 && !unsafe { py::PyErr_Occurred() }.is_null() {
        // SAFETY: duty 1. It's too large: who says so reads it again.
        unsafe { py::PyErr_Clear() };
        return None;
    }
    Some(number)
}

impl Number for f32 {
    #[inline(always)]
    unsafe fn read(object: *mut PyObject) -> Option<Self> {
        // SAFETY: duty 1.
        unsafe { f64::read(object) }.map(|number| number as Self)
    }

    #[inline(always)]
    unsafe fn made(self) -> *mut PyObject {
        // SAFETY: duty 1.
        unsafe { f64::from(self).made() }
    }
}

impl Number for bool {
    #[inline(always)]
    unsafe fn read(object: *mut PyObject) -> Option<Self> {
        // SAFETY: the address of a constant.
        let is_true = object == unsafe { py::Py_True() };
        // SAFETY: as above.
        (is_true || object == unsafe { py::Py_False() }).then_some(is_true)
    }

    #[inline(always)]
    unsafe fn made(self) -> *mut PyObject {
        // SAFETY: duty 1.
        unsafe { py::PyBool_FromLong(self.into()) }
    }
}

impl Number for () {
    unsafe fn read(_object: *mut PyObject) -> Option<Self> {
        None
    }

    #[inline(always)]
    unsafe fn made(self) -> *mut PyObject {
        // SAFETY: the address of a constant.
        let none = unsafe { py::Py_None() };
        // SAFETY: duty 1: a live object.
        unsafe { py::Py_INCREF(none) };
        none
    }
}

/// Reads a whole number that fits 64 bits, or less.
///
/// # Safety
/// 1. A live object, attached.
#[inline(always)]
unsafe fn whole(object: *mut PyObject) -> Option<i64> {
    // SAFETY: duty 1.
    if unsafe { py::PyLong_CheckExact(object) } == 0 {
        return None;
    }
    let mut overflow = 0;
    // SAFETY: duty 1: an `int`, so no exception is set.
    let number = unsafe { py::PyLong_AsLongLongAndOverflow(object, &mut overflow) };
    (overflow == 0).then_some(number)
}

macro_rules! whole {
    ($($ty:ty: $made:ident as $wide:ty;)+) => { $(
        impl Number for $ty {
            #[inline(always)]
            unsafe fn read(object: *mut PyObject) -> Option<Self> {
                // SAFETY: duty 1.
                unsafe { whole(object) }.and_then(|number| number.try_into().ok())
            }

            #[inline(always)]
            unsafe fn made(self) -> *mut PyObject {
                // SAFETY: duty 1.
                unsafe { py::$made(self as $wide) }
            }
        }
    )+ };
}

whole! {
    i8: PyLong_FromLongLong as i64;
    i16: PyLong_FromLongLong as i64;
    i32: PyLong_FromLongLong as i64;
    i64: PyLong_FromLongLong as i64;
    isize: PyLong_FromLongLong as i64;
    u8: PyLong_FromUnsignedLongLong as u64;
    u16: PyLong_FromUnsignedLongLong as u64;
    u32: PyLong_FromUnsignedLongLong as u64;
    u64: PyLong_FromUnsignedLongLong as u64;
    usize: PyLong_FromUnsignedLongLong as u64;
}
