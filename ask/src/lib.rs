//! Runs other programs so that none of them can hold up the one that asks. A Python on the `PATH` may hang, print without
//! end or die: that is an answer with words, within seconds, and nothing of it stays behind.
//!
//! - [`ask`] runs a program for what it prints, within [`Limits`]; [`Unanswered`] says why there is no answer;
//! - [`Running`] is a program in a process group of its own, which ends as a whole; it is also for those whose output
//!   goes elsewhere;
//! - [`end_with_us`] takes those groups along when this process is interrupted; [`with_usual_signals`] starts what isn't in a
//!   group;
//! - [`write_script`] writes a script that can be run at once, whatever other threads start.
//!
//! The commands, the conformance runner and the tests all start programs through this crate. It knows no Python.
#![forbid(unsafe_code)]

mod answer;
mod group;
mod interrupt;
mod running;
#[cfg(unix)]
mod script;

pub use answer::{Answer, Limits, Unanswered, ask};
pub use interrupt::{end_with_us, with_usual_signals};
pub use running::Running;
#[cfg(unix)]
pub use script::write_script;
