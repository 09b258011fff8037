//! The `exceptions` service: translators of native exceptions, chained across modules.
//!
//! `serve` is the maker's side over the list of translators; `user` the face for binding libraries. A translator runs any
//! code and may register and unregister others meanwhile, so nothing is held while it is asked.

#[cfg(feature = "static")]
mod serve;
mod user;

pub use self::user::Exceptions;
#[cfg(feature = "static")]
pub(crate) use self::user::TABLE;
