//! What can be typed: the program's own words. Those of its commands are in [`commands`](crate::commands).

use clap::Parser;

use crate::commands::Command;

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
