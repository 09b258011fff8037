//! Whether two modules can share, and why not.
//!
//! `pair` asks the questions in their order; each has a file. `loadable`: can one process load both at all? `registry`: has
//! the framework a state that both would join, and is it the same? (`pybind11` and `nanobind` have rules of their own.)
//! `conduit`: what crosses between two states. `ours`: what the build notes of this project's layer promise each other.
//! `keys` lines two ids up, `fixes` knows what mends a part that differs, `groups` does many modules at once. The words
//! of the answer are in `verdict`.
//!
//! Nothing is read here, and nothing is guessed: a fact that isn't certain can't decide, and says so in the answer.

mod conduit;
mod fixes;
mod groups;
mod keys;
mod loadable;
mod nanobind;
mod ours;
mod pair;
mod pybind11;
mod registry;
mod side;
#[cfg(test)]
mod tests;
mod verdict;

pub use groups::{Checks, Group, check_all};
pub use pair::check;
pub use verdict::{AlignedKey, AlignedPart, Bridge, Check, Condition, Loadable, Operation, Verdict};
