//! The implementation: core, registry, the order of the check, and what is said when something is refused.
//!
//! A module has it inside (feature `static`), or leaves it to the wheel's runtime, which all modules without one share:
//! then it carries neither this folder nor the makers' sides of the services. The rest of the crate asks the
//! functions below, whichever it is; all of them are cold.
//!
//! | function | here | asks |
//! |---|---|---|
//! | [`bind`] | `bind`, `core` over `chain` | this build against the running Python; the interpreter's core and registry |
//! | [`provide`] | the same | core and every service, for who brings them to others |
//! | [`judge`] | `check` | which record an object fits, and whether it's what the consumer was built with |
//! | [`maker`] | `maker` | through which record new objects are made |
//! | [`refuse`] | `say` | for an exception |
//!
//! `registry` is the `types` service that this build serves, over `lists`, `table` and `upcast`. `serve` is these functions
//! for other modules, which only the wheel hands out; `wheel` the same as a module calls them.

#[cfg(feature = "static")]
mod bind;
#[cfg(feature = "static")]
pub(crate) mod chain;
#[cfg(feature = "static")]
mod check;
#[cfg(feature = "static")]
pub(crate) mod core;
#[cfg(feature = "static")]
mod lists;
#[cfg(feature = "static")]
mod maker;
#[cfg(feature = "static")]
pub(crate) mod registry;
#[cfg(feature = "static")]
mod say;
#[cfg(feature = "static")]
pub(crate) mod serve;
#[cfg(feature = "static")]
pub(crate) mod table;
#[cfg(feature = "static")]
mod upcast;
#[cfg(not(feature = "static"))]
mod wheel;

#[cfg(not(feature = "static"))]
pub(crate) use self::wheel::{bind, judge, maker, provide, refuse};
#[cfg(feature = "static")]
pub(crate) use self::{
    bind::{bind, provide},
    check::judge,
    maker::maker,
    say::refuse,
};

use interbind_abi::Requirement;
use interbind_abi::core::CoreRecord;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::types::registry::TypeList;

use crate::types::Types;

/// What a consumer expects of a type, in an interpreter that it's bound to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) consumer: &'static OwnerRecord,
    /// A judged core, which outlives this.
    pub(crate) core: *mut CoreRecord,
    pub(crate) types: Types,
    /// The registry's list of the name.
    pub(crate) list: *mut TypeList,
    /// The shared name, or the native key.
    pub(crate) name: &'a str,
    pub(crate) kind: u32,
    pub(crate) descriptor: &'a str,
    pub(crate) requirement: Requirement,
    pub(crate) requirement_text: &'a str,
    pub(crate) align: usize,
    /// Whose class new objects are of; none: anybody's.
    pub(crate) from: Option<&'a str>,
}

/// What makes a service's table where this module can make one.
macro_rules! own {
    ($make:path) => {{
        #[cfg(feature = "static")]
        let make = Some($make as interbind_abi::core::MakeService);
        #[cfg(not(feature = "static"))]
        let make = None;
        make
    }};
}
pub(crate) use own;
