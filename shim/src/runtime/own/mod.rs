//! The implementation, in the module itself.
//!
//! | function | file |
//! |---|---|
//! | [`bind`], [`provide`] | `bind`, and `core` over `chain` |
//! | [`judge`] | `check`, the order of the check |
//! | [`maker`] | `maker` |
//! | [`refuse`] | `say` |
//!
//! `registry` is the `types` service that this build serves, over `lists`, `table` and `upcast`. `serve` hands all of this to
//! modules without an implementation; only the wheel does that.

mod bind;
pub(crate) mod chain;
mod check;
mod core;
mod lists;
mod maker;
mod registry;
mod say;
pub(crate) mod serve;
pub(crate) mod table;
mod upcast;

pub(crate) use self::bind::{bind, provide};
pub(crate) use self::check::judge;
pub(crate) use self::maker::maker;
pub(crate) use self::say::refuse;
