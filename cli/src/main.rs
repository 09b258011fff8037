//! The `interbind` command: parses words, calls a crate, prints. Data goes to stdout, everything else to
//! stderr; exit 0 fine, 1 finding, 2 bad use. Logic belongs into the crates.
#![forbid(unsafe_code)]

mod matrix;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Makes sharing between extension modules explicit, and says what differs where it can't be.
#[derive(Parser)]
#[command(name = "interbind", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Load pairs of builds in fresh processes and hold what happens against the spec
    Matrix(matrix::Matrix),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Matrix(matrix) => matrix.run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
