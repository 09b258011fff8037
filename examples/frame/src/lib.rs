//! A provider: classes of its own that other wheels can take as arguments.

use std::sync::Arc;

// ANCHOR: uses
use frame_api::{Point, Series, Span, Stroke, Tally};
use interbind::{Error, Object, Provide, Reserved};
use pyo3::prelude::*;
// ANCHOR_END: uses

// ANCHOR: module
interbind::module! {
    name = "frame",
    provides = [Point, Span, Tally, dyn Series],
}
// ANCHOR_END: module

// ANCHOR: point
// ANCHOR: frozen
/// Never changes: others read it without a call.
#[pyclass(frozen, subclass, name = "Point", module = "frame")]
#[derive(Provide)]
struct PyPoint {
    #[shared(from)]
    point: Point,
}
// ANCHOR_END: frozen

impl From<Point> for PyPoint {
    fn from(point: Point) -> Self {
        Self { point }
    }
}
// ANCHOR_END: point

#[pymethods]
impl PyPoint {
    #[new]
    #[pyo3(signature = (x, y))]
    fn new(x: f64, y: f64) -> Self {
        Self { point: Point { x, y } }
    }

    #[getter]
    fn x(&self) -> f64 {
        self.point.x
    }

    #[getter]
    fn y(&self) -> f64 {
        self.point.y
    }

    fn __repr__(&self) -> String {
        format!("Point({}, {})", self.point.x, self.point.y)
    }
}

/// Changes: others borrow it under PyO3's own flags.
#[pyclass(subclass, name = "Span", module = "frame", dict, weakref)]
#[derive(Provide)]
struct PySpan {
    #[shared(from)]
    span: Span,
}

impl From<Span> for PySpan {
    fn from(span: Span) -> Self {
        Self { span }
    }
}

#[pymethods]
impl PySpan {
    #[new]
    fn new(x0: f64, y0: f64, x1: f64, y1: f64) -> Self {
        let (from, to) = (Point { x: x0, y: y0 }, Point { x: x1, y: y1 });
        Self { span: Span { from, to, stroke: Stroke::Solid, visible: true, reserved: Reserved::new() } }
    }

    fn ends(&self) -> (f64, f64, f64, f64) {
        let Span { from, to, .. } = self.span;
        (from.x, from.y, to.x, to.y)
    }

    /// Calls `function` while this object is borrowed exclusively.
    fn while_borrowed(mut slf: PyRefMut<'_, Self>, function: Bound<'_, PyAny>) -> PyResult<()> {
        slf.span.visible = !slf.span.visible;
        function.call0().map(|_| ())
    }
}

/// Belongs to the thread that made it.
#[pyclass(unsendable, name = "Tally", module = "frame")]
#[derive(Provide)]
struct PyTally {
    #[shared]
    tally: Tally,
}

#[pymethods]
impl PyTally {
    #[new]
    fn new(count: u64) -> Self {
        Self { tally: Tally { count } }
    }

    #[getter]
    fn count(&self) -> u64 {
        self.tally.count
    }
}

/// Implements the interface; its layout is nobody else's business.
#[pyclass(frozen, subclass, name = "Series", module = "frame")]
struct PySeries {
    label: String,
    values: Arc<[f64]>,
}

#[pymethods]
impl PySeries {
    #[new]
    fn new(label: String, values: Vec<f64>) -> Self {
        Self { label, values: values.into() }
    }
}

// ANCHOR: implement
impl Series for PySeries {
    fn len(&self) -> u64 {
        self.values.len() as u64
    }

    fn get(&self, i: u64) -> Result<f64, Error> {
        let value = usize::try_from(i).ok().and_then(|i| self.values.get(i));
        value
            .copied()
            .ok_or_else(|| Error::new(format!("'{}' has {} numbers, none at {i}", self.label, self.len())))
    }
    // ANCHOR_END: implement

    fn label(&self) -> String {
        assert!(self.label != "panic", "the label that panics");
        self.label.clone()
    }

    fn values(&self) -> Vec<f64> {
        self.values.to_vec()
    }

    fn pick(&self, places: &[u64]) -> Vec<f64> {
        places.iter().map(|&i| self.get(i).unwrap_or(f64::NAN)).collect()
    }

    fn find(&self, text: &str) -> Option<u64> {
        let wanted: f64 = text.parse().ok()?;
        self.values.iter().position(|&value| value == wanted).map(|i| i as u64)
    }

    fn centre(&self, by: &Point) -> Point {
        let mean = self.values.iter().sum::<f64>() / self.values.len().max(1) as f64;
        Point { x: mean + by.x, y: by.y }
    }

 // ANCHOR: each
    fn each(&self, function: &Object) -> Result<Object, Error> {
        Python::attach(|py| {
            let mut last = py.None().into_bound(py);
            for &value in self.values.iter() {
                last = function.bind(py).call1((value,))?;
            }
            Ok(Object::from(last))
        })
    }
 // ANCHOR_END: each
}

// ANCHOR: publish
#[pymodule]
fn frame(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyPoint>()?;
    m.add_class::<PySpan>()?;
    m.add_class::<PyTally>()?;
    m.add_class::<PySeries>()?;
    publish::<PyPoint, Point>(m)?;
    publish::<PySpan, Span>(m)?;
    publish::<PyTally, Tally>(m)?;
    publish::<PySeries, dyn Series>(m)
}
// ANCHOR_END: publish
