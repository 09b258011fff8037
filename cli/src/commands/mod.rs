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

use clap::Subcommand;

use crate::output::json;
use crate::{Error, Result};

/// What can be done. The texts here are the help, the man page and the completions' descriptions.
#[derive(Subcommand)]
pub enum Command {
    /// Say what a binary, a wheel or a folder is made with, and what it needs
    Inspect(inspect::Inspect),
    /// Say whether modules can share types, and what differs if they can't
    Check(check::Check),
    /// Examine a whole environment: which modules share, and what goes wrong
    Doctor(doctor::Doctor),
    /// Say what an id or an error message means
    Explain(explain::Explain),
    /// Say what changed between two ids, binaries or releases
    Diff(diff::Diff),
    /// Draw which modules of an environment share
    Graph(graph::Graph),
    /// Say what of a wheel should not be released: against its own tags and its last release
    Audit(audit::Audit),
    /// Keep the layouts of a crate's shared types beside its source, and find a change without its version
    Lock(lock::Lock),
    /// Print the JSON schema of what `--json` prints
    Schema(schema::Schema),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print the manual page
    Man(man::Man),
    /// Build extensions that disagree, load each pair, and compare what happens with the spec
    #[cfg(feature = "matrix")]
    Matrix(crate::matrix::Matrix),
}

/// Does what was asked; gives the exit code. Completions and the manual describe `all` words.
///
/// # Errors
/// It could not be done.
pub fn run(command: Command, all: clap::Command) -> Result<u8> {
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
        Command::Completions(completions) => completions.run(all),
        Command::Man(man) => man.run(all),
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
