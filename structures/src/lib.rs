//! What the shim keeps its records in: lock-free and hashed structures that know nothing of Python.
//!
//! Nothing here calls Python, so all of it is tested without an interpreter, in the file where it is: what is hashed or walked by
//! unit tests, what threads share by models with loom's atomics. `cargo test -p interbind-structures` runs both, and so does
//! miri where a toolchain has it.
//!
//! | file | what it owns | who uses it |
//! |---|---|---|
//! | [`cache`] | the records that a call site has judged | every argument of a shared type |
//! | [`bindings`] | which binding of a module serves an interpreter | raw modules |
//! | [`chain`] | a list that only grows | the core's services, userdata |
//! | [`claim`] | who may write a type record, from one class to the next | providers, the registry |
//! | [`kept`] | the address of what lives for ever | who a module is, the wheel's runtime, a pinned provider |
//! | [`lifetime`] | when a core closes and when it is freed | the core and its users |
//! | [`live`] | in which core a record is live, and its class there | the registry |
//! | [`memory`] | memory that may be refused | what allocates for others |
//! | [`table`] | a hash table of small things | names of types, wrapped pointers, nurses |
//! | [`translators`] | the translators of native exceptions, in order | the `exceptions` service |
//! | [`waiting`] | what threads leave for one that can use it | references that are dropped elsewhere than at home |
//! | [`upcast`] | the walk from a native object to one of its bases | the registry |
//! | [`schedule`] | points at which a test has something happen in between | what forks and Python code can interrupt |
//! | [`sync`] | where atomics and locks come from | all of these, and the shim |
//!
//! Only `interbind` depends on this crate; nothing in it is a promise to anybody else.

pub mod bindings;
pub mod cache;
pub mod chain;
pub mod claim;
pub mod kept;
pub mod lifetime;
pub mod live;
pub mod memory;
#[cfg(test)]
mod models;
pub mod schedule;
pub mod sync;
pub mod table;
pub mod translators;
pub mod upcast;
pub mod waiting;
