//! The `instances` service: which Python objects wrap a C pointer, and what an object keeps alive.
//!
//! `serve` is the table's functions over two parts that share shards and their locks: `map` (pointer and key to objects)
//! and `nurses` (object to what it keeps alive; `watch` has the weak references to nurses of other classes). `user` is the
//! face for binding libraries. Locks are held over no Python API, so a fork or a stopped world never meets a held one.

#[cfg(feature = "static")]
#[cfg(feature = "static")]
mod map;
#[cfg(feature = "static")]
mod nurses;
#[cfg(feature = "static")]
mod serve;
#[cfg(feature = "static")]
mod shard;
mod user;
#[cfg(feature = "static")]
mod watch;

#[cfg(feature = "static")]
pub(crate) use self::user::TABLE;
pub use self::user::{Instances, Key};
