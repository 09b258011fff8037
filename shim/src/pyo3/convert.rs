//! Conversions: handles as arguments, raised exceptions and call errors as `PyErr`, objects both ways.
//!
//! **Boundary**: PyO3's proofs and references become this crate's, and these become PyO3's.

use core::mem::{ManuallyDrop, transmute};
use core::ptr::NonNull;

use pyo3::exceptions::PySystemError;
use pyo3::prelude::*;
use pyo3::types::PyModule;
use pyo3::{Borrowed, PyTypeInfo};

use interbind_abi::values::PlainData;

use crate::construct::construct;
use crate::error::Error;
use crate::ffi::error::{self, Class, raise};
use crate::ffi::live::Live;
use crate::ffi::{Attached, PyObject, Raised, Strong};
use crate::foreign::{Foreign, ForeignMut, ForeignRaw};
use crate::held::Held;
use crate::module;
use crate::object::Object;
use crate::shared::{Consumer, DataHandle, Module, Shared};
use crate::types::Counts;

/// `Python<'py>` is PyO3's proof of what [`Attached`] says.
pub(crate) fn attached(_: Python<'_>) -> Attached<'_> {
    // SAFETY: the token proves it; the result isn't kept beyond it by any caller.
    unsafe { Attached::assume() }
}

/// Takes the exception that is set.
///
/// Not by `PyErr::fetch`: that one panics when it finds PyO3's `PanicException`, which Python code can raise too, and in a build
/// that aborts on panics the process would end.
pub(crate) fn raised(py: Python<'_>, _: Raised) -> PyErr {
    let Some(exception) = error::take(attached(py)) else {
        return PySystemError::new_err("an exception was set, and is gone");
    };
    // SAFETY: the reference is given away.
    PyErr::from_value(unsafe { Bound::from_owned_ptr(py, exception.into_ptr().cast()) })
}

/// Holds what PyO3 holds.
#[cfg(interbind_records)]
pub(super) fn strong(object: &Bound<'_, PyAny>) -> Strong {
    // SAFETY: a `Bound` keeps its object alive.
    unsafe { Strong::from_borrowed(attached(object.py()), object.as_ptr().cast()) }
}

/// Gives what is held to PyO3.
#[cfg(interbind_records)]
pub(super) fn given(py: Python<'_>, object: Strong) -> Bound<'_, PyAny> {
    // SAFETY: the reference is given away.
    unsafe { Bound::from_owned_ptr(py, object.into_ptr().cast()) }
}

/// Binds a module to the interpreter while it is imported, so that a mismatch is an ImportError at once.
///
/// # Errors
/// ImportError when this build doesn't fit the running Python, or the module is in use in another interpreter.
///
/// # Examples
///
/// <!-- examples/stats/src/lib.rs:bind -->
/// ```
/// #[pymodule]
/// fn stats(m: &Bound<'_, PyModule>) -> PyResult<()> {
///     bind(m)?;
///     m.add_class::<Keeper>()?;
///     m.add_function(wrap_pyfunction!(norm, m)?)?;
///     m.add_function(wrap_pyfunction!(total, m)?)?;
///     m.add_function(wrap_pyfunction!(shift, m)?)?;
///     m.add_function(wrap_pyfunction!(mirror, m)?)?;
///     m.add_function(wrap_pyfunction!(length, m)?)?;
///     m.add_function(wrap_pyfunction!(length_while, m)?)?;
///     m.add_function(wrap_pyfunction!(tallied, m)?)?;
///     m.add_function(wrap_pyfunction!(midpoint, m)?)?;
///     m.add_function(wrap_pyfunction!(describe, m)?)?;
///     m.add_function(wrap_pyfunction!(each, m)?)?;
///     m.add_function(wrap_pyfunction!(total_in_parallel, m)?)
/// }
/// ```
#[cold]
pub fn bind_module<M: Module>(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let at = attached(module.py());
    // SAFETY: a `Bound` keeps its object alive.
    let object = unsafe { Strong::from_borrowed(at, module.as_ptr().cast()) };
    module::bind::<M>(at, Some(&object)).map_err(|found| raised(module.py(), found))
}

/// What PyO3 holds.
#[inline(always)]
pub(super) fn live<'a>(object: Borrowed<'a, '_, PyAny>) -> Live<'a> {
    // SAFETY: a `Borrowed` is never NULL.
    let address = unsafe { NonNull::new_unchecked(object.as_ptr().cast()) };
    // SAFETY: a `Borrowed` says that its object is alive and the thread attached, during both of its lifetimes.
    unsafe { Live::new(address) }
}

/// Borrows what is held.
pub(super) fn bound<'a, 'py, T, M>(
    held: &'a Held<T, M>,
    _py: Python<'py>,
) -> Result<Foreign<'a, 'py, T, M>, Raised>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    // SAFETY: the token proves it for `'py`, and the result can't be used beyond that.
    unsafe { held.bind_ptr() }
}

impl<'a, 'py, T, M> FromPyObject<'a, 'py> for Foreign<'a, 'py, T, M>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    type Error = PyErr;

    #[inline(always)]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Self::borrow(live(object)).map_err(|found| raised(object.py(), found))
    }
}

impl<'a, 'py, T, M> FromPyObject<'a, 'py> for ForeignMut<'a, 'py, T, M>
where
    T: PlainData + Shared<Handle = DataHandle<T>>,
    M: Consumer<T>,
{
    type Error = PyErr;

    #[inline(always)]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Self::borrow(live(object)).map_err(|found| raised(object.py(), found))
    }
}

impl<'a, 'py, T, M> FromPyObject<'a, 'py> for ForeignRaw<'a, 'py, T, M>
where
    T: PlainData + Shared<Handle = DataHandle<T>>,
    M: Consumer<T>,
{
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Self::borrow(live(object)).map_err(|found| raised(object.py(), found))
    }
}

/// Makes a new object of the provider's class; see [`crate::to_python`].
///
/// # Errors
/// TypeError when no provider makes such objects for others; else what the provider raises.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/snippets/src/lib.rs:midpoint -->
/// ```
/// #[pyfunction]
/// fn midpoint<'py>(
///     py: Python<'py>,
///     a: Foreign<'_, 'py, Point>,
///     b: Foreign<'_, 'py, Point>,
/// ) -> PyResult<Bound<'py, PyAny>> {
///     to_python(py, &Point { x: (a.x + b.x) / 2.0, y: (a.y + b.y) / 2.0 })
/// }
/// ```
pub fn to_python<'py, T, M>(py: Python<'py>, value: &T) -> PyResult<Bound<'py, PyAny>>
where
    T: PlainData + Shared,
    M: Consumer<T>,
{
    let object = construct::<T, M>(attached(py), value).map_err(|found| raised(py, found))?;
    Ok(object.into_bound(py))
}

/// Counts the records in the current interpreter.
///
/// # Errors
/// ImportError when the module can't bind.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/snippets/src/lib.rs:records -->
/// ```
/// /// How many classes are published in this interpreter.
/// #[pyfunction]
/// fn records(py: Python<'_>) -> PyResult<u64> {
///     Ok(count_records(py)?.live)
/// }
/// ```
pub fn count_records<M: Module>(py: Python<'_>) -> PyResult<Counts> {
    module::count_records::<M>(attached(py)).map_err(|found| raised(py, found))
}

impl Object {
    /// Turns it into PyO3's owned reference.
    pub fn into_bound(self, py: Python<'_>) -> Bound<'_, PyAny> {
        // SAFETY: the reference is given away.
        unsafe { Bound::from_owned_ptr(py, self.into_ptr().cast()) }
    }

    /// Lends it as PyO3's reference, to a thread that mayn't be attached: nothing is counted.
    pub(super) fn lent(&self) -> ManuallyDrop<Py<PyAny>> {
        // SAFETY: `Py` is `repr(transparent)` around the pointer; it owns nothing, because it's never dropped.
        ManuallyDrop::new(unsafe { transmute::<NonNull<PyObject>, Py<PyAny>>(self.as_non_null()) })
    }

    /// Borrows it as PyO3 does.
    pub fn bind<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        // SAFETY: `self` keeps the object alive; the result has a reference of its own.
        unsafe { Bound::from_borrowed_ptr(py, self.as_ptr().cast()) }
    }
}

impl<T: PyTypeInfo> From<Bound<'_, T>> for Object {
    fn from(object: Bound<'_, T>) -> Self {
        // SAFETY: the reference is given away.
        unsafe { Self::from_ptr(object.into_ptr().cast()) }.expect("a `Bound` is never NULL")
    }
}

impl From<Error> for PyErr {
    /// A RuntimeError with the reason's slug as `interbind_reason` and the provider's exception as its cause.
    fn from(mut failed: Error) -> Self {
        Python::attach(|py| {
            let at = attached(py);
            if failed.is_lost() {
                return raised(py, error::no_memory(at));
            }
            let cause = failed.take_exception().and_then(|cause| NonNull::new(cause.into_ptr()));
            // SAFETY: the reference is given away.
            let cause = cause.map(|cause| unsafe { Strong::owned(at, cause) });
            raised(py, raise(at, Class::Runtime, failed.reason().slug(), failed.message(), cause))
        })
    }
}

impl From<PyErr> for Error {
    /// The exception's text, and the exception itself, which becomes the cause on the other side.
    fn from(error: PyErr) -> Self {
        Python::attach(|py| {
            let message = error.to_string();
            let exception = Object::from(error.into_value(py).into_bound(py).into_any());
            Self::new(message).caused_by(exception)
        })
    }
}
