//! Function records from PyO3's functions: what `m.add_function` adds, as an object that other builds call without Python.

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyModule};

/// Adds a function of PyO3 to a module as a function record: what C and C++ make with `interbind/function.h`.
///
/// It is called as before, by PyO3's own code, and keeps its name, documentation and signature. It shows as
/// `<native function curves.hypot>`, `__name__`, `__qualname__`, `__module__` and `__doc__` can be set, it becomes a method when it
/// stands in a class, and has weak references. It pickles by its name, or says why it can't. With [`lend!`](crate::lend!) behind it
/// the C function is part of the object, so [`Native`](crate::Native) and `interbind_native` find it there, whatever the module has
/// under that name by then.
///
/// On PyPy, and in a build for Pythons with and without a GIL, PyO3's own function is added.
///
/// # Errors
/// Python's, without memory; an ImportError when the list of functions in this interpreter can't be used.
///
/// # Examples
///
/// <!-- examples/curves/src/lib.rs:lend -->
/// ```
/// fn add_hypot(m: &Bound<'_, PyModule>) -> PyResult<()> {
///     interbind::add_function(m, wrap_pyfunction!(hypot, m)?)?;
///     interbind::lend!(m, hypot)
/// }
/// ```
pub fn add_function<'py>(module: &Bound<'py, PyModule>, function: Bound<'py, PyCFunction>) -> PyResult<()> {
    #[cfg(interbind_records)]
    {
        use super::convert::{attached, raised, strong};

        let py = module.py();
        crate::functions::add(attached(py), &strong(module.as_any()), &strong(function.as_any()))
            .map_err(|found| raised(py, found))
    }
    #[cfg(not(interbind_records))]
    module.add_function(function)
}
