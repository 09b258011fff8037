//! The `instances` service: which Python objects wrap a C pointer, and what an object keeps alive.
//!
//! `serve` is the table's functions over two parts that share shards and their locks: `map` (pointer and key to objects)
//! and `nurses` (object to what it keeps alive; `watch` has the weak references to nurses of other classes). `user` is the
//! face for binding libraries. Locks are held over no Python API, so a fork or a stopped world never meets a held one.

mod guarded;
mod map;
mod nurses;
mod serve;
mod shard;
mod user;
mod watch;

pub(crate) use self::serve::TABLE;
pub use self::user::{Instances, Key};
