//! The lock of a crate that declares shared types: their layouts and signatures as they were released, beside the source, so
//! that a change without the version that it needs is found before others meet it.
//!
//! `built` reads the declarations out of what was compiled; `file` is the file; `rules` compares the two and says which
//! version a change asks for.

mod built;
mod file;
mod rules;

pub use built::{BuiltError, built};
pub use file::{LockError, LockFile, LockedType, TypeVersion};
pub use rules::{Change, Lock, TypeChange, compare};
