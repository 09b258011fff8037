//! `interbind doctor --live` by the ways in which a program can end: only one that was read to its end can be fine.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn live(code: &str, format: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interbind"));
    command.args(["doctor", "--live", format, "-c", code]).stdin(Stdio::null());
    command.output().expect("the command was built")
}

/// The exit code, and the rules with their levels.
fn said(code: &str) -> (Option<i32>, Vec<(String, String)>) {
    let output = live(code, "--json");
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let findings = document["findings"].as_array().unwrap();
    let pairs = findings.iter().map(|finding| (text(finding, "rule"), text(finding, "level"))).collect();
    (output.status.code(), pairs)
}

fn one(rule: &str, level: &str) -> (Option<i32>, Vec<(String, String)>) {
    (Some(1), vec![(rule.to_owned(), level.to_owned())])
}

#[test]
fn a_program_that_ends_by_itself_is_fine() {
    assert_eq!(said("x = 1"), (Some(0), vec![]));
    assert_eq!(said("import sys; sys.exit(0)"), (Some(0), vec![]));
}

#[cfg(unix)]
#[test]
fn a_program_that_was_killed_crashed_or_left_is_not_fine() {
    let kill = |signal: &str| {
        // The process that started the tests may ignore this signal.
        let usual = if signal == "SIGKILL" {
            String::new()
        } else {
            format!("signal.signal(signal.{signal}, signal.SIG_DFL); ")
        };
        format!("import os, signal; {usual}os.kill(os.getpid(), signal.{signal})")
    };
    assert_eq!(said(&kill("SIGKILL")), one("program-killed", "error"));
    assert_eq!(said(&kill("SIGTERM")), one("program-killed", "error"));
    assert_eq!(said(&kill("SIGSEGV")), one("program-crashed", "error"));
    assert_eq!(said("import os; os._exit(0)"), one("interpreter-not-read", "warning"));
    assert_eq!(said("import os; os._exit(7)"), one("interpreter-not-read", "warning"));
    assert_eq!(said("import os; os.execv('/bin/true', ['true'])"), one("interpreter-not-read", "warning"));
    let text = String::from_utf8(live(&kill("SIGKILL"), "--format=text").stdout).unwrap();
    assert!(
        text.contains("killed from outside (signal: 9 (SIGKILL))") && text.contains("journalctl"),
        "{text}"
    );
}

#[test]
fn an_error_that_ends_the_program_is_one_though_nothing_is_known_of_it() {
    assert_eq!(said("raise KeyError('of my own')"), one("program-raised", "error"));
}

#[cfg(unix)]
#[test]
fn what_was_only_printed_on_stderr_is_read_and_is_the_reason_of_an_abort() {
    let omp = "OMP: Error #15: Initializing libiomp5.so, but found libgomp.so.1 already initialized.";
    let (code, rules) =
        said(&format!("import os, sys; sys.stderr.write({omp:?} + '\\n'); sys.stderr.flush(); os.abort()"));
    assert_eq!(code, Some(1));
    assert!(rules.contains(&("openmp-twice".to_owned(), "error".to_owned())), "{rules:?}");
    let caught = "import sys; print(\"ImportError: generic_type: type \\\"A\\\" is already registered!\", file=sys.stderr)";
    assert_eq!(said(caught), one("pybind11-already-registered", "warning"));
}
