//! The commands, one file each: its words, and the call into a crate that they stand for.

pub mod audit;
pub mod check;
pub mod completions;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod graph;
pub mod inspect;
pub mod lock;
pub mod man;
pub mod schema;

use crate::output::json;
use crate::words::Command;
use crate::{Error, Result};

/// Does what was asked; gives the exit code.
///
/// # Errors
/// It could not be done.
pub fn run(command: Command) -> Result<u8> {
    match command {
        Command::Inspect(inspect) => inspect.run(),
        Command::Check(check) => check.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Explain(explain) => explain.run(),
        Command::Diff(diff) => diff.run(),
        Command::Graph(graph) => graph.run(),
        Command::Audit(audit) => audit.run(),
        Command::Lock(lock) => lock.run(),
        Command::Schema(schema) => schema.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
        #[cfg(feature = "matrix")]
        Command::Matrix(matrix) => Ok(matrix.run()?),
    }
}

/// The document of a command that has one, as `--json` prints it.
///
/// # Errors
/// It has none, or could not be done.
pub fn document(command: &Command) -> Result<String> {
    match command {
        Command::Inspect(inspect) => Ok(json(&inspect.judge()?.0)),
        Command::Check(check) => Ok(json(&check.judge()?.0)),
        Command::Doctor(doctor) => doctor.document(),
        Command::Explain(explain) => Ok(json(&explain.judge()?)),
        Command::Diff(diff) => Ok(json(&diff.judge()?.0)),
        Command::Audit(audit) => Ok(json(&audit.judge()?)),
        Command::Lock(lock) => Ok(json(&lock.judge()?)),
        _ => Err(Error::word(
            "this command",
            "has no document",
            "`interbind schema` lists those that have one",
        )),
    }
}
