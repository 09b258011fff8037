//! The `exceptions` service: translators of native exceptions, chained across modules.
//!
//! `serve` is the maker's side over `translators`, the list; `user` the face for binding libraries. A translator runs any
//! code and may register and unregister others meanwhile, so nothing is held while it is asked.

mod serve;
mod translators;
mod user;

pub(crate) use self::serve::TABLE;
pub use self::user::Exceptions;
