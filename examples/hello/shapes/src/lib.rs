//! The wheel that has the class.

// ANCHOR: all
use geometry::Point;
use pyo3::prelude::*;

interbind::module! { name = "shapes", provides = [Point] }

#[pyclass(frozen, name = "Point", module = "shapes")]
#[derive(interbind::Provide)]
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
}

// ANCHOR: declarative
#[pymodule]
mod shapes {
    #[pymodule_export]
    use super::PyPoint;
    use super::*;

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        publish::<PyPoint, Point>(m)
    }
}
// ANCHOR_END: declarative
// ANCHOR_END: all
