//! The names of what a PyO3 module holds: by them pickle, `help` and stub generators find it again.
//!
//! PyO3 gives a class the module `builtins`, and a nested module a bare name that is in no `sys.modules`. [`names`] walks
//! over a module when it has been filled, and corrects both; [`submodule`] makes a nested module with its full name. Nothing is
//! imported, and of what others own nothing is changed.

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyModule, PyString, PyType};

/// Makes a module inside another: with its full name, and registered in `sys.modules`.
///
/// It is what `PyModule::new` and `add_submodule` do, but `import package.module.name` and pickles find it. A module of
/// that name that is registered already is replaced, as an import would.
///
/// # Errors
/// Python's, without memory or with a parent that has no name.
///
/// # Examples
///
/// <!-- tests/fixtures/extensions/range/src/lib.rs:names -->
/// ```
/// let sub = interbind::submodule(m, "geometry")?;
/// sub.add_function(wrap_pyfunction!(norm, &sub)?)?;
/// interbind::names(m)
/// ```
pub fn submodule<'py>(parent: &Bound<'py, PyModule>, name: &str) -> PyResult<Bound<'py, PyModule>> {
    let full = format!("{}.{name}", parent.name()?.extract::<String>()?);
    let module = PyModule::new(parent.py(), &full)?;
    registered(parent.py())?.set_item(&full, &module)?;
    parent.add(name, &module)?;
    Ok(module)
}

/// Gives the classes, functions and nested modules of a module the names under which they're found: the last statement of a
/// `#[pymodule]`.
///
/// - A nested module is registered in `sys.modules` under its full name, and gets that name.
/// - A class that says `builtins`, and a function or class that says the bare name of a nested module or the end of the full
///   one, gets the full name as its `__module__`.
///
/// What says another module keeps it: `#[pyclass(module = "package")]` names the place where users find it.
///
/// # Errors
/// Python's, without memory or with a module that has no name.
///
/// # Examples
///
/// <!-- tests/fixtures/extensions/range/src/lib.rs:names -->
/// ```
/// let sub = interbind::submodule(m, "geometry")?;
/// sub.add_function(wrap_pyfunction!(norm, &sub)?)?;
/// interbind::names(m)
/// ```
pub fn names(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let records = records(py)?;
    let is_record = |value: &Bound<'_, PyAny>| records.as_ref().is_some_and(|own| value.get_type().is(own));
    let root = module.name()?.extract::<String>()?;
    let mut seen = vec![module.as_ptr()];
    let mut left = vec![(module.clone(), root.clone(), root)];
    while let Some((module, full, before)) = left.pop() {
        for (name, value) in module.dict().copy()?.iter() {
            let Some(name) = text(Some(name)) else { continue };
            let belongs = |claim: Option<&str>| belongs(claim, &full, &before);
            if let Ok(inner) = value.cast::<PyModule>() {
                let inside = format!("{full}.{name}");
                if !seen.contains(&inner.as_ptr()) && register(inner, &name, &inside)? {
                    seen.push(inner.as_ptr());
                    let own = text(inner.dict().get_item("__name__")?);
                    inner.dict().set_item("__name__", &inside)?;
                    left.push((inner.clone(), inside, own.unwrap_or_default()));
                }
            } else if let Ok(class) = value.cast::<PyType>() {
                let claim = class.module().ok().and_then(|claim| claim.extract::<String>().ok());
                if belongs(claim.as_deref()) && !is_builtin(py, class)? {
                    let set = class.setattr("__module__", &full);
                    // A class that can't be changed isn't PyO3's.
                    set.or_else(|error| if is_refusal(py, &error) { Ok(()) } else { Err(error) })?;
                }
            } else if value.is_instance_of::<PyCFunction>() || is_record(&value) {
                let function = value;
                let claim = function.getattr("__module__")?;
                if claim.is_none() || text(Some(claim)).is_some_and(|claim| belongs(Some(&claim))) {
                    function.setattr("__module__", &full)?;
                }
            }
        }
    }
    Ok(())
}

/// Tells whether what says that it is of a module may be said to be of the one where it was found.
fn belongs(claim: Option<&str>, full: &str, before: &str) -> bool {
    let ends = |claim: &str| full.strip_suffix(claim).is_some_and(|rest| rest.ends_with('.'));
    claim.is_none_or(|claim| claim == "builtins" || (claim != full && (claim == before || ends(claim))))
}

/// Puts a nested module into `sys.modules`; not one that the import system made, nor one that is there under another name.
fn register(module: &Bound<'_, PyModule>, name: &str, full: &str) -> PyResult<bool> {
    let spec = module.dict().get_item("__spec__")?;
    let own = text(module.dict().get_item("__name__")?).unwrap_or_default();
    if spec.is_some_and(|spec| !spec.is_none()) || own.rsplit('.').next() != Some(name) {
        return Ok(false);
    }
    let modules = registered(module.py())?;
    let known = modules.get_item(&own)?.is_some_and(|known| known.is(module));
    if known && own != full {
        return Ok(false);
    }
    modules.set_item(full, module)?;
    Ok(true)
}

/// `sys.modules`.
fn registered(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    Ok(py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?)
}

/// Tells a class of Python's own, which a module may hold under a name too.
fn is_builtin(py: Python<'_>, class: &Bound<'_, PyType>) -> PyResult<bool> {
    match py.import("builtins")?.getattr(class.qualname()?) {
        Ok(found) => Ok(found.is(class)),
        Err(error) if error.is_instance_of::<PyAttributeError>(py) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The class of this build's function records, if there are any.
#[cfg(interbind_records)]
fn records(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    use super::convert::{attached, given, raised};
    let own = crate::functions::own(attached(py)).map_err(|found| raised(py, found))?;
    Ok(own.map(|own| given(py, own)))
}

/// As above: there are none.
#[cfg(not(interbind_records))]
fn records(_py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    Ok(None)
}

fn is_refusal(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<pyo3::exceptions::PyTypeError>(py) || error.is_instance_of::<PyAttributeError>(py)
}

fn text(value: Option<Bound<'_, PyAny>>) -> Option<String> {
    value?.cast::<PyString>().ok()?.extract().ok()
}
