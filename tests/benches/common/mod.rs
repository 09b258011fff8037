//! What the benches share, in the order of a run: a Python is found, fixtures are built, children run, a table is printed.
//!
//! A bench measures whole calls in child processes and prints; it never fails because of a time. What isn't there, an
//! interpreter, a compiler, a package, is a visible skip.

#![allow(dead_code, reason = "each bench uses what it needs")]

pub(crate) mod bindings;
pub(crate) mod children;
pub(crate) mod conduit;
pub(crate) mod cplusplus;
pub(crate) mod fixture;
pub(crate) mod interop;
pub(crate) mod packages;
pub(crate) mod python;
pub(crate) mod runtime;
pub(crate) mod samples;
pub(crate) mod table;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Why a bench ends before its table does.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something that nobody has to have isn't there.
    Skip(String),
    /// Something that should work doesn't.
    Broken(String),
}

impl Stop {
    /// Makes a [`Stop::Broken`] of what was tried and how it failed.
    pub(crate) fn broken(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self::Broken(format!("{what}: {why}"))
    }
}

/// Runs a bench when `cargo bench` asks for it; `cargo test --all-targets` starts these programs too.
pub(crate) fn bench(name: &str, run: impl FnOnce() -> Result<(), Stop>) -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("{name}: measures only under `cargo bench`");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Skip(why)) => {
            println!("{name}: skipped: {why}");
            ExitCode::SUCCESS
        }
        Err(Stop::Broken(why)) => {
            eprintln!("{name}: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a part of a bench that may be skipped without the rest.
pub(crate) fn optional<R>(part: &str, result: Result<R, Stop>) -> Result<Option<R>, Stop> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Skip(why)) => {
            println!("skipped: {part}: {why}");
            Ok(None)
        }
        Err(broken) => Err(broken),
    }
}

/// Where everything that a bench makes is put: inside the workspace's target folder.
pub(crate) fn made() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench")
}

/// Where the sources of the fixtures stand.
pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Runs a program that says something only when it fails.
pub(crate) fn quietly(command: &mut Command) -> Result<(), ()> {
    let output = command.output().map_err(|_| ())?;
    if output.status.success() {
        return Ok(());
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
    Err(())
}
