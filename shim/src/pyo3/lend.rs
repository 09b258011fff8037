//! Lending C functions: a capsule in the module's `__pyx_capi__`, named by the function's type, where Cython, SciPy, Numba and
//! `interbind_native` look.
//!
//! What is lent needs nothing of interbind where it is called. An entry is a static of this library, which Python never unloads.
//!
//! **Boundary**: names of capsules are memory of this crate, which a capsule's destructor frees.

use core::ffi::c_void;
use core::ptr::NonNull;
use std::ffi::CString;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyModule};
use pyo3_ffi as py_ffi;

use interbind_abi::signature::Signature;

use super::convert::{attached, raised};
use crate::c_function::{CFunction, Call, Lent, address};
use crate::ffi::{Raised, thunk};

/// Lends a C function under a name of a module; its type is written from `F`.
///
/// Others call it with or without the GIL, on any thread; SciPy and Numba need nothing of interbind for that. A function of PyO3
/// is lent by [`macro@lend`], once `#[interbind::function]` stands above it.
///
/// # Errors
/// Python's, without memory; a ValueError for a type whose text is longer than 1023 bytes.
///
/// # Examples
///
/// <!-- examples/curves/src/lib.rs:any -->
/// ```
/// /// Has a pointer, so who calls it vouches for that.
/// unsafe extern "C" fn weighted(x: f64, weight: *mut c_void) -> f64 {
///     // SAFETY: the caller passes a number.
///     x * unsafe { *weight.cast::<f64>() }
/// }
///
/// /// Has data that builds share.
/// extern "C" fn norm(point: Point) -> f64 {
///     point.x.hypot(point.y)
/// }
///
/// /// Lends a function of any type of C's.
/// fn lend_twice<F: CFunction>(m: &Bound<'_, PyModule>, name: &str, function: F) -> PyResult<()> {
///     lend(m, name, function)?;
///     lend(m, &format!("{name}_too"), function)
/// }
///
/// fn lend_others(m: &Bound<'_, PyModule>) -> PyResult<()> {
///     lend_twice(m, "norm", norm as extern "C" fn(Point) -> f64)?;
///     lend::<unsafe extern "C" fn(f64, *mut c_void) -> f64>(m, "weighted", weighted)
/// }
/// ```
pub fn lend<F: CFunction>(module: &Bound<'_, PyModule>, name: &str, function: F) -> PyResult<()> {
    let signature = Signature::of(F::RESULT, F::PARAMETERS);
    publish(module, name, signature.as_ref().map_or("", Signature::as_str), function.address(), None)
}

impl<F: CFunction> Lent<F, F::Plain> {
    /// Lends it: what `lend!` writes.
    ///
    /// # Errors
    /// As [`lend`].
    pub fn lend(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        let written = self.signature.is_none().then(|| Signature::of(F::RESULT, F::PARAMETERS)).flatten();
        let signature = self.signature.or_else(|| written.as_ref().map(Signature::as_str)).unwrap_or("");
        let quick = F::QUICK.zip(self.plain.map(address));
        publish(module, self.name, signature, self.function.address(), quick)
    }
}

fn publish(
    module: &Bound<'_, PyModule>,
    name: &str,
    signature: &str,
    function: NonNull<c_void>,
    quick: Option<(Call, NonNull<c_void>)>,
) -> PyResult<()> {
    let capsule = capsule(module.py(), signature, function)?;
    let own = module.dict();
    let lent = match own.get_item("__pyx_capi__")? {
        Some(lent) => lent,
        None => {
            let lent = PyDict::new(module.py()).into_any();
            own.set_item("__pyx_capi__", &lent)?;
            lent
        }
    };
    lent.set_item(name, capsule)?;
    #[cfg(interbind_records)]
    {
        use super::convert::strong;
        let at = attached(module.py());
        let lent = crate::functions::lend(at, &strong(module.as_any()), name, signature, function, quick);
        lent.map_err(|found| raised(module.py(), found))?;
    }
    #[cfg(not(interbind_records))]
    let _ = quick;
    Ok(())
}

/// A capsule of a C function, named by its type.
fn capsule<'py>(py: Python<'py>, signature: &str, function: NonNull<c_void>) -> PyResult<Bound<'py, PyAny>> {
    if signature.is_empty() {
        return Err(PyValueError::new_err("the type of a C function has 1023 bytes at most"));
    }
    let name = CString::new(signature).map_err(|_| PyValueError::new_err("a type has no NUL"))?.into_raw();
    // SAFETY: attached; not NULL; a terminated name, which lives until the destructor has run.
    let capsule = unsafe { py_ffi::PyCapsule_New(function.as_ptr(), name, Some(end)) };
    if capsule.is_null() {
        // SAFETY: made above, and nobody has it.
        drop(unsafe { CString::from_raw(name) });
        return Err(raised(py, Raised::at(attached(py))));
    }
    // SAFETY: a new reference.
    Ok(unsafe { Bound::from_owned_ptr(py, capsule.cast()) })
}

thunk! {
    fn end(capsule: *mut py_ffi::PyObject), else (), {
        // SAFETY: the destructor's capsule, with the name that it was made with.
        let name = unsafe { py_ffi::PyCapsule_GetName(capsule) };
        if !name.is_null() {
            // SAFETY: made by `CString::into_raw` for this capsule alone.
            drop(unsafe { CString::from_raw(name.cast_mut()) });
        }
    }
}
