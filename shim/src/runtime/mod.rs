//! What all modules need and none needs often: core, registry, the order of the check, and what is said of a refusal.
//!
//! A module has an implementation of its `own` (feature `static`), or leaves it to the `wheel`'s, which all modules without one
//! share: then it carries neither that folder nor the makers' sides of the services. The rest of the crate asks these functions,
//! whichever it is; all of them are cold.
//!
//! | function | asks |
//! |---|---|
//! | [`bind`] | this build against the running Python; the interpreter's core and registry |
//! | [`provide`] | core and every service, for who brings them to others |
//! | [`judge`] | which record an object fits, and whether it's what the consumer was built with |
//! | [`maker`] | through which record new objects are made |
//! | [`refuse`] | for an exception |

#[cfg(feature = "static")]
pub(crate) mod own;
#[cfg(not(feature = "static"))]
mod wheel;

#[cfg(feature = "static")]
pub(crate) use self::own::{bind, judge, maker, provide, refuse};
#[cfg(not(feature = "static"))]
pub(crate) use self::wheel::{bind, judge, maker, provide, refuse};

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
macro_rules! own_maker {
    ($make:path) => {{
        #[cfg(feature = "static")]
        let make = Some($make as interbind_abi::core::MakeService);
        #[cfg(not(feature = "static"))]
        let make = None;
        make
    }};
}
pub(crate) use own_maker;
