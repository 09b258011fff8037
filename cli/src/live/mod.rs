//! `interbind doctor --live`: runs a program in its own Python, then says what stands in the interpreter.
//!
//! - `child`: starts that Python with `reader.py` and waits; this process never loads what the program loads.
//!
//! What follows from what it tells is the doctor's to say.

mod child;

use std::path::{Path, PathBuf};

use interbind_doctor::live::{Live, conclude};

use crate::{Error, Result, interpreter};

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Code, as for `python -c`.
    Text(String),
    /// A script.
    Script(PathBuf),
}

/// Runs a program in a Python and reads the interpreter when it has ended.
///
/// The program's stdin is ours and its stderr goes to ours; its stdout goes to our stderr, since ours is for the answer.
///
/// # Errors
/// The Python can't be started, isn't one, or doesn't get going. How the program ended is no error but part of the answer.
pub fn run(python: &Path, what: &Code, arguments: &[String]) -> Result<Live> {
    if let Code::Script(script) = what {
        std::fs::metadata(script).map_err(|error| Error::read(script, error))?;
    }
    interpreter::starts(python)?;
    Ok(conclude(child::run(python, what, arguments)?))
}
