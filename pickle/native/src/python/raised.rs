//! [`Raised`]: an exception is set on this thread. Only what has set one, or has seen that one is set, makes it.

use core::marker::PhantomData;
use std::ffi::CString;

use pyo3_ffi as ffi;

use super::object::{Object, Owned};

/// An exception is set; the function that has it returns to Python with the sign of failure, or fetches it.
#[must_use]
pub(crate) struct Raised(PhantomData<*mut ()>);

/// What can raise.
pub(crate) type Result<T> = core::result::Result<T, Raised>;

impl Raised {
    /// Trusts a function of Python's that failed.
    ///
    /// # Safety
    /// 1. An exception is set: the function that just failed says so in its documentation.
    pub(crate) unsafe fn already() -> Self {
        // SAFETY: attached, as every thread that works with references.
        debug_assert!(!unsafe { ffi::PyErr_Occurred() }.is_null());
        Self(PhantomData)
    }

    /// For functions whose failure can be told from a value only with the exception: is one set?
    pub(crate) fn check() -> Result<()> {
        // SAFETY: attached, as every thread that works with references.
        if unsafe { ffi::PyErr_Occurred() }.is_null() { Ok(()) } else { Err(Self(PhantomData)) }
    }

    /// Raises an exception of this class.
    pub(crate) fn new(class: &Object, text: &str) -> Self {
        match super::builtin::text(text) {
            // SAFETY: both are live objects.
            Ok(text) => unsafe { ffi::PyErr_SetObject(class.ptr(), text.ptr()) },
            Err(raised) => return raised,
        }
        Self(PhantomData)
    }

    /// Raises an exception of a class that is built in.
    ///
    /// # Safety
    /// 1. `class` is one of the `PyExc_` of Python's.
    unsafe fn built_in(class: *mut ffi::PyObject, text: &str) -> Self {
        // SAFETY: duty 1: those live as long as the interpreter.
        Self::new(unsafe { Object::from_ptr(class) }, text)
    }

    /// `SystemError`: a fault of ours or of Python's.
    pub(crate) fn system(text: &str) -> Self {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_SystemError };
        // SAFETY: duty 1 holds.
        unsafe { Self::built_in(class, text) }
    }

    /// `RuntimeError`.
    pub(crate) fn runtime(text: &str) -> Self {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_RuntimeError };
        // SAFETY: duty 1 holds.
        unsafe { Self::built_in(class, text) }
    }

    /// `TypeError`.
    pub(crate) fn type_error(text: &str) -> Self {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_TypeError };
        // SAFETY: duty 1 holds.
        unsafe { Self::built_in(class, text) }
    }

    /// `ValueError`.
    pub(crate) fn value(text: &str) -> Self {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_ValueError };
        // SAFETY: duty 1 holds.
        unsafe { Self::built_in(class, text) }
    }

    /// `OverflowError`.
    pub(crate) fn overflow(text: &str) -> Self {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_OverflowError };
        // SAFETY: duty 1 holds.
        unsafe { Self::built_in(class, text) }
    }

    /// `RecursionError`.
    pub(crate) fn recursion(text: &str) -> Self {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_RecursionError };
        // SAFETY: duty 1 holds.
        unsafe { Self::built_in(class, text) }
    }

    /// `AttributeError`.
    pub(crate) fn attribute_error(text: &str) -> Self {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_AttributeError };
        // SAFETY: duty 1 holds.
        unsafe { Self::built_in(class, text) }
    }

    /// `AttributeError` about an object, as [`Raised::about`].
    pub(crate) fn attribute_about(before: &str, object: &Object, behind: &str) -> Self {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_AttributeError };
        // SAFETY: it lives as long as the interpreter.
        Self::about(unsafe { Object::from_ptr(class) }, before, object, behind)
    }

    /// `MemoryError`.
    pub(crate) fn memory() -> Self {
        // SAFETY: attached, as every thread that works with references.
        unsafe { ffi::PyErr_NoMemory() };
        Self(PhantomData)
    }

    /// Raises an exception of this class with Python's own formatting: `%R` is the object's `repr`.
    pub(crate) fn about(class: &Object, before: &str, object: &Object, behind: &str) -> Self {
        let (Ok(before), Ok(behind)) = (CString::new(before), CString::new(behind)) else {
            return Self::new(class, before);
        };
        // SAFETY: the format takes two C strings and an object, all alive.
        unsafe {
            ffi::PyErr_Format(class.ptr(), c"%s%R%s".as_ptr(), before.as_ptr(), object.ptr(), behind.as_ptr())
        };
        Self(PhantomData)
    }

    /// Tells whether the exception is of that class.
    pub(crate) fn is_a(&self, class: &Object) -> bool {
        // SAFETY: an exception is set, and the class is alive.
        unsafe { ffi::PyErr_ExceptionMatches(class.ptr()) != 0 }
    }

    /// Tells whether it is of a class that is built in.
    ///
    /// # Safety
    /// 1. `class` is one of the `PyExc_` of Python's.
    unsafe fn is_built_in(&self, class: *mut ffi::PyObject) -> bool {
        // SAFETY: duty 1: those live as long as the interpreter.
        self.is_a(unsafe { Object::from_ptr(class) })
    }

    /// Tells whether it is an `AttributeError`.
    pub(crate) fn is_attribute_error(&self) -> bool {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_AttributeError };
        // SAFETY: duty 1 holds.
        unsafe { self.is_built_in(class) }
    }

    /// Tells whether it is a `MemoryError`.
    pub(crate) fn is_memory_error(&self) -> bool {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_MemoryError };
        // SAFETY: duty 1 holds.
        unsafe { self.is_built_in(class) }
    }

    /// Tells whether it is a `UnicodeEncodeError`.
    pub(crate) fn is_unicode_error(&self) -> bool {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_UnicodeEncodeError };
        // SAFETY: duty 1 holds.
        unsafe { self.is_built_in(class) }
    }

    /// Tells whether it says that a module can't be imported, or that the name isn't a module's. In Python 3.14 an error about a name that
    /// isn't text is not one of them.
    pub(crate) fn is_about_import(&self) -> bool {
        let places = [
            &raw mut ffi::PyExc_ImportError,
            &raw mut ffi::PyExc_ValueError,
            &raw mut ffi::PyExc_KeyError,
            #[cfg(not(Py_3_14))]
            &raw mut ffi::PyExc_TypeError,
        ];
        places.into_iter().any(|place| {
            // SAFETY: Python's own, which it has filled.
            let class = unsafe { *place };
            // SAFETY: duty 1 holds.
            unsafe { self.is_built_in(class) }
        })
    }

    /// Says what this exception is a consequence of.
    pub(crate) fn because_of(self, cause: Owned) -> Self {
        let Some(exception) = self.take() else { return Self::system("an exception was lost") };
        // SAFETY: both are exceptions; it takes a reference of ours.
        unsafe { ffi::PyException_SetContext(exception.ptr(), cause.clone().into_ptr()) };
        // SAFETY: both are exceptions; it takes a reference of ours.
        unsafe { ffi::PyException_SetCause(exception.ptr(), cause.into_ptr()) };
        Self::restore(exception)
    }

    /// Drops the exception: it has been dealt with.
    pub(crate) fn dismiss(self) {
        Self::forget();
    }

    /// Clears whatever is set.
    pub(crate) fn forget() {
        // SAFETY: attached, as every thread that works with references.
        unsafe { ffi::PyErr_Clear() };
    }

    /// Takes the exception out, with its traceback in place.
    #[cfg(Py_3_12)]
    pub(crate) fn take(self) -> Option<Owned> {
        // SAFETY: attached, as every thread that works with references.
        let exception = unsafe { ffi::PyErr_GetRaisedException() };
        // SAFETY: a reference of ours, unless somebody has cleared it meanwhile.
        (!exception.is_null()).then(|| unsafe { Owned::from_new(exception) }.ok()).flatten()
    }

    /// Takes the exception out, with its traceback in place.
    #[cfg(not(Py_3_12))]
    pub(crate) fn take(self) -> Option<Owned> {
        let (mut class, mut value, mut trace) =
            (core::ptr::null_mut(), core::ptr::null_mut(), core::ptr::null_mut());
        // SAFETY: three places for three references, which are ours afterwards.
        unsafe { ffi::PyErr_Fetch(&mut class, &mut value, &mut trace) };
        // SAFETY: what was just fetched; it may be replaced by a failure to make it.
        unsafe { ffi::PyErr_NormalizeException(&mut class, &mut value, &mut trace) };
        // SAFETY: a reference of ours, or NULL.
        let ours =
            |found: *mut ffi::PyObject| (!found.is_null()).then(|| unsafe { Owned::from_new(found) }.ok());
        let (_class, value, trace) = (ours(class), ours(value).flatten()?, ours(trace).flatten());
        if let Some(trace) = trace {
            // SAFETY: an exception, and its own traceback.
            unsafe { ffi::PyException_SetTraceback(value.ptr(), trace.ptr()) };
        }
        Some(value)
    }

    /// Raises an exception that was taken out, as it was.
    pub(crate) fn restore(exception: Owned) -> Self {
        #[cfg(Py_3_12)]
        // SAFETY: gives the reference away, as it wants.
        unsafe {
            ffi::PyErr_SetRaisedException(exception.into_ptr());
        };
        #[cfg(not(Py_3_12))]
        {
            let class = exception.class();
            // SAFETY: an exception is alive.
            let trace = unsafe { ffi::PyException_GetTraceback(exception.ptr()) };
            // SAFETY: gives all three references away, as it wants.
            unsafe { ffi::PyErr_Restore(class.into_ptr(), exception.into_ptr(), trace) };
        }
        Self(PhantomData)
    }
}
