//! What follows from a program's run: what stood in its interpreter, what the files it loaded say, what its messages mean, and
//! what of it is wrong. Nothing is run here: somebody else runs the program with a reader in it, and gives what that told.
//!
//! - `events`: what the reader tells; `report`: the answer, which is the published JSON;
//! - `join`: puts together what was live, what the files say, and what the messages mean; `findings`: what of it is wrong.

mod events;
mod findings;
mod join;
mod report;

pub use events::Events;
pub use join::conclude;
pub use report::{Compared, Ended, Live, LiveClass, LiveKey, LiveModule, LivePython, Raised, Registry, Twin};

/// A program that has ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The whole status in the system's words.
    pub status: String,
    /// The end of what it wrote to stderr.
    pub stderr: Vec<u8>,
    /// What the reader told.
    pub events: Events,
}
