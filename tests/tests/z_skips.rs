//! The last test of a run: one table of what the others left out, and why. Cargo runs a package's tests in the order of their
//! names, so this one comes after all that may skip something.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use interbind_tests::skip::{file, folder};

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
