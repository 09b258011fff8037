//! The grammars of the ids by which modules of one framework recognise each other.
//!
//! An id is cut into named parts and prints back as exactly what was read; what no grammar knows stays an opaque part and
//! is never lost. No releases are decided here: that is `versions`' work.
//!
//! - `id`: an id cut into segments; `toolchain`: compiler, C++ library and ABI, which pybind11 and nanobind write alike;
//! - `pybind11`: the keys of shared and module-local state, the conduit's platform id, the function record's type name;
//! - `nanobind`: tags of every generation, and the keys made from them;
//! - `interbind`: our own key.

mod id;
mod interbind;
mod nanobind;
mod pybind11;
mod toolchain;

pub use id::{Id, IdKind};
pub use nanobind::{NANOBIND_KEY_PREFIX, nanobind_key, nanobind_tag};
pub use pybind11::{
    FUNCTION_RECORD_PREFIX, INTERNALS_PREFIX, MODULE_LOCAL_PREFIX, pybind11_function_record, pybind11_key,
    pybind11_module_local, pybind11_platform,
};

/// Reads an id of any framework; `None`: it has the form of none.
///
/// ```
/// use interbind_doctor::ids::parse;
/// let id = parse("__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_0__").unwrap();
/// assert_eq!(id.number(), Some(11));
/// assert_eq!(id.part("build-abi"), "gxx_abi_1xxx_use_cxx11_abi_0");
/// ```
pub fn parse(text: &str) -> Option<Id> {
    pybind11_key(text)
        .or_else(|| pybind11_module_local(text))
        .or_else(|| pybind11_function_record(text))
        .or_else(|| nanobind_key(text))
        .or_else(|| nanobind_tag(text))
        .or_else(|| interbind::key(text))
        .or_else(|| pybind11_platform(text))
}

#[cfg(test)]
mod tests;
