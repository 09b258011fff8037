//! One program of tests runs. What it prints is kept line by line with its time, and from the times at which tests end comes how
//! long each took: the harness starts them in the order of its list, and the next one when one ends.

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::programs::{self, Program};
use crate::processor;

/// How long the end of the output is waited for when the program has ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a group went.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    /// The group.
    pub group: String,
    /// Whether all its tests passed.
    pub is_good: bool,
    /// How long it took.
    pub seconds: f64,
    /// How long processors were busy with it, where that is known.
    pub processor: Option<f64>,
    /// What it printed.
    pub text: String,
    /// How long each test took.
    pub tests: Vec<Test>,
}

/// How long a test took.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Test {
    /// Its name.
    pub name: String,
    /// From the moment when the harness could start it.
    pub seconds: f64,
}

/// Runs a program to its end.
pub(super) fn run(program: &Program) -> Result<Ran, String> {
    let fail = |error| format!("{}: {error}", program.file.display());
    let order = if program.lists { list(program).map_err(fail)? } else { Vec::new() };
    let start = Instant::now();
    let mut child = command(program).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(fail)?;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let (done, ended) = mpsc::channel();
    let out = child.stdout.take().map(|it| Box::new(it) as Box<dyn Read + Send>);
    let err = child.stderr.take().map(|it| Box::new(it) as Box<dyn Read + Send>);
    for from in [out, err].into_iter().flatten() {
        let (lines, done) = (Arc::clone(&lines), done.clone());
        thread::spawn(move || {
            keep(from, start, &lines);
            // Nobody waits any more when something left behind holds the pipe.
            let _ = done.send(());
        });
    }
    let (status, processor) = processor::wait(&mut child).map_err(fail)?;
    let seconds = start.elapsed().as_secs_f64();
    for _ in 0..2 {
        let _ = ended.recv_timeout(PATIENCE);
    }
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    let tests = took(&order, &lines, threads());
    let mut text: String = lines.into_iter().map(|(_, line)| line).collect();
    if !status.success() {
        text += &format!("{} ended with {status}\n", program.group);
    }
    Ok(Ran { group: program.group.clone(), is_good: status.success(), seconds, processor, text, tests })
}

/// Keeps each line with its time.
fn keep(from: impl Read, start: Instant, lines: &Mutex<Vec<(f64, String)>>) {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    // Tests print what they are given, which may be no text.
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line).into_owned();
        lines.lock().unwrap_or_else(PoisonError::into_inner).push((start.elapsed().as_secs_f64(), text));
        line.clear();
    }
}

/// The names of the tests, in the order in which they start.
fn list(program: &Program) -> std::io::Result<Vec<String>> {
    let output = command(program).arg("--list").output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(said.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// A program as cargo starts it.
fn command(program: &Program) -> Command {
    let mut command = Command::new(&program.file);
    programs::without_ours(&mut command);
    command.args(&program.words).current_dir(&program.folder).stdin(Stdio::null());
    command.env("CARGO", programs::cargo());
    if program.lists {
        command.env("CARGO_MANIFEST_DIR", &program.folder);
        // A crate of macros is linked with the compiler's own libraries.
        command.env(LIBRARIES, libraries());
    }
    command
}

/// Where libraries are looked for.
const LIBRARIES: &str = if cfg!(windows) {
    "PATH"
} else if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// The folders that are looked through, with the compiler's in front.
fn libraries() -> OsString {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).args(["--print", "target-libdir"]).output();
    let own = said.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())).ok();
    let set = env::var_os(LIBRARIES).unwrap_or_default();
    let set = env::split_paths(&set).filter(|folder| !folder.as_os_str().is_empty());
    env::join_paths(own.into_iter().chain(set)).unwrap_or_default()
}

/// How many tests of a program the harness runs at once.
fn threads() -> usize {
    let set = env::var("RUST_TEST_THREADS").ok().and_then(|text| text.parse().ok());
    set.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// How long each test took, out of the lines that say that one has ended.
fn took(order: &[String], lines: &[(f64, String)], threads: usize) -> Vec<Test> {
    let mut started: HashMap<&str, f64> = HashMap::new();
    let mut waiting = order.iter();
    started.extend(waiting.by_ref().take(threads.max(1)).map(|name| (name.as_str(), 0.0)));
    let mut found = Vec::new();
    for (time, line) in lines {
        let Some(name) = ended(line) else { continue };
        if let Some(start) = started.remove(name) {
            found.push(Test { name: name.to_owned(), seconds: time - start });
            started.extend(waiting.next().map(|next| (next.as_str(), *time)));
        }
    }
    found
}

/// The test that a line says to have ended: `test name ... ok`, `test name - should panic ... FAILED`.
fn ended(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some(name.split(" - ").next().unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::{Test, took};

    #[test]
    fn a_test_starts_when_another_ends_and_takes_until_its_own_line() {
        let order = ["a", "b", "c", "d"].map(str::to_owned);
        let line = |time, text: &str| (time, format!("{text}\n"));
        let lines = [
            line(0.1, "running 4 tests"),
            line(1.0, "test b ... ok"),
            line(1.5, "skip: something: nothing"),
            line(3.0, "test c - should panic ... ok"),
            line(4.0, "test a ... FAILED"),
            line(6.0, "test d ... ignored, for a reason"),
            line(6.0, "test result: FAILED. 2 passed; 1 failed; 1 ignored"),
            line(6.0, "test z ... ok"),
        ];
        let took = |threads| took(&order, &lines, threads);
        let named = |name: &str, seconds| Test { name: name.to_owned(), seconds };
        assert_eq!(took(2), [named("b", 1.0), named("c", 2.0), named("a", 4.0), named("d", 3.0)]);
        assert_eq!(took(9)[3], named("d", 6.0));
    }
}
