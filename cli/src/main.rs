//! The `interbind` command.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    // What is asked or built runs in a group of its own, which Ctrl-C doesn't reach.
    interbind_ask::end_with_us();
    ExitCode::from(interbind_cli::main_with(std::env::args_os().collect()))
}
