//! [`Held`] for PyO3: extracted from arguments, visible to the garbage collector, given back to Python.

use core::convert::Infallible;

use pyo3::Borrowed;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::convert::{bound, live, raised};
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
        Self::of(live(object)).map_err(|found| raised(object.py(), found))
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
        bound(self, py).map_err(|found| raised(py, found))
    }

    /// Shows the object to the garbage collector, in your class's `__traverse__`.
    ///
    /// # Errors
    /// Whatever the collector answers; pass it on.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&*self.object().lent())
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
