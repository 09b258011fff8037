//! Chores of this repository, run by people and by CI: `cargo run -p xtask -- CHORE`.
//!
//! - `releases check`: makes the table of frameworks' releases again from their released headers, and compares it with the
//!   checked-in one;
//! - `releases write`: writes it. New releases on the index, pre-releases included, come in by themselves.
//!
//! Wheels are fetched by `pip download`, as it is configured here, into `target/releases`, once each.
#![forbid(unsafe_code)]

mod releases;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["releases", "check"] => releases::check(),
        ["releases", "write"] => releases::write(),
        _ => {
            eprintln!("usage: cargo run -p xtask -- releases check|write");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
