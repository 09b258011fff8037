//! Two sides of one question: their ids side by side, and the words of the answer.
//!
//! - `side`: which facts of a side are sure enough to decide;
//! - `keys`: two ids lined up, part beside part; `state`: the verdict, and why.
//!
//! The questions themselves are in `frameworks`, where they are one framework's, and in `check`.

mod keys;
mod side;
mod state;

pub use keys::{AlignedKey, AlignedPart};
pub(crate) use keys::{align, tell};
pub(crate) use side::{doubt, ids, is_whole, proved};
pub(crate) use state::State;
pub use state::Verdict;
