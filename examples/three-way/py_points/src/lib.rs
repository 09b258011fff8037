//! A module made with PyO3: a class of points, and functions that take everybody's.

use interbind::{Provide, Shared};
use pyo3::prelude::*;

/// What the others call `geo::Point`.
#[derive(Clone, Copy, Debug, Shared)]
#[shared(name = "org.example.Point", version = "1.0.0")]
#[repr(C)]
struct Point {
    x: f64,
    y: f64,
}

interbind::module! {
    name = "py_points",
    provides = [Point],
    consumes = [Point ^1.0],
}

/// Changes, and tracks its borrows.
#[pyclass(name = "Point", module = "py_points")]
#[derive(Provide)]
struct PyPoint {
    #[shared]
    point: Point,
}

#[pymethods]
impl PyPoint {
    #[new]
    fn new(x: f64, y: f64) -> Self {
        Self { point: Point { x, y } }
    }

    #[getter]
    fn x(&self) -> f64 {
        self.point.x
    }
}

#[pymodule]
mod py_points {
    #[pymodule_export]
    use super::PyPoint;
    use super::*;

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        publish::<PyPoint, Point>(m)
    }

    #[pyfunction]
    fn norm(p: ForeignRaw<'_, '_, Point>) -> PyResult<f64> {
        // SAFETY: (1) the demo has one thread.
        let p = unsafe { p.read() }?;
        Ok(p.x.hypot(p.y))
    }

    #[pyfunction]
    fn shift<'py>(p: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        {
            let raw: ForeignRaw<'_, '_, Point> = p.extract()?;
            // SAFETY: valid while the object lives; the demo has one thread.
            unsafe { (*raw.as_ptr()).x += 1.0 };
        }
        Ok(p)
    }
}
