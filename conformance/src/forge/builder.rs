//! A run of cargo or a compiler for a recipe: what it may see of the caller's environment, and what it said for the log.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

use interbind_ask::{Answer, Limits, ask};

/// The caller's flags belong to the caller's crates; they would only split the cache here.
const CALLERS: [&str; 6] =
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"];

/// Runs a command line and gives what it printed; when it fails, its first line with an error.
pub(crate) fn run(
    command: &[String],
    environment: &BTreeMap<String, String>,
    log: &mut String,
) -> Result<String, String> {
    let Some((program, arguments)) = command.split_first() else { return Err("no command".to_owned()) };
    let mut process = Command::new(program);
    process.args(arguments);
    for name in CALLERS {
        process.env_remove(name);
    }
    let output = ask(process.envs(environment), Limits::BUILD).map_err(|why| {
        _ = writeln!(log, "$ {}\n{program} {why}", command.join(" "));
        format!("{program} {why}")
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    _ = writeln!(log, "$ {}\n{said}", command.join(" "));
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    // Cargo's own errors start a line, a compiler's stand behind the place.
    let error = said.lines().find(|line| line.starts_with("error"));
    let error = error.or_else(|| said.lines().find(|line| line.contains("error")));
    Err(error.unwrap_or("error: see the log").to_owned())
}

/// Tells whether a program can be run.
pub(crate) fn is_here(compiler: &str, word: &str) -> bool {
    ask(Command::new(compiler).arg(word), Limits::ANSWER).is_ok()
}

/// What a compiler prints about itself, or why it can't be run. It is part of the key of what it builds.
pub(crate) fn identity(compiler: &str, word: &str) -> String {
    match ask(Command::new(compiler).arg(word), Limits::ANSWER).and_then(Answer::stdout) {
        Ok(stdout) => String::from_utf8_lossy(&stdout).into_owned(),
        Err(why) => format!("no {compiler}: {why}"),
    }
}
