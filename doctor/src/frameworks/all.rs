//! All frameworks, a line each.

use crate::facts::FrameworkKind;

use super::profile::Profile;
use super::{
    boost, cffi, cppyy, cython, f2py, gopy, hpy, interbind, mypyc, nanobind, plain, pybind11, pyo3, pyobjc,
    pythran, shiboken, sip, swig, uniffi, vtk,
};

/// Every framework, in the order in which they are named.
pub(super) const PROFILES: [&Profile; 20] = [
    &pybind11::PROFILE,
    &nanobind::PROFILE,
    &pyo3::PROFILE,
    &cython::PROFILE,
    &swig::PROFILE,
    &boost::PROFILE,
    &cffi::PROFILE,
    &hpy::PROFILE,
    &f2py::PROFILE,
    &mypyc::PROFILE,
    &interbind::PROFILE,
    &sip::PROFILE,
    &shiboken::PROFILE,
    &pythran::PROFILE,
    &uniffi::PROFILE,
    &vtk::PROFILE,
    &pyobjc::PROFILE,
    &cppyy::PROFILE,
    &gopy::PROFILE,
    &plain::PROFILE,
];

/// What is known of a framework.
pub(crate) fn profile(kind: FrameworkKind) -> &'static Profile {
    PROFILES.into_iter().find(|profile| profile.kind == kind).unwrap_or(&plain::PROFILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_profile() {
        for kind in FrameworkKind::ALL {
            assert_eq!(PROFILES.iter().filter(|profile| profile.kind == *kind).count(), 1, "{kind}");
        }
        assert_eq!(PROFILES.len(), FrameworkKind::ALL.len());
    }
}
