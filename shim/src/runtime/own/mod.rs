//! The implementation, in the module itself.
//!
//! | function | file |
//! |---|---|
//! | [`bind`], [`provide`] | `bind`, and `core` over a chain of services |
//! | [`judge`] | `check`, the order of the check |
//! | [`maker`] | `maker` |
//!
//! `registry` is the `types` service that this build serves, over `lists`. `serve` hands all of this to
//! modules without an implementation; only the wheel does that.

mod bind;
mod check;
mod core;
mod lists;
mod maker;
mod registry;
pub(crate) mod serve;

pub(crate) use self::bind::{bind, provide};
pub(crate) use self::check::judge;
pub(crate) use self::maker::maker;
