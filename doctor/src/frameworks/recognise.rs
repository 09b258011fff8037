//! All frameworks over one image.

use crate::binary::Image;
use crate::facts::Framework;
use crate::scan::Hits;

use super::seen::Seen;
use super::{boost, cffi, cython, f2py, hpy, interbind, mypyc, nanobind, plain, pybind11, pyo3, swig};

/// The frameworks in an image; none: it is no extension module, and holds nothing of one.
pub fn recognise(image: &Image<'_>, hits: &Hits) -> Vec<Framework> {
    let seen = Seen::new(image, hits);
    let mut found = pybind11::find(&seen);
    found.extend(nanobind::find(&seen));
    found.extend(pyo3::find(&seen));
    found.extend(cython::find(&seen));
    found.extend(swig::find(&seen));
    found.extend(boost::find(&seen));
    found.extend(cffi::find(&seen));
    found.extend(hpy::find(&seen));
    found.extend(f2py::find(&seen));
    found.extend(mypyc::find(&seen));
    found.extend(interbind::find(&seen));
    if found.is_empty() {
        found.extend(plain::find(&seen));
    }
    found
}
