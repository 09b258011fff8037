//! The last test of a run: one table of what the others left out, and why. Cargo runs a package's tests in the order of their
//! names, so this one comes after all that may skip something.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use interbind_tests::skip::{Lack, file, folder};

#[test]
fn what_was_left_out_is_said_in_one_table() {
    let (Some(own), Some(folder)) = (file(), folder()) else { return };
    let kept = fs::read_to_string(&own).unwrap_or_default();
    let mut table = BTreeMap::<(&str, &str), usize>::new();
    for line in kept.lines() {
        let [lack, _, reason] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        // A lack is one line, whatever it kept from running; what can't apply is one line for each reason.
        let reason = if lack == "-" { reason } else { "" };
        *table.entry((lack, reason)).or_default() += 1;
    }
    let mut text = String::from("what wasn't run\n  parts  lacks\n");
    for ((lack, reason), parts) in &table {
        let lack = if *lack == "-" { "nothing: it can't apply, " } else { lack };
        text.push_str(&format!("  {parts:5}  {lack}{reason}\n"));
    }
    if table.is_empty() {
        text = "everything was run that there is\n".to_owned();
    }
    // Past the harness, which swallows what a passing test prints.
    std::io::stderr().write_all(text.as_bytes()).expect("a test has a stderr");
    // Runs that have ended left theirs.
    for other in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = other.file_name();
        let run = name.to_str().and_then(|name| name.parse::<u32>().ok());
        if other.path() == own || run.is_none_or(|run| !fs::exists(format!("/proc/{run}")).unwrap_or(true)) {
            let _ = fs::remove_file(other.path());
        }
    }
}

#[test]
fn what_a_machine_must_have_is_red_where_it_lacks() {
    let lacks = ["python:9.9", "python", "all"];
    for required in lacks {
        assert!(Lack::Python("9.9").is_in(required));
    }
    let program = std::env::current_exe().expect("a test is a file");
    for (required, is_green) in [("", true), ("program:cc", true), ("python:9.9", false), ("all", false)] {
        let run = std::process::Command::new(&program)
            .args(["--exact", "asked_for_a_python_that_no_machine_has", "--ignored"])
            .env("INTERBIND_REQUIRE", required)
            .output()
            .expect("it runs");
        assert_eq!(run.status.success(), is_green, "{required}: {run:?}");
        let said = String::from_utf8_lossy(&run.stderr) + String::from_utf8_lossy(&run.stdout);
        let expected = if is_green { "[python:9.9]" } else { "asks for python:9.9" };
        assert!(said.contains(expected), "{required}: {said}");
    }
}

#[ignore = "run by the test above"]
#[test]
fn asked_for_a_python_that_no_machine_has() {
    assert!(interbind_tests::python::Python::find("9.9", "a Python of the far future").is_none());
}
