//! The bytes that are looked for, all in one pass. Each costs time in every file, so there is one for a family of texts
//! where that is enough, and who wants the text reads it round the place.

use crate::facts::FrameworkKind;

/// Bytes that tell a framework.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    /// By this name the hits are asked for.
    pub name: &'static str,
    /// The bytes.
    pub bytes: &'static [u8],
    /// What they belong to.
    pub framework: FrameworkKind,
}

const fn print(framework: FrameworkKind, name: &'static str, bytes: &'static [u8]) -> Fingerprint {
    Fingerprint { name, bytes, framework }
}

use FrameworkKind::{BoostPython, Cffi, Cython, F2py, Interbind, Mypyc, Nanobind, Pybind11, Pyo3, Swig};

/// All of them.
pub const FINGERPRINTS: &[Fingerprint] = &[
    print(Pybind11, "pybind11-internals", b"__pybind11_internals_v"),
    print(Pybind11, "pybind11-local", b"__pybind11_module_local_v"),
    print(Pybind11, "pybind11-own", b"__pybind11_"),
    print(Pybind11, "pybind11-record", b"pybind11_detail_function_record_v"),
    print(Pybind11, "pybind11-conduit", b"_pybind11_conduit_v1_"),
    // The seeds of marks; see `releases`.
    print(Pybind11, "pybind11-detail", b"pybind11::detail::"),
    print(Pybind11, "pybind11-get", b"get_internals: "),
    print(Pybind11, "pybind11-nested", b"Caught an unknown nested exception!"),
    print(Pybind11, "pybind11-module", b"Internal error in module"),
    print(Pybind11, "pybind11-init", b"__init__(self, ...) called with"),
    print(Pybind11, "pybind11-ready", b"PyType_Ready failed in make_object_base_type"),
    print(Pybind11, "pybind11-capsule", b"pybind11_function_record_capsule"),
    print(Pybind11, "pybind11-patients", b"FATAL: Internal consistency check failed"),
    print(Pybind11, "pybind11-buffer", b"FATAL UNEXPECTED SITUATION: tinfo"),
    print(Pybind11, "pybind11-numpy", b"FAILURE obtaining numpy _ARRAY_API"),
    print(Nanobind, "nanobind-internals", b"__nb_internals_"),
    print(Nanobind, "nanobind-tag", b"nanobind_"),
    print(Nanobind, "nanobind-backend", b"Fill a split-mode extension's function table"),
    // Tags before 3.0 begin with a `v`; these are their ends, and those of pybind11's platforms.
    print(Nanobind, "abi-gxx", b"_gxx_abi_1xxx_use_cxx11_abi_"),
    print(Nanobind, "abi-libcpp", b"_libcpp_abi"),
    print(Nanobind, "abi-cxxabi", b"_cxxabi1"),
    print(Nanobind, "abi-mscver", b"_mscver"),
    print(Nanobind, "nanobind-says", b"nanobind: "),
    print(Nanobind, "nanobind-detail", b"nanobind::detail::"),
    print(Nanobind, "nanobind-types", b"nanobind types do not"),
    print(Nanobind, "nanobind-fatal", b"encountered an unrecoverable error condition"),
    print(Pyo3, "pyo3-panic", b"pyo3_runtime.PanicException"),
    print(Pyo3, "pyo3-path", b"pyo3-"),
    print(Pyo3, "pyo3-vendored", b"pyo3/src/"),
    print(Cython, "cython-abi", b"_cython_"),
    print(Cython, "cython-runtime", b"cython_runtime"),
    print(Cython, "cython-pyx", b"__pyx_"),
    print(Swig, "swig-runtime", b"swig_runtime_data"),
    print(BoostPython, "boost-python", b"Boost.Python."),
    print(Cffi, "cffi-module", b"_init_cffi_1_0_external_module"),
    print(F2py, "f2py-doc", b"auto-generated with f2py (version:"),
    print(Mypyc, "mypyc-own", b"__mypyc"),
    print(Interbind, "interbind-key", b"__interbind_internals_v"),
    // This table itself: whoever has the doctor linked in holds all of the above.
    print(Interbind, THIS_TABLE, b"the fingerprints that interbind's doctor looks for"),
];

/// The name of the fingerprint that tells a program with this table in it.
pub const THIS_TABLE: &str = "interbind-doctor";
