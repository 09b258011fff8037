//! What changed between two ids, two files, or two releases of a package, in the terms by which modules share.
//!
//! - `change`: the words of the answer, which is the published JSON;
//! - `pairs`: which module of one release is which of the other;
//! - `modules`: what changed in a pair; `notes`: the same for this project's own layer;
//! - `ids`: two ids alone;
//! - `findings`: what of it is wrong, and how badly.
//!
//! "Breaks sharing" is a statement about two builds of one module: what shared with the old one doesn't share with the new.

mod change;
mod findings;
mod ids;
mod modules;
mod notes;
mod pairs;

use crate::facts::{Inspection, Module};

pub use change::{Change, Diff, Effect, ModuleDiff, Named, PartChange};
pub use ids::diff_ids;

/// Says what changed from `a` to `b`.
pub fn diff(a: &Inspection, b: &Inspection) -> Diff {
    let paired = pairs::pair(&a.modules, &b.modules);
    let named = |modules: Vec<&Module>| modules.into_iter().map(pairs::named).collect();
    Diff::new(
        paired.pairs.into_iter().map(|(old, new)| modules::diff(old, new)).collect(),
        named(paired.added),
        named(paired.removed),
    )
}
