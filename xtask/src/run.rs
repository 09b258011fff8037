//! Chores that are other programs. Each tells by its exit code; what they print is passed on.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{repository, times};

/// Holds the doctor against the corpus, after fetching its small wheels, or all of them.
///
/// # Errors
/// A wheel could not be had, or something false was said of one.
pub fn corpus(all: bool) -> Result<(), String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--package", "interbind-tests", "--test", "doctor_corpus", "--", "--nocapture"]);
    cargo.env("INTERBIND_CORPUS", if all { "all" } else { "small" });
    run(cargo)
}

/// Runs `.ci/run`.
///
/// # Errors
/// A part of it failed.
pub fn ci(word: Option<&str>) -> Result<(), String> {
    let mut script = Command::new(repository().join(".ci/run"));
    script.args(word);
    // Cargo has set these for this chore; the script's own cargo sets its own.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            script.env_remove(&name);
        }
    }
    run(script)
}

/// Prints which groups of tests took longest in a run.
///
/// # Errors
/// The log or the budgets can't be read.
pub fn times(log: &Path) -> Result<(), String> {
    let read = |path: &Path| {
        // Tests print what they are given, which may be no text.
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok::<_, String>(String::from_utf8_lossy(&bytes).into_owned())
    };
    print!("{}", times::table(&read(log)?, &read(&repository().join("tests/budgets.toml"))?)?);
    Ok(())
}

fn run(mut command: Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.current_dir(repository()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{program}` ended with {status}")),
        Err(error) => Err(format!("`{program}` can't be run: {error}")),
    }
}
