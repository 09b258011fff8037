//! Objects whose classes nobody has published, which a consumer's type is asked about; and what our classes answer others.
//!
//! - `pybind11` takes those of pybind11's classes, for a type whose author named its C++ class;
//! - `answers` has our classes answer pybind11, for a type with `conduit`;
//! - `nothing` takes none: on PyPy, and where names of C++ types can't be made by hand.

#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
mod answers;
#[cfg(any(interbind_pypy, target_env = "msvc"))]
mod nothing;
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
mod pybind11;

use interbind_abi::Version;

#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
pub use answers::Answers;
#[cfg(any(interbind_pypy, target_env = "msvc"))]
pub use nothing::{Adapter, Answers};
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
pub use pybind11::Adapter;

/// What the consumer declares.
#[cfg_attr(any(interbind_pypy, target_env = "msvc"), allow(dead_code, reason = "nothing is published"))]
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) version_text: &'static str,
    pub(crate) version: Version,
    pub(crate) kind: u32,
    pub(crate) descriptor: &'static str,
}
