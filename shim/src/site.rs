//! What a consumer keeps at each of its call sites, between one call and the next.
//!
//! The macros make one for each type that a module consumes; `judge` and `construct` read and fill it. The words point to
//! records of other builds and are followed only after their check.

use crate::judged::{Pin, Records};
use crate::types::ListPlace;

/// What a consumer keeps for each type that it consumes; `module!` makes one static of it per type.
#[derive(Debug)]
pub struct Site {
    /// Judged records.
    pub(crate) records: Records,
    /// The registry's list of the type's name, once asked for.
    pub(crate) list: ListPlace,
    /// The record through which new objects are made, pinned at first use.
    pub(crate) maker: Pin,
}

impl Site {
    /// Makes an empty site.
    #[allow(clippy::new_without_default, reason = "made by `module!` only")]
    pub const fn new() -> Self {
        Self { records: Records::new(), list: ListPlace::new(), maker: Pin::new() }
    }
}
