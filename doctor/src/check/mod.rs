//! Whether two modules can share, and why not.
//!
//! `pair` asks the questions in their order; each has a file. `loadable`: can one process load both at all? Then: has the
//! framework a state that both would join, and is it the same? That says the framework's own file, by its registry.
//! `conduit`: what crosses between two states. `ours`: what the build notes of this project's layer promise each other, and
//! `roles` those of a whole environment; `functions` what of functions crosses. `fixes` knows what mends a part that differs, `groups` does many modules at once.
//! The words of the answer are in `verdict`.
//!
//! Nothing is read here, and nothing is guessed: a fact that isn't certain can't decide, and says so in the answer.

mod conduit;
mod fixes;
mod functions;
mod groups;
mod loadable;
mod ours;
mod pair;
pub(crate) mod roles;
mod side;
#[cfg(test)]
mod tests;
mod verdict;

pub use crate::compare::{AlignedKey, AlignedPart, Verdict};
pub use functions::{NativeCall, native_call, pickled};
pub use groups::{Checks, Group, check_all};
pub use pair::check;
pub use verdict::{Bridge, Check, Condition, Loadable, Operation};
