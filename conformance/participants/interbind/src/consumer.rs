//! The consumer: every handle that a module can ask for, on every type of the zoo.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use interbind::{Detached, Object};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::kinds::{self, CallFailed, Kinds};
use crate::{Array, Flags, Nested, PackedTail, Point2d, Scalars, ZooType};

/// How often a foreign payload was read.
static TOUCHED: AtomicI64 = AtomicI64::new(0);
/// Borrows that are held now.
static BORROWS: AtomicI64 = AtomicI64::new(0);
/// Objects of this module's own class.
static KEEPERS: AtomicI64 = AtomicI64::new(0);

fn touch() {
    TOUCHED.fetch_add(1, Ordering::Relaxed);
}

/// Counts a borrow while it is held.
struct Counted;

impl Counted {
    fn new() -> Self {
        BORROWS.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        BORROWS.fetch_sub(1, Ordering::Relaxed);
    }
}

type Kept = Box<dyn Any + Send>;

/// Tokens of `hold`, and what they keep.
static HELD: Mutex<Option<(u64, HashMap<u64, Kept>)>> = Mutex::new(None);

fn with_held<R>(body: impl FnOnce(&mut (u64, HashMap<u64, Kept>)) -> R) -> R {
    let mut held = HELD.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    body(held.get_or_insert_with(|| (0, HashMap::new())))
}

/// What the surface needs of a consumed type.
trait Consumed: ZooType {
    fn own(py: Python<'_>, bytes: &[u8]) -> PyResult<Py<PyAny>>;
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>>;
    fn read_raw(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>>;
    fn read_detached(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>>;
    fn write(object: &Bound<'_, PyAny>, field: &str, bytes: &[u8]) -> PyResult<()>;
    fn during(object: &Bound<'_, PyAny>, exclusive: bool, function: &Bound<'_, PyAny>) -> PyResult<Vec<u8>>;
    fn hold(object: &Bound<'_, PyAny>) -> PyResult<Kept>;
    fn read_held(py: Python<'_>, kept: &Kept) -> Option<PyResult<Vec<u8>>>;
}

macro_rules! consume {
    ($($name:ident $id:literal ^$requires:tt;)+) => {
        interbind::module! {
            name = "interbind_consumer",
            consumes = [$($name ^$requires,)+ dyn Kinds ^1.0],
        }

        $(
            impl Consumed for $name {
                fn own(py: Python<'_>, bytes: &[u8]) -> PyResult<Py<PyAny>> {
                    let value = Self::from_bytes(bytes).ok_or_else(|| PyValueError::new_err("not a value"))?;
                    Ok(to_python(py, &value)?.unbind())
                }

                fn read(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
                    let this = object.extract::<Foreign<'_, '_, Self>>()?;
                    let _counted = Counted::new();
                    touch();
                    Ok(this.to_bytes())
                }

                fn read_raw(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
                    let this = object.extract::<ForeignRaw<'_, '_, Self>>()?;
                    // SAFETY: the case calls this on one thread, and nothing writes meanwhile.
                    let value = unsafe { this.read() }?;
                    touch();
                    Ok(value.to_bytes())
                }

                fn read_detached(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
                    let this = object.extract::<Foreign<'_, '_, Self>>()?;
                    let _counted = Counted::new();
                    let view = this.detached()?;
                    touch();
                    Ok(object.py().detach(|| std::thread::scope(|scope| {
                        scope.spawn(|| view.to_bytes()).join().unwrap_or_default()
                    })))
                }

                fn write(object: &Bound<'_, PyAny>, field: &str, bytes: &[u8]) -> PyResult<()> {
                    let mut this = object.extract::<ForeignMut<'_, '_, Self>>()?;
                    let _counted = Counted::new();
                    touch();
                    let mut all = this.to_bytes();
                    let found = Self::FIELDS.iter().find(|(name, _, size)| *name == field && *size == bytes.len());
                    let &(_, offset, size) = found.ok_or_else(|| PyKeyError::new_err(field.to_owned()))?;
                    all[offset..offset + size].copy_from_slice(bytes);
                    *this = Self::from_bytes(&all).ok_or_else(|| PyValueError::new_err("not a value"))?;
                    Ok(())
                }

                fn during(object: &Bound<'_, PyAny>, exclusive: bool, function: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
                    if exclusive {
                        let this = object.extract::<ForeignMut<'_, '_, Self>>()?;
                        let _counted = Counted::new();
                        function.call0()?;
                        return Ok(this.to_bytes());
                    }
                    let this = object.extract::<Foreign<'_, '_, Self>>()?;
                    let _counted = Counted::new();
                    function.call0()?;
                    Ok(this.to_bytes())
                }

                fn hold(object: &Bound<'_, PyAny>) -> PyResult<Kept> {
                    Ok(Box::new(object.extract::<Held<Self>>()?))
                }

                fn read_held(py: Python<'_>, kept: &Kept) -> Option<PyResult<Vec<u8>>> {
                    let held = kept.downcast_ref::<Held<Self>>()?;
                    Some(held.bind(py).map(|this| this.to_bytes()))
                }
            }
        )+

        /// Does something with the type of that name.
        macro_rules! with_type {
            ($of:expr, $type:ident => $body:expr) => {
                match $of {
                    $($id => { type $type = $name; $body })+
                    other => Err(PyKeyError::new_err(other.to_owned())),
                }
            };
        }

        fn read_any_held(py: Python<'_>, kept: &Kept) -> PyResult<Vec<u8>> {
            $(if let Some(read) = <$name as Consumed>::read_held(py, kept) {
                return read;
            })+
            Err(PyValueError::new_err("holds no data"))
        }
    };
}

with_zoo!(consume);

fn bytes<'py>(py: Python<'py>, data: PyResult<Vec<u8>>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &data?))
}

#[pyfunction]
fn read<'py>(r#type: &str, object: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    bytes(object.py(), with_type!(r#type, T => <T as Consumed>::read(&object)))
}

/// Reads a copy, as one must where nobody tracks borrows.
#[pyfunction]
fn read_raw<'py>(r#type: &str, object: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    bytes(object.py(), with_type!(r#type, T => <T as Consumed>::read_raw(&object)))
}

/// Reads on another thread while this one is detached.
#[pyfunction]
fn read_detached<'py>(r#type: &str, object: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    bytes(object.py(), with_type!(r#type, T => <T as Consumed>::read_detached(&object)))
}

#[pyfunction]
fn write(r#type: &str, object: Bound<'_, PyAny>, field: &str, data: &[u8]) -> PyResult<()> {
    with_type!(r#type, T => <T as Consumed>::write(&object, field, data))
}

/// Calls `function` while the borrow is held, then reads.
#[pyfunction]
fn during<'py>(
    r#type: &str,
    object: Bound<'py, PyAny>,
    exclusive: bool,
    function: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let data = with_type!(r#type, T => <T as Consumed>::during(&object, exclusive, &function));
    bytes(object.py(), data)
}

#[pyfunction]
fn own(py: Python<'_>, r#type: &str, data: &[u8]) -> PyResult<Py<PyAny>> {
    with_type!(r#type, T => <T as Consumed>::own(py, data))
}

#[pyfunction]
fn hold(r#type: &str, object: Bound<'_, PyAny>) -> PyResult<u64> {
    let kept: Kept = match r#type {
        "kinds" => Box::new(object.extract::<Held<dyn Kinds>>()?),
        other => with_type!(other, T => <T as Consumed>::hold(&object))?,
    };
    Ok(with_held(|(next, held)| {
        *next += 1;
        held.insert(*next, kept);
        *next
    }))
}

#[pyfunction]
fn let_go(token: u64) -> PyResult<()> {
    let held = with_held(|(_, held)| held.remove(&token));
    held.map(drop).ok_or_else(|| PyKeyError::new_err(token))
}

/// Reads what is held, wherever its object's name has gone.
#[pyfunction]
fn read_held(py: Python<'_>, token: u64) -> PyResult<Bound<'_, PyBytes>> {
    let kept = with_held(|(_, held)| held.remove(&token)).ok_or_else(|| PyKeyError::new_err(token))?;
    let data = read_any_held(py, &kept);
    with_held(|(_, held)| held.insert(token, kept));
    bytes(py, data)
}

fn failed(failed: CallFailed) -> PyErr {
    match failed {
        CallFailed::Usage => PyValueError::new_err("no such method, or the bytes are no value"),
        CallFailed::Answer(error) => error.into(),
    }
}

/// Calls a method of the zoo's interface; an object is passed as it is, all else as bytes.
#[pyfunction]
#[pyo3(signature = (r#type, object, method, argument = None))]
fn call<'py>(
    r#type: &str,
    object: Bound<'py, PyAny>,
    method: &str,
    argument: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    if r#type != "kinds" {
        return Err(PyKeyError::new_err(r#type.to_owned()));
    }
    let handle = object.extract::<Foreign<'_, '_, dyn Kinds>>()?;
    let _counted = Counted::new();
    if method.starts_with("object") {
        let argument = argument.unwrap_or_else(|| py.None().into_bound(py));
        let answer = kinds::call_object(&handle, method, Object::from(argument)).map_err(failed)?;
        return Ok(answer.into_bound(py));
    }
    let argument: Vec<u8> = argument.map(|bytes| bytes.extract()).transpose()?.unwrap_or_default();
    let answer = kinds::call(&handle, method, &argument).map_err(failed)?;
    Ok(PyBytes::new(py, &answer).into_any())
}

/// The same on a view that any thread may use.
#[pyfunction]
fn call_detached<'py>(object: Bound<'py, PyAny>, method: &str, argument: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let py = object.py();
    let handle = object.extract::<Foreign<'_, '_, dyn Kinds>>()?;
    let _counted = Counted::new();
    let view = handle.detached()?;
    let answer = if method.starts_with("object") {
        // Without the check at each call it doesn't compile.
        let (view, nothing) = (Detached::checked(view), Object::from(py.None().into_bound(py)));
        py.detach(|| kinds::call_object(&view, method, nothing)).map(|_| Vec::new())
    } else {
        py.detach(|| {
            std::thread::scope(|scope| {
                scope.spawn(|| kinds::call(&view, method, argument)).join().unwrap_or(Err(CallFailed::Usage))
            })
        })
    };
    Ok(PyBytes::new(py, &answer.map_err(failed)?))
}

/// Keeps another module's object, visibly to the garbage collector.
#[pyclass(module = "zoo")]
struct Keeper {
    kept: Option<Held<Point2d>>,
}

#[pymethods]
impl Keeper {
    #[new]
    fn new(object: Bound<'_, PyAny>) -> PyResult<Self> {
        let kept = Some(object.extract::<Held<Point2d>>()?);
        KEEPERS.fetch_add(1, Ordering::Relaxed);
        Ok(Self { kept })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.kept.as_ref().map_or(Ok(()), |kept| kept.traverse(&visit))
    }

    fn __clear__(&mut self) {
        drop(self.kept.take());
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        KEEPERS.fetch_sub(1, Ordering::Relaxed);
    }
}

#[pyfunction]
fn live(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = crate::records(py, count_records(py)?)?;
    dict.set_item("borrows", BORROWS.load(Ordering::Relaxed))?;
    dict.set_item("keepers", KEEPERS.load(Ordering::Relaxed))?;
    dict.set_item("held", with_held(|held| held.1.len()))?;
    dict.set_item("touched", TOUCHED.load(Ordering::Relaxed))?;
    Ok(dict)
}

/// Calls the C function behind another build's function.
#[pyfunction]
fn native_call(function: &Bound<'_, PyAny>, x: f64, y: f64) -> PyResult<f64> {
    Ok(interbind::Native::<extern "C" fn(f64, f64) -> f64>::of(function)?.call(x, y))
}

pub fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    bind(module)?;
    module.add_function(wrap_pyfunction!(native_call, module)?)?;
    module.add_class::<Keeper>()?;
    module.add_function(wrap_pyfunction!(read, module)?)?;
    module.add_function(wrap_pyfunction!(read_raw, module)?)?;
    module.add_function(wrap_pyfunction!(read_detached, module)?)?;
    module.add_function(wrap_pyfunction!(write, module)?)?;
    module.add_function(wrap_pyfunction!(during, module)?)?;
    module.add_function(wrap_pyfunction!(own, module)?)?;
    module.add_function(wrap_pyfunction!(hold, module)?)?;
    module.add_function(wrap_pyfunction!(let_go, module)?)?;
    module.add_function(wrap_pyfunction!(read_held, module)?)?;
    module.add_function(wrap_pyfunction!(call, module)?)?;
    module.add_function(wrap_pyfunction!(call_detached, module)?)?;
    module.add_function(wrap_pyfunction!(live, module)?)
}
