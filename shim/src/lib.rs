//! Share types between Python extensions that were built apart.
//!
//! An extension links this crate, says once what it provides and consumes ([`module!`]), and gets functions and types
//! that carry those roles. Everything that crosses to another build is a record of [`abi`]; everything foreign is
//! judged before its memory is touched. The stages, in the order in which an object meets them:
//!
//! | stage | file | what it does |
//! |---|---|---|
//! | describe | `shared`, `interface`, `object` | what a type is, at compile time |
//! | bind | `module`, `identity` | a module to an interpreter: its core, its registry |
//! | publish | `publish`, `types` | a provider's record goes into the registry |
//! | judge | `judge`, `refusal` | what a call site remembers, and what's asked when it doesn't |
//! | borrow | `foreign`, `native`, `held`, `construct` | the handles that user code sees |
//! | serve | `services` | what binding libraries need besides: instances, userdata, exceptions |
//!
//! Behind them is `runtime`: core, registry, the order of the checks and what is said when one fails. A
//! module has them inside (feature `static`, the default), or shares the wheel's.
//!
//! `ffi` is the only place that speaks to Python; `cache`, `lifetime` and `runtime::own::chain` are the lock-free parts, which
//! know nothing of Python and are modelled with loom; `pyo3` is the face for PyO3.

pub mod error;
mod ffi;
mod foreign;
mod held;
mod object;
pub mod raw;
pub mod services;
mod shared;

mod cache;
mod construct;
mod faces;
mod identity;
mod interface;
mod interpreters;
mod judge;
#[cfg_attr(not(feature = "static"), allow(dead_code, reason = "closing is the implementation's"))]
mod lifetime;
mod module;
mod native;
mod publish;
mod refusal;
mod runtime;
mod sync;
mod types;

#[cfg(feature = "pyo3")]
mod pyo3;

pub use interbind_abi as abi;
pub use interbind_abi::types::Reserved;
pub use interbind_derive::{Provide, Shared, interface, module, raw_module};

pub use self::construct::to_python;
pub use self::error::Error;
pub use self::ffi::attached::Raised;
pub use self::foreign::{Detached, Foreign, ForeignMut, ForeignRaw};
pub use self::held::Held;
pub use self::module::{bind, count_records};
pub use self::native::{Native, NativeRef};
pub use self::object::Object;
pub use self::publish::{RawClass, publish_raw};
#[cfg(feature = "static")]
pub use self::runtime::own::serve::{runtime, serve};
pub use self::services::provide;
pub use self::shared::{Consumer, Handle, Module, ProvidedBy, Provider, Shared};
pub use self::types::Counts;

#[cfg(feature = "pyo3")]
pub use self::pyo3::{bind_module, publish};

/// What the macros' expansions name; not for people.
#[doc(hidden)]
pub mod __private {
    pub use crate::cache::Site;
    pub use crate::identity::{COMPILER, Identity, PLATFORM, VERSION};
    pub use crate::interface::{Failure, Interface, answer};
    pub use crate::interpreters::each::{Each, Support};
    pub use crate::interpreters::first::First;
    pub use crate::shared::{DataHandle, Wrap};
    pub use pyo3_ffi::PyObject;

    #[cfg(feature = "pyo3")]
    pub use crate::pyo3::{Mutability, count_records, to_python, wrap};
    #[cfg(feature = "pyo3")]
    pub use ::pyo3;

    pub use crate::faces;
}
