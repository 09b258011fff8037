//! What is installed in a Python's folders, and which file came with what.
//!
//! - `distribution`: the packages with their metadata, links to projects under development, `.pth` files;
//! - `record`: the list of files that a wheel leaves.

mod distribution;
mod record;

pub(crate) use distribution::normalised;
pub use distribution::{Distribution, DistributionKind, Installed, installed};
pub(crate) use record::plain;
