//! Objects whose classes nobody has published, which a consumer's type is asked about; and what our classes answer others.
//!
//! - `pybind11` and `nanobind` take those of their frameworks' classes, for a type whose author named its C++ class, and publish
//!   them by what `adapted` has;
//! - `answers` has our classes answer pybind11, for a type with `conduit`;
//! - `view` has nanobind refer to data of other modules, and `bridge` has pybind11 3.1 take objects of older ones;
//! - `nothing` takes none: on PyPy, and where names of C++ types can't be made by hand.

#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
mod adapted;
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
mod answers;
#[cfg(all(feature = "static", not(any(interbind_pypy, target_env = "msvc"))))]
mod bridge;
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
mod nanobind;
#[cfg(any(interbind_pypy, target_env = "msvc"))]
mod nothing;
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
mod pybind11;
#[cfg(all(feature = "static", not(any(interbind_pypy, target_env = "msvc"))))]
mod view;

use interbind_abi::Version;

#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
pub use adapted::Adapter;
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
pub use answers::Answers;
#[cfg(any(interbind_pypy, target_env = "msvc"))]
pub use nothing::{Adapter, Answers};
#[cfg(all(feature = "static", any(interbind_pypy, target_env = "msvc")))]
pub use nothing::{bridge, view};
#[cfg(all(feature = "static", not(any(interbind_pypy, target_env = "msvc"))))]
pub use {bridge::bridge, view::view};

/// Whether a class answers pybind11 from now on.
pub(crate) enum Opened {
    /// It does, once it is published.
    Open,
    /// It can't, for this reason.
    #[cfg_attr(any(interbind_pypy, target_env = "msvc"), allow(dead_code, reason = "no class is asked"))]
    Unfit(&'static str),
}

/// What the consumer declares.
#[cfg_attr(any(interbind_pypy, target_env = "msvc"), allow(dead_code, reason = "nothing is published"))]
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) version_text: &'static str,
    pub(crate) version: Version,
    pub(crate) kind: u32,
    pub(crate) descriptor: &'static str,
}
