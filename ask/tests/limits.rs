//! Programs that don't answer as they should: each is one answer with words, in its time, and leaves nothing.
#![cfg(unix)]

use std::fs;
use std::process::Command;
use std::time::Duration;

use interbind_ask::{Limits, Unanswered, ask};

const SHORT: Limits = Limits { time: Duration::from_millis(500), bytes: 1 << 16 };
const LONG: Limits = Limits { time: Duration::from_secs(120), bytes: 1 << 16 };

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn what_a_program_prints_is_its_answer() {
    let answer = ask(&mut shell("echo out; echo err >&2; exit 3"), LONG).unwrap();
    assert_eq!((answer.stdout.as_slice(), answer.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(answer.status.code(), Some(3));
    assert_eq!(answer.stdout().unwrap_err().to_string(), "ended with exit status: 3: err");
}

#[test]
fn a_program_that_hangs_is_late() {
    let said = ask(&mut shell("echo first; sleep 600"), SHORT).unwrap_err();
    assert!(matches!(said, Unanswered::Late(_)), "{said}");
    assert_eq!(said.to_string(), "didn't end within 0.5 s");
}

#[test]
fn a_program_that_hangs_with_closed_streams_is_late() {
    let said = ask(&mut shell("exec >&- 2>&-; sleep 600"), SHORT).unwrap_err();
    assert!(matches!(said, Unanswered::Late(_)), "{said}");
}

#[test]
fn a_program_that_prints_without_end_is_stopped_at_its_bytes() {
    for script in ["exec yes", "yes >&2"] {
        let said = ask(&mut shell(script), LONG).unwrap_err();
        assert_eq!(said.to_string(), "printed more than 65536 bytes");
    }
}

#[test]
fn a_program_that_dies_is_named_with_its_signal() {
    let said = ask(&mut shell("kill -9 $$"), LONG).unwrap().stdout().unwrap_err();
    assert!(said.to_string().contains("signal: 9"), "{said}");
}

#[test]
fn a_program_that_is_none_can_t_be_run() {
    let said = ask(&mut Command::new("/nowhere/at/all"), LONG).unwrap_err();
    assert!(said.to_string().starts_with("can't be run: "), "{said}");
}

/// A process that the program starts holds its streams: the answer comes all the same, and the process ends.
#[test]
fn what_a_program_leaves_behind_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let alive = folder.path().join("alive");
    fs::write(&alive, "").unwrap();
    let script = format!("(while [ -e {0} ]; do sleep 1; done) & echo $!; exit 0", alive.display());
    let answer = ask(&mut shell(&script), LONG).unwrap();
    let process = String::from_utf8(answer.stdout).unwrap();
    // A killed process that nobody has collected yet is no longer running either.
    let state = fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

/// A process that left the group can't be ended, but it holds up nobody either.
#[test]
fn what_leaves_the_group_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let alive = folder.path().join("alive");
    fs::write(&alive, "").unwrap();
    let script = format!(
        "setsid sh -c 'while [ -e {0} ]; do sleep 0.1; done' & sleep 0.2; echo here",
        alive.display()
    );
    let answer = ask(&mut shell(&script), LONG).unwrap();
    assert_eq!(answer.stdout, b"here\n");
    fs::remove_file(&alive).unwrap();
}
