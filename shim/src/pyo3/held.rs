//! [`Held`] for PyO3: extracted from arguments, visible to the garbage collector, given back to Python.

use core::convert::Infallible;
use core::mem::{ManuallyDrop, transmute};
use core::ptr::NonNull;

use pyo3::Borrowed;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::convert::raised;
use crate::ffi::PyObject;
use crate::foreign::Foreign;
use crate::held::Held;
use crate::shared::{Consumer, Shared};

impl<'py, T, M> FromPyObject<'_, 'py> for Held<T, M>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        // SAFETY: a `Borrowed` is never NULL.
        let pointer = unsafe { NonNull::new_unchecked(object.as_ptr().cast()) };
        // SAFETY: `Borrowed` proves it.
        unsafe { Self::from_ptr(pointer) }.map_err(|found| raised(object.py(), found))
    }
}

impl<T, M> Held<T, M>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    /// Borrows the object.
    ///
    /// # Errors
    /// As an argument of type `Foreign`.
    pub fn bind<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<Foreign<'a, 'py, T, M>> {
        // SAFETY: `py`.
        unsafe { self.bind_ptr() }.map_err(|found| raised(py, found))
    }

    /// Shows the object to the garbage collector, in your class's `__traverse__`.
    ///
    /// # Errors
    /// Whatever the collector answers; pass it on.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // SAFETY: `Py` is `repr(transparent)` around the pointer; it owns nothing, because it's never dropped.
        let object = ManuallyDrop::new(unsafe {
            transmute::<NonNull<PyObject>, Py<PyAny>>(self.object().as_non_null())
        });
        visit.call(&*object)
    }
}

impl<'py, T, M> IntoPyObject<'py> for &Held<T, M>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = Infallible;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Infallible> {
        Ok(self.object().bind(py))
    }
}
