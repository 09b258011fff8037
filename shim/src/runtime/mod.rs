//! What all modules need and none needs often: core, registry and the order of the check.
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

#[cfg(feature = "static")]
pub(crate) mod own;
#[cfg(not(feature = "static"))]
mod wheel;

#[cfg(feature = "static")]
pub(crate) use self::own::{bind, judge, maker, provide};
#[cfg(not(feature = "static"))]
pub(crate) use self::wheel::{bind, judge, maker, provide};

use interbind_abi::Requirement;
use interbind_abi::owner::OwnerRecord;

use crate::internals::Core;
use crate::types::List;

/// What a consumer expects of a type, in an interpreter that it's bound to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) consumer: &'static OwnerRecord,
    /// The interpreter's.
    pub(crate) core: &'a Core,
    /// The registry's list of the name.
    pub(crate) list: List,
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
