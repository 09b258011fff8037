//! What is asked for: packages that are named, not installed, in requirements files and lock files.
//!
//! - `wanted`: what they name, which wheel this Python would take, and what that tells; `read`: which file is of which kind;
//! - `text`: requirements files; `lock`: the lock files of installers; `marker`: for which Python a line counts;
//! - `wheel`: what a wheel's file name says, and whether a Python takes it.
//!
//! - `asked`: what a package's metadata asks of others.
//!
//! Nothing is fetched. What the files don't say, and what wasn't looked into, is said.

mod asked;
mod lock;
mod marker;
mod read;
mod text;
mod wanted;
mod wheel;

pub(crate) use asked::Asked;
pub use read::{RequirementsError, is_requirements, requirements};
pub use wanted::{Candidate, Choice, Requirements, Wanted};
pub(crate) use wheel::manylinux;
pub use wheel::{Fit, WheelName};
