//! What the loader would do with many files together: which library each asks for, and which symbols nobody has.
//!
//! - `symbols`: of one image, what the loader joins by; `system`: the libraries that every system has;
//! - `find`: the file that a name means, by search paths, `$ORIGIN` and `@rpath`, as the loader finds it;
//! - `resolve`: over all files that were read, the symbols and libraries that are missing;
//! - `promises`: what a wheel's tag promises of the system, and the symbols contradict.
//!
//! Nothing is said where a library that could have a symbol wasn't read.

mod find;
mod promises;
mod resolve;
mod symbols;
mod system;

pub(crate) use promises::{is_of_glibc, promises};
pub(crate) use resolve::resolve;
pub(crate) use symbols::links;

#[cfg(test)]
mod tests;
