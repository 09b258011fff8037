//! The provider: for each type of the zoo a frozen, a tracked and an unsendable class, and one that implements the
//! interface. `make` makes tracked ones, because those can be read and written.

use std::sync::atomic::{AtomicI64, Ordering};

use interbind::Provide;
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyType};

use crate::{Array, Flags, Nested, PackedTail, Point2d, Scalars, ZooType, kinds};

/// Objects alive in this module.
static OBJECTS: AtomicI64 = AtomicI64::new(0);

/// Counts an object while it lives.
struct Counted;

impl Counted {
    fn new() -> Self {
        OBJECTS.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        OBJECTS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn value<T: ZooType>(bytes: &[u8]) -> PyResult<T> {
    T::from_bytes(bytes).ok_or_else(|| PyValueError::new_err("not a value"))
}

macro_rules! class {
    ($class:ident [$($options:tt)*] $value:ident) => {
        #[pyclass(subclass, weakref, module = "zoo", $($options)*)]
        #[derive(Provide)]
        pub struct $class {
            #[shared(from)]
            value: $value,
            _counted: Counted,
        }

        impl From<$value> for $class {
            fn from(value: $value) -> Self {
                Self { value, _counted: Counted::new() }
            }
        }

        #[pymethods]
        impl $class {
            #[new]
            fn new(data: &[u8]) -> PyResult<Self> {
                value(data).map(|value: $value| value.into())
            }

            fn data<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                PyBytes::new(py, &self.value.to_bytes())
            }
        }
    };
}

macro_rules! classes {
    (unsendable $unsendable:ident; $($value:ident $id:literal $frozen:ident $tracked:ident;)+) => {
        $(
            class! { $frozen [frozen] $value }
            class! { $tracked [] $value }
        )+
        class! { $unsendable [unsendable] Point2d }

        interbind::module! {
            name = "interbind_provider",
            provides = [$($value,)+ dyn kinds::Kinds],
        }

        fn add_classes(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(
                // The first class that lets others make objects is the one they make.
                module.add_class::<$tracked>()?;
                publish::<$tracked, $value>(module)?;
                module.add_class::<$frozen>()?;
                publish::<$frozen, $value>(module)?;
            )+
            module.add_class::<$unsendable>()?;
            publish::<$unsendable, Point2d>(module)?;
            module.add_class::<Echo>()?;
            publish::<Echo, dyn kinds::Kinds>(module)
        }

        /// The class of a kind (`frozen`, `tracked`, `unsendable`) for a type, or the one of `kinds`.
        #[pyfunction]
        #[pyo3(signature = (kind, r#type))]
        fn cls<'py>(py: Python<'py>, kind: &str, r#type: &str) -> PyResult<Bound<'py, PyType>> {
            match (kind, r#type) {
                $(("frozen", $id) => Ok(py.get_type::<$frozen>()),
                ("tracked", $id) => Ok(py.get_type::<$tracked>()),)+
                ("unsendable", "point2d") => Ok(py.get_type::<$unsendable>()),
                (_, "kinds") => Ok(py.get_type::<Echo>()),
                _ => Err(PyKeyError::new_err(format!("{kind} {type}", type = r#type))),
            }
        }

        fn bytes_of(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
            $(
                if let Ok(class) = object.cast::<$frozen>() {
                    return Ok(class.get().value.to_bytes());
                }
                if let Ok(class) = object.cast::<$tracked>() {
                    return Ok(class.try_borrow()?.value.to_bytes());
                }
            )+
            if let Ok(class) = object.cast::<$unsendable>() {
                return Ok(class.try_borrow()?.value.to_bytes());
            }
            Err(PyValueError::new_err("not an object of this module"))
        }

        /// Calls `function` while this side borrows the object, exclusively or not.
        #[pyfunction]
        fn during(object: Bound<'_, PyAny>, exclusive: bool, function: Bound<'_, PyAny>) -> PyResult<()> {
            $(if let Ok(class) = object.cast::<$tracked>() {
                if exclusive {
                    let mut this = class.try_borrow_mut()?;
                    // A write through the reference: it has to be ours alone.
                    this.value = this.value;
                    return function.call0().map(|_| ());
                }
                let _this = class.try_borrow()?;
                return function.call0().map(|_| ());
            })+
            Err(PyValueError::new_err("not a tracked object of this module"))
        }
    };
}

classes! {
    unsendable UnsendablePoint2d;
    Point2d "point2d" FrozenPoint2d TrackedPoint2d;
    Nested "nested" FrozenNested TrackedNested;
    PackedTail "packed-tail" FrozenPackedTail TrackedPackedTail;
    Scalars "scalars" FrozenScalars TrackedScalars;
    Array "array" FrozenArray TrackedArray;
    Flags "flags" FrozenFlags TrackedFlags;
}

/// Implements the zoo's interface.
#[pyclass(frozen, subclass, weakref, module = "zoo")]
pub struct Echo {
    _counted: Counted,
}

kinds::echo_kinds!(Echo);

#[pymethods]
impl Echo {
    #[new]
    fn new() -> Self {
        Self { _counted: Counted::new() }
    }
}

#[pyfunction]
fn make<'py>(py: Python<'py>, r#type: &str, data: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    make_as(py, "tracked", r#type, data)
}

/// Makes an object of a kind of class: `frozen`, `tracked`, `unsendable`.
#[pyfunction]
fn make_as<'py>(py: Python<'py>, kind: &str, r#type: &str, data: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let class = cls(py, kind, r#type)?;
    if r#type == "kinds" { class.call0() } else { class.call1((PyBytes::new(py, data),)) }
}

#[pyfunction]
fn peek<'py>(object: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(object.py(), &bytes_of(&object)?))
}

#[pyfunction]
fn drop_all() {}

/// Publishes everything once more, as when a module is executed twice.
#[pyfunction]
#[pyo3(pass_module)]
fn publish_again(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_classes(module)
}

#[pyfunction]
fn live(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = crate::records(py, count_records(py)?)?;
    dict.set_item("objects", OBJECTS.load(Ordering::Relaxed))?;
    Ok(dict)
}

/// Lent to other builds.
#[interbind::function(native = "double (double, double)")]
#[pyfunction]
fn hypot(x: f64, y: f64) -> f64 {
    x.hypot(y)
}

/// Lent too, with another type.
#[interbind::function]
#[pyfunction]
fn half(x: f64) -> f64 {
    x / 2.0
}

pub fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_classes(module)?;
    module.add_function(wrap_pyfunction!(hypot, module)?)?;
    module.add_function(wrap_pyfunction!(half, module)?)?;
    interbind::lend!(module, hypot)?;
    interbind::lend!(module, half)?;
    module.add_function(wrap_pyfunction!(cls, module)?)?;
    module.add_function(wrap_pyfunction!(make, module)?)?;
    module.add_function(wrap_pyfunction!(make_as, module)?)?;
    module.add_function(wrap_pyfunction!(peek, module)?)?;
    module.add_function(wrap_pyfunction!(during, module)?)?;
    module.add_function(wrap_pyfunction!(drop_all, module)?)?;
    module.add_function(wrap_pyfunction!(publish_again, module)?)?;
    module.add_function(wrap_pyfunction!(live, module)?)
}
