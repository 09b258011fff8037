//! The report for people: the grid says at a glance what was expected and what wasn't, and what is unsupported comes on
//! request. Rendered from a report made by hand, so nothing runs.

use interbind_conformance::report::{Report, text};
use serde_json::{Value, json};

fn cell(provider: &str, consumer: &str, case: &str, observed: &str, verdict: &str) -> Value {
    json!({
        "id": format!("{case}::{provider}-1..{consumer}-1::cp312::p1::main"),
        "expected": null, "today": null, "rule": null, "predicted": null,
        "observed": observed, "verdict": verdict, "phase": "act", "step": null,
        "findings": [], "detail": "", "millis": 1,
        "provider_sha256": null, "consumer_sha256": null, "folder": null,
    })
}

fn report(cells: &[Value], resumed: usize) -> Report {
    let value = json!({
        "schema": 1, "set": "quick",
        "hosts": [
            { "name": "cp312", "python": "3.12.1", "default": true },
            { "name": "cp315", "python": null, "default": false },
        ],
        "skipped_hosts": [
            { "executable": "/a/python3.9", "why": "didn't end within 10 s" },
            { "executable": "/b/python3.8", "why": "ended with exit status: 127" },
            { "executable": "/c/python3.7", "why": "ended with exit status: 127" },
        ],
        "stages": [{ "name": "forge", "millis": 1200 }, { "name": "cells", "millis": 300 }],
        "budget_seconds": 1, "builds": 2, "builds_made": 1, "failed_builds": [],
        "candidates": 9, "resumed": resumed,
        "unsupported": [{ "case": "borrow.write", "participant": "b", "capability": "write" }],
        "cells": cells,
    });
    serde_json::from_value(value).expect("it is a report")
}

/// One pair for each thing that can be seen of a pair.
fn all_signs() -> Vec<Value> {
    vec![
        // They share; that something else is refused, as expected, takes nothing away.
        cell("a", "a", "borrow.read", "interop", "ok"),
        cell("a", "a", "borrow.lies", "detected(wrong-object)", "ok"),
        cell("a", "b", "borrow.read", "detected(layout-differs)", "ok"),
        // That a build can be used at all shows nothing about a pair.
        cell("a", "b", "harness.alone", "interop", "ok"),
        cell("b", "a", "borrow.read", "silent", "gap"),
        cell("b", "a", "borrow.more", "interop", "ok"),
        // One that is wrong is seen among many that are right.
        cell("b", "b", "borrow.read", "interop", "ok"),
        cell("b", "b", "borrow.lies", "detected(wrong-object)", "wrong"),
        cell("c", "a", "borrow.read", "crash(SIGSEGV)", "wrong"),
        cell("c", "a", "borrow.lies", "silent", "wrong"),
        cell("c", "b", "borrow.read", "unsupported(read)", "not-run"),
    ]
}

fn grid(text: &str) -> Vec<&str> {
    text.lines().skip_while(|line| !line.starts_with("provider \\ consumer")).take(8).collect()
}

fn plain(report: &Report, all: bool) -> String {
    let mut out = String::new();
    let mut rest = text::render(report, all);
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once('m').expect("a style ends").1.to_owned();
    }
    out + &rest
}

#[test]
fn the_grid_shows_at_a_glance_what_was_not_expected() {
    let text = plain(&report(&all_signs(), 0), false);
    assert_eq!(
        grid(&text),
        [
            "provider \\ consumer, all cells of a pair",
            "     a a-1",
            "       b b-1",
            "     a b ",
            "a-1  = / ",
            "b-1  ~ D ",
            "c-1  X - ",
            "- nothing ran · / as expected, nothing is shared · = as expected, and they share · ~ a known gap · \
             D NOT as expected: detected · X NOT as expected: crash",
        ],
        "{text}"
    );
}

#[test]
fn a_grid_where_all_is_as_expected_has_no_letter() {
    let right: Vec<Value> = all_signs().into_iter().filter(|cell| cell["verdict"] == "ok").collect();
    let text = plain(&report(&right, 0), false);
    let signs: String = grid(&text)[4..6].iter().flat_map(|line| line[3..].chars()).collect();
    assert!(signs.chars().all(|sign| " =/".contains(sign)), "{text}");
}

#[test]
fn hosts_that_were_skipped_are_named_and_shims_share_a_line() {
    let text = plain(&report(&[], 0), false);
    assert!(text.contains("skipped `/a/python3.9`: didn't end within 10 s\n"), "{text}");
    assert!(text.contains("skipped `/b/python3.8`, `/c/python3.7`: ended with exit status: 127\n"), "{text}");
    assert!(text.contains("cp315   absent(not found)\n"), "{text}");
}

#[test]
fn what_is_unsupported_is_one_line_unless_it_is_asked_for() {
    let report = report(&all_signs(), 3);
    let (brief, all) = (plain(&report, false), plain(&report, true));
    let line = "unsupported: 1 cases of a participant, and 1 cells; `--unsupported` lists them\n";
    assert!(brief.contains(line) && !all.contains(line), "{brief}");
    for listed in ["unsupported(write): b, 1 cases\n", "not run, unsupported(read): cp312, 1 cells\n"] {
        assert!(!brief.contains(listed) && all.contains(listed), "{all}");
    }
    assert!(brief.contains("3 cells were finished by a run that was stopped"), "{brief}");
}
