//! interbind with PyO3, built twice: `role="provider"` publishes classes of every kind for each type of the zoo,
//! `role="consumer"` declares that it consumes them. Handles are made inside the functions, not as arguments: PyO3
//! makes a new TypeError of one that is raised there, and the reason's attribute would be lost.

#![allow(clippy::needless_pass_by_value)]

use pyo3::prelude::*;
use pyo3::types::PyDict;

include!(env!("ZOO_RS"));

// Below the zoo, whose macro they use.
#[cfg(role = "consumer")]
mod consumer;
#[path = "../../../fixtures/kinds.rs"]
mod kinds;
#[cfg(role = "provider")]
mod provider;

/// What both sides say about themselves.
#[pyfunction]
fn identity(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("build", env!("CONFORMANCE_BUILD"))?;
    dict.set_item("role", env!("CONFORMANCE_ROLE"))?;
    dict.set_item("mutation", ZOO_MUTATION)?;
    Ok(dict)
}

/// The registry's counts; PyO3's classes are never destroyed and stand apart.
fn records(py: Python<'_>, counts: interbind::Counts) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("records", counts.live - counts.immortal)?;
    dict.set_item("immortal", counts.immortal)?;
    Ok(dict)
}

/// The canonical descriptor of a type of the zoo, or of `kinds`.
#[pyfunction]
fn descriptor(r#type: &str) -> PyResult<&'static str> {
    macro_rules! of_zoo {
        ($($name:ident $id:literal ^$requires:tt;)+) => {
            match r#type {
                $($id => Some(<$name as interbind::Shared>::DESCRIPTOR),)+
                "kinds" => Some(<dyn kinds::Kinds as interbind::Shared>::DESCRIPTOR),
                _ => None,
            }
        };
    }
    with_zoo!(of_zoo).ok_or_else(|| pyo3::exceptions::PyKeyError::new_err(r#type.to_owned()))
}

/// Panics are the matter of some cases; what they print isn't.
fn be_quiet() {
    std::panic::set_hook(Box::new(|_| {}));
}

#[cfg(role = "provider")]
#[pymodule(gil_used = false)]
fn interbind_provider(module: &Bound<'_, PyModule>) -> PyResult<()> {
    be_quiet();
    module.add_function(wrap_pyfunction!(identity, module)?)?;
    module.add_function(wrap_pyfunction!(descriptor, module)?)?;
    provider::fill(module)
}

#[cfg(role = "consumer")]
#[pymodule(gil_used = false)]
fn interbind_consumer(module: &Bound<'_, PyModule>) -> PyResult<()> {
    be_quiet();
    module.add_function(wrap_pyfunction!(identity, module)?)?;
    module.add_function(wrap_pyfunction!(descriptor, module)?)?;
    consumer::fill(module)
}
