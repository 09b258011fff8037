//! Plain PyO3, built twice: `role="provider"` makes objects, `role="consumer"` asks for them as its own copy
//! of the same class. What it cannot do between two builds is the reason for this project.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

include!(env!("ZOO_RS"));

/// Objects alive in this module.
static OBJECTS: AtomicI64 = AtomicI64::new(0);

/// What the surface needs of a wrapped type.
trait Wrapped: Sized {
    fn wrap(py: Python<'_>, bytes: &[u8]) -> PyResult<Py<PyAny>>;
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>>;
    fn write(object: &Bound<'_, PyAny>, field: &str, bytes: &[u8]) -> PyResult<()>;
}

/// A class per type of the zoo; `Wrapper` keeps the class and the plain type apart by module.
macro_rules! wrap_zoo {
    ($($name:ident $id:literal ^$requires:literal;)+) => {
        mod classes {
            use super::*;
            $(
                #[pyclass(module = "zoo", subclass)]
                pub struct $name(pub super::$name);

                impl Drop for $name {
                    fn drop(&mut self) {
                        OBJECTS.fetch_sub(1, Ordering::Relaxed);
                    }
                }

                impl Wrapped for $name {
                    fn wrap(py: Python<'_>, bytes: &[u8]) -> PyResult<Py<PyAny>> {
                        let value = ZooType::from_bytes(bytes).ok_or_else(|| PyValueError::new_err("not a value"))?;
                        OBJECTS.fetch_add(1, Ordering::Relaxed);
                        Ok(Py::new(py, Self(value))?.into_any())
                    }

                    fn read(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
                        Ok(object.extract::<PyRef<'_, Self>>()?.0.to_bytes())
                    }

                    fn write(object: &Bound<'_, PyAny>, field: &str, bytes: &[u8]) -> PyResult<()> {
                        let mut this = object.extract::<PyRefMut<'_, Self>>()?;
                        let mut all = this.0.to_bytes();
                        let fields = <super::$name as ZooType>::FIELDS;
                        let found = fields.iter().find(|(name, _, size)| *name == field && *size == bytes.len());
                        let &(_, offset, size) = found.ok_or_else(|| PyKeyError::new_err(field.to_owned()))?;
                        all[offset..offset + size].copy_from_slice(bytes);
                        this.0 = ZooType::from_bytes(&all).ok_or_else(|| PyValueError::new_err("not a value"))?;
                        Ok(())
                    }
                }
            )+
        }

        fn make_any(py: Python<'_>, id: &str, bytes: &[u8]) -> PyResult<Py<PyAny>> {
            match id {
                $($id => classes::$name::wrap(py, bytes),)+
                other => Err(PyKeyError::new_err(other.to_owned())),
            }
        }

        fn read_any(id: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
            match id {
                $($id => classes::$name::read(object),)+
                other => Err(PyKeyError::new_err(other.to_owned())),
            }
        }

        #[allow(dead_code)]
        fn write_any(id: &str, object: &Bound<'_, PyAny>, field: &str, bytes: &[u8]) -> PyResult<()> {
            match id {
                $($id => classes::$name::write(object, field, bytes),)+
                other => Err(PyKeyError::new_err(other.to_owned())),
            }
        }

        #[allow(dead_code)]
        fn peek_any(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
            $(if let Ok(bytes) = classes::$name::read(object) {
                return Ok(bytes);
            })+
            Err(PyValueError::new_err("not an object of this module"))
        }

        fn add_classes(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add_class::<classes::$name>()?;)+
            Ok(())
        }
    };
}

with_zoo!(wrap_zoo);

/// Tokens of `hold`, and what they keep.
static HELD: Mutex<Option<(u64, HashMap<u64, Py<PyAny>>)>> = Mutex::new(None);

fn with_held<R>(body: impl FnOnce(&mut (u64, HashMap<u64, Py<PyAny>>)) -> R) -> R {
    let mut held = HELD.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    body(held.get_or_insert_with(|| (0, HashMap::new())))
}

#[pyfunction]
fn identity(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("build", env!("CONFORMANCE_BUILD"))?;
    dict.set_item("role", env!("CONFORMANCE_ROLE"))?;
    dict.set_item("mutation", ZOO_MUTATION)?;
    Ok(dict)
}

#[pyfunction]
fn live(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("objects", OBJECTS.load(Ordering::Relaxed))?;
    dict.set_item("held", with_held(|held| held.1.len()))?;
    Ok(dict)
}

#[pyfunction]
#[allow(dead_code)]
fn make(py: Python<'_>, r#type: &str, data: &[u8]) -> PyResult<Py<PyAny>> {
    make_any(py, r#type, data)
}

#[pyfunction]
#[allow(dead_code)]
fn peek<'py>(object: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(object.py(), &peek_any(&object)?))
}

#[pyfunction]
#[allow(dead_code)]
fn drop_all() {}

#[pyfunction]
#[allow(dead_code)]
fn read<'py>(r#type: &str, object: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(object.py(), &read_any(r#type, &object)?))
}

#[pyfunction]
#[allow(dead_code)]
fn write(r#type: &str, object: Bound<'_, PyAny>, field: &str, data: &[u8]) -> PyResult<()> {
    write_any(r#type, &object, field, data)
}

#[pyfunction]
#[allow(dead_code)]
fn hold(r#type: &str, object: Bound<'_, PyAny>) -> PyResult<u64> {
    // Held as what it is, or not at all.
    read_any(r#type, &object)?;
    Ok(with_held(|(next, held)| {
        *next += 1;
        held.insert(*next, object.unbind());
        *next
    }))
}

#[pyfunction]
#[allow(dead_code)]
fn let_go(token: u64) -> PyResult<()> {
    let held = with_held(|(_, held)| held.remove(&token));
    held.map(drop).ok_or_else(|| PyKeyError::new_err(token))
}

fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_classes(module)?;
    module.add_function(wrap_pyfunction!(identity, module)?)?;
    module.add_function(wrap_pyfunction!(live, module)?)?;
    #[cfg(role = "provider")]
    {
        module.add_function(wrap_pyfunction!(make, module)?)?;
        module.add_function(wrap_pyfunction!(peek, module)?)?;
        module.add_function(wrap_pyfunction!(drop_all, module)?)?;
    }
    #[cfg(role = "consumer")]
    {
        module.add("own", wrap_pyfunction!(make, module)?)?;
        module.add_function(wrap_pyfunction!(read, module)?)?;
        module.add_function(wrap_pyfunction!(write, module)?)?;
        module.add_function(wrap_pyfunction!(hold, module)?)?;
        module.add_function(wrap_pyfunction!(let_go, module)?)?;
    }
    Ok(())
}

#[cfg(role = "provider")]
#[pymodule(gil_used = false)]
fn pyo3_provider(module: &Bound<'_, PyModule>) -> PyResult<()> {
    fill(module)
}

#[cfg(role = "consumer")]
#[pymodule(gil_used = false)]
fn pyo3_consumer(module: &Bound<'_, PyModule>) -> PyResult<()> {
    fill(module)
}
