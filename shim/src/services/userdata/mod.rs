//! The `userdata` service: memory that modules share by name, one of each name in an interpreter.
//!
//! `serve` is the maker's side over a lock-free chain, `user` the face for binding libraries. A datum's maker may run
//! anything, so nothing is held while it does.

#[cfg(feature = "static")]
mod serve;
mod user;

#[cfg(feature = "static")]
pub(crate) use self::user::TABLE;
pub use self::user::{Datum, Userdata};
