//! Share types between Python extensions that were built separately.
//!
#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! An extension links this crate, says once what it provides and consumes ([`module!`]), and gets functions and types
//! that carry those roles. Everything that crosses to another build is a record of [`abi`]; everything foreign is
//! judged before its memory is touched. The stages, in the order in which an object meets them:
//!
//! | stage | file | what it does |
//! |---|---|---|
//! | describe | `shared`, `interface`, `threads`, `default_body`, `object` | what a type is, at compile time |
//! | bind | `module`, `identity` | a module to an interpreter: its core, its registry |
//! | publish | `publish`, `types` | a provider's record goes into the registry |
//! | judge | `judge`, `fits`, `site`, `judged` | what a call site remembers, and what's asked when it doesn't |
//! | borrow | `foreign`, `native_class`, `held`, `construct` | the handles that user code sees |
//! | serve | `services` | what binding libraries need besides: instances, userdata, exceptions |
//!
//! Behind them is `runtime`: core, registry and the order of the check. Below that is `refusal`, which writes what is said
//! when something fails, over `owner` and `malformed`. A module has both inside (feature `static`, the default), or asks
//! `wheel` for the wheel's.
//!
//! `ffi` is the only place that speaks to Python; what knows nothing of Python is a crate of its own, `interbind-structures`;
//! `pyo3` is the face for PyO3, `bare` the one without; `c_function` says what C calls the types of Rust.
//!
//! Unsafe code is in `ffi`, and in the files whose text says at its head which *boundary* they are: those that other builds
//! call, or that call other builds, or that take a caller's word. All else is safe code over types.

pub mod error;
mod ffi;
mod foreign;
#[cfg(interbind_records)]
mod functions;
mod held;
mod object;
pub mod raw;
pub mod services;
mod shared;

mod adapter;
mod bare;
mod c_function;
mod construct;
mod default_body;
mod faces;
mod fits;
mod identity;
mod interface;
mod internals;
mod interpreters;
mod judge;
mod judged;
mod malformed;
mod module;
mod native_class;
mod owner;
mod publish;
mod refusal;
mod runtime;
mod site;
mod text;
mod threads;
mod types;
mod untracked;
#[cfg(not(feature = "static"))]
mod wheel;

#[cfg(feature = "pyo3")]
mod pyo3;

use interbind_structures::{lifetime, sync};

pub use interbind_abi as abi;
pub use interbind_abi::types::Reserved;
pub use interbind_derive::{Provide, Shared, function, interface, lend, module, raw_module};

pub use self::bare::{bind, count_records, provide, to_python};
pub use self::c_function::CFunction;
pub use self::error::Error;
pub use self::ffi::raised::Raised;
pub use self::foreign::{Detached, Foreign, ForeignMut, ForeignRaw};
pub use self::held::Held;
pub use self::native_class::{NativeClass, NativeRef};
pub use self::object::Object;
pub use self::publish::{RawClass, publish_raw, unpublish_raw};
#[cfg(feature = "static")]
pub use self::runtime::own::serve::{runtime, serve};
pub use self::shared::{Consumer, Detach, Handle, Module, ProvidedBy, Provider, Shared};
pub use self::threads::{AnyThread, AttachedThread, CheckedThread, OtherThreads, Passes, Threads};
pub use self::types::Counts;
pub use self::untracked::Untracked;

#[cfg(feature = "pyo3")]
pub use self::pyo3::{Native, add_function, bind_module, lend, names, publish, submodule};

/// What the macros' expansions name; not for people.
#[doc(hidden)]
pub mod __private {
    pub use crate::adapter::{Adapter, Answers};
    #[cfg(feature = "static")]
    pub use crate::adapter::{bridge, view};
    pub use crate::c_function::{CName, CResult, CValue, Lent};
    pub use crate::default_body::Body;
    pub use crate::identity::Identity;
    pub use crate::interface::{Interface, answer};
    pub use crate::interpreters::each::{Each, Support};
    pub use crate::interpreters::first::First;
    pub use crate::owner::{COMPILER, PLATFORM, RUNTIME, VERSION};
    pub use crate::shared::{DataHandle, Wrap};
    pub use crate::site::Site;
    pub use interbind_structures::schedule;
    pub use pyo3_ffi::PyObject;

    #[cfg(feature = "pyo3")]
    pub use crate::pyo3::{Mutability, count_records, to_python, wrap};
    #[cfg(feature = "pyo3")]
    pub use ::pyo3;

    pub use crate::faces;
}
