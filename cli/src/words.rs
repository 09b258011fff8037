//! What can be typed. The texts here are the help, the man page and the completions' descriptions.

use clap::{Parser, Subcommand};

use crate::commands;

/// Says which extension modules can share types, and what differs where they can't
#[derive(Parser)]
#[command(
    name = "interbind",
    version,
    arg_required_else_help = true,
    max_term_width = 110,
    after_help = "Exit codes: 0 fine, 1 finding, 2 bad use. `interbind COMMAND --help` says more."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Say what a binary, a wheel or a folder is made with, and what it needs
    Inspect(commands::inspect::Inspect),
    /// Say whether modules can share, and what differs where they can't
    Check(commands::check::Check),
    /// Look at a whole environment: who shares with whom, and what goes wrong
    Doctor(commands::doctor::Doctor),
    /// Say what an id or an error message means
    Explain(commands::explain::Explain),
    /// Say what changed between two ids, binaries or releases
    Diff(commands::diff::Diff),
    /// Draw who shares with whom in an environment
    Graph(commands::graph::Graph),
    /// Print the JSON schema of what `--json` prints
    Schema(commands::schema::Schema),
    /// Print completions for a shell
    Completions(commands::completions::Completions),
    /// Print the manual page
    Man(commands::man::Man),
    /// Load pairs of builds in fresh processes and hold what happens against the spec
    #[cfg(feature = "matrix")]
    Matrix(crate::matrix::Matrix),
}
