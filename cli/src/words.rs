//! What can be typed. The texts here are the help, the man page and the completions' descriptions.

use clap::{Parser, Subcommand};

use crate::commands;

/// Says which extension modules can share types, and why the others can't
#[derive(Parser)]
#[command(
    name = "interbind",
    version,
    arg_required_else_help = true,
    max_term_width = 110,
    after_help = "Exit codes: 0 fine, 1 finding, 2 bad use. See `interbind COMMAND --help` for more."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Say what a binary, a wheel or a folder is made with, and what it needs
    Inspect(commands::inspect::Inspect),
    /// Say whether modules can share types, and what differs if they can't
    Check(commands::check::Check),
    /// Examine a whole environment: which modules share, and what goes wrong
    Doctor(commands::doctor::Doctor),
    /// Say what an id or an error message means
    Explain(commands::explain::Explain),
    /// Say what changed between two ids, binaries or releases
    Diff(commands::diff::Diff),
    /// Draw which modules of an environment share
    Graph(commands::graph::Graph),
    /// Say what of a wheel should not be released: against its own tags and its last release
    Audit(commands::audit::Audit),
    /// Keep the layouts of a crate's shared types beside its source, and find a change without its version
    Lock(commands::lock::Lock),
    /// Print the JSON schema of what `--json` prints
    Schema(commands::schema::Schema),
    /// Print completions for a shell
    Completions(commands::completions::Completions),
    /// Print the manual page
    Man(commands::man::Man),
    /// Build extensions that disagree, load each pair, and compare what happens with the spec
    #[cfg(feature = "matrix")]
    Matrix(crate::matrix::Matrix),
}
