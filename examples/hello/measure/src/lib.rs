//! Another wheel, which takes the objects.

// ANCHOR: all
use geometry::Point;
use pyo3::prelude::*;

interbind::module! { name = "measure", consumes = [Point ^1.0] }

// ANCHOR: declarative
/// Reads the fields in place, in another wheel's object.
#[pyfunction]
fn norm(p: Foreign<Point>) -> f64 {
    p.x.hypot(p.y)
}

#[pymodule]
mod measure {
    #[pymodule_export]
    use super::norm;
}
// ANCHOR_END: declarative
// ANCHOR_END: all
