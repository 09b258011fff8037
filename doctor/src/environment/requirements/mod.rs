//! Packages that are named, not installed: requirements files and lock files.
//!
//! - `wanted`: what they name, which wheel this Python would take, and what that tells; `read`: which file is of which kind;
//! - `text`: requirements files; `lock`: the lock files of installers; `marker`: for which Python a line counts.
//!
//! Nothing is fetched. What the files don't say, and what wasn't looked into, is said.

mod lock;
mod marker;
mod read;
mod text;
mod wanted;

pub use read::{RequirementsError, is_requirements, requirements};
pub use wanted::{Candidate, Choice, Requirements, Wanted};
