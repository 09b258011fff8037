//! Brings pyo3-ffi's `cfg`s: which Python this build is for.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
