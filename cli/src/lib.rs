//! The `interbind` command as a library, so that the wheel brings the same one: parses words, calls a crate, prints. Data
//! goes to stdout, everything else to stderr; exit 0 fine, 1 finding, 2 bad use. Logic belongs into the crates.
//!
//! - `words`: what can be typed; `commands`: its commands, one file each;
//! - `output`: where a result goes and in which format; `view`: how it looks to people;
//! - `error`: why a command could not be done; `progress`: what is said meanwhile;
//! - `schema`: the documents that `--json` prints, as published.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{CommandFactory, Parser};

pub mod live;
pub mod schema;
pub mod view;

mod commands;
mod error;
mod interpreter;
#[cfg(feature = "matrix")]
mod matrix;
mod output;
mod progress;
mod words;

pub use error::Error;

/// A command's result: its exit code.
type Result<T> = std::result::Result<T, Error>;

/// Nothing was found.
const FINE: u8 = 0;
/// Something was found.
const FINDING: u8 = 1;
/// The command could not be done as it was asked.
const BAD_USE: u8 = 2;

/// What the words print with `--json`, the first being the program's name.
///
/// # Errors
/// The words mean nothing, stand for a command that has no document, or can't be done.
pub fn document(arguments: Vec<OsString>) -> std::result::Result<String, Error> {
    commands::document(&words::Cli::try_parse_from(arguments).map_err(Error::Usage)?.command)
}

/// What [`document`] gives; reading stops soon after `stop` was set, and what is given then is of no use.
///
/// # Errors
/// As for [`document`].
pub fn document_until(arguments: Vec<OsString>, stop: Arc<AtomicBool>) -> std::result::Result<String, Error> {
    progress::until(stop, || document(arguments))
}

/// Does what the words say, the first being the program's name; gives the exit code.
pub fn main_with(arguments: Vec<OsString>) -> u8 {
    let cli = match words::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(said) => {
            // Help goes to stdout and is fine; whoever asked for it may have gone.
            _ = said.print();
            return u8::try_from(said.exit_code()).unwrap_or(BAD_USE);
        }
    };
    match commands::run(cli.command, words::Cli::command()) {
        Ok(code) => code,
        Err(error) => {
            error.print();
            BAD_USE
        }
    }
}
