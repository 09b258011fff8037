//! Attacks from pure Python on each kind of provider: none crashes, hangs, reads a wrong value or leaks.
//!
//! An attempt is a function in `tests/hostile/*.py`, and runs in a process of its own. One of eight runs on each kind's first
//! interpreter, so that each runs on one of the kinds, and a share of them on every other; `INTERBIND_HOSTILE=full` runs all
//! everywhere, and `INTERBIND_HOSTILE=2` one of two. Further switches:
//!
//! | variable | means |
//! |---|---|
//! | `INTERBIND_HOSTILE_ONLY` | words; only attempts whose names contain one of them |
//! | `INTERBIND_HOSTILE_KINDS` | words; only kinds whose names start with one of them |
//! | `INTERBIND_HOSTILE_PYTHONS` | words; only these interpreters, `3.13 3.13t` |
//! | `INTERBIND_HOSTILE_MALLOC` | `debug`, `malloc_debug`: what `PYTHONMALLOC` is, and freed memory is overwritten |
//! | `INTERBIND_HOSTILE_SANITIZER` | `address`: all attempts under the address sanitizer, on the default interpreter or on those named |
//!
//! A debug build of Python is one of the interpreters where there is one. Under the address sanitizer, what extensions in C,
//! C++ and Rust read and write is looked at, a share of the attempts without being asked. That a fault of theirs is seen there
//! is a test of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;

use interbind_tests::hostile::attempt::{Made, Verdict, make, plan, table};
use interbind_tests::hostile::forge::{build, build_sanitized};
use interbind_tests::hostile::kinds::{FOREIGN, KINDS, Kind, Maker};
use interbind_tests::modules::Modules;
use interbind_tests::python::Python;
use interbind_tests::sanitizer::Sanitizer;
use interbind_tests::workshop;

/// How many attempts at least each kind withstands on each interpreter with `full`, and its share of them on its first one.
const ENOUGH: usize = 80;

/// On a kind's first interpreter, one attempt of this number.
const HOME_SHARE: usize = 8;

/// On its other interpreters, one attempt of this number.
const SHARE: usize = 48;

/// Under the address sanitizer, one attempt of this number.
const SANITIZED_SHARE: usize = 24;

/// Faults on purpose.
const BROKEN: &Kind = &Kind { name: "broken", maker: Maker::C };
const STALE: &Kind = &Kind { name: "stale", maker: Maker::Example };

fn words(variable: &str) -> Vec<String> {
    let text = env::var(variable).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

/// One attempt of this number runs everywhere, if anything was asked for.
fn asked() -> Option<usize> {
    let mode = env::var("INTERBIND_HOSTILE").ok()?;
    if mode == "full" { Some(1) } else { mode.parse().ok().filter(|share| *share > 0) }
}

/// The kinds that are attacked on an interpreter.
fn kinds(python: &Python, full: bool) -> Vec<&'static Kind> {
    let named = words("INTERBIND_HOSTILE_KINDS");
    let is_named =
        |kind: &&Kind| named.is_empty() || named.iter().any(|word| kind.name.starts_with(word.as_str()));
    let serves = |kind: &&Kind| if full { kind.maker.serves(python) } else { kind.maker.is_shared(python) };
    KINDS.iter().filter(serves).filter(is_named).collect()
}

/// One attempt of each kind's share.
fn wanted(
    modules: &Modules,
    kinds: &[&'static Kind],
    share: impl Fn(&Kind) -> usize,
) -> Vec<(&'static Kind, String)> {
    let only = words("INTERBIND_HOSTILE_ONLY");
    let mut plan = plan(modules, kinds);
    let mut wanted = Vec::new();
    for (number, kind) in kinds.iter().enumerate() {
        for (place, name) in plan.remove(kind.name).unwrap_or_default().into_iter().enumerate() {
            // Another kind's share is another one.
            let in_share = (place + 7 * number) % share(kind) == 0;
            if in_share && (only.is_empty() || only.iter().any(|word| name.contains(word.as_str()))) {
                wanted.push((*kind, name));
            }
        }
    }
    wanted
}

/// What ran of each kind, without what was left out.
fn ran(made: &[Made]) -> BTreeMap<&'static str, BTreeSet<&str>> {
    let mut ran: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for one in made {
        if !matches!(one.verdict, Verdict::Skipped(_)) {
            ran.entry(one.kind).or_default().insert(one.attempt.as_str());
        }
    }
    ran
}

/// How many ran of each kind, for who reads the log.
fn say(what: &str, python: &Python, made: &[Made]) {
    let ran = ran(made);
    let mut line = String::new();
    for (kind, attempts) in &ran {
        let _ = write!(line, ", {kind} {}", attempts.len());
    }
    let all: usize = ran.values().map(BTreeSet::len).sum();
    eprintln!("{what} on Python {python}: {all} ran, {} aren't for it{line}", made.len() - all);
}

fn attack(python: &'static Python, asked: Option<usize>) -> Vec<Made> {
    let kinds = kinds(python, asked.is_some());
    if kinds.is_empty() {
        return Vec::new();
    }
    let modules =
        build(workshop!(), "hostile", python, &kinds).expect("there is a compiler for what the attacks need");
    let share = |kind: &Kind| asked.unwrap_or(if kind.home() == Some(python) { HOME_SHARE } else { SHARE });
    let made = make(&modules, &wanted(&modules, &kinds, share));
    say("attacks", python, &made);
    made
}

#[test]
fn no_attempt_from_python_code_breaks_anything() {
    let asked = asked();
    let pythons = words("INTERBIND_HOSTILE_PYTHONS");
    let narrowed = env::var_os("INTERBIND_HOSTILE_ONLY").is_some();
    let mut bad = String::new();
    for python in Python::all() {
        if !pythons.is_empty() && !pythons.contains(&python.to_string()) {
            continue;
        }
        let made = attack(python, asked);
        bad += &table(python, &made);
        if narrowed {
            continue;
        }
        let ran = ran(&made);
        let is_judged = |kind: &&&Kind| asked.map_or(kind.home() == Some(python), |share| share == 1);
        for kind in kinds(python, asked.is_some()).iter().filter(is_judged) {
            let count = ran.get(kind.name).map_or(0, BTreeSet::len);
            assert!(
                count >= ENOUGH / asked.unwrap_or(HOME_SHARE),
                "{count} attempts on {} with Python {python}\n{bad}",
                kind.name
            );
        }
    }
    assert!(bad.is_empty(), "Python code breaks a promise:\n{bad}");
}

/// What shows a fault that isn't a conduit's: attempts, the kind, and whose it is.
const OF_OTHERS: &[(&str, &str, &str)] = &[
    (
        "arguments.a_conversion_runs_code",
        "foreign-pybind11",
        "pybind11's constructor returns with an exception set where a number's `__float__` raises",
    ),
    ("panics.is_raised_by_arguments", "foreign-pybind11", "as above"),
    ("copying.an_object_is_pickled[1]", "foreign-pybind11", "pybind11's own classes end the process there"),
    (
        "arguments.an_object_is_read_in_its_init",
        "foreign-answering",
        "its objects are zero before `__init__`",
    ),
    ("copying.init_is_called_again", "foreign-answering", "its `__init__` sets an object anew"),
    (
        "unexecuted.created_in_a_second_interpreter",
        "foreign-pybind11",
        "Python puts `taker`, which isn't made for several interpreters, into a second one without asking it",
    ),
];

#[test]
fn no_attempt_succeeds_through_a_foreign_conduit() {
    let named = words("INTERBIND_HOSTILE_PYTHONS");
    let mut bad = String::new();
    for name in ["3.13", "3.13t"] {
        let Some(python) = Python::find(name, "attacks through conduits") else { continue };
        if !named.is_empty() && !named.iter().any(|one| one == name) {
            continue;
        }
        let kinds: Vec<_> = FOREIGN.iter().collect();
        let Some(modules) = build(workshop!(), "hostile-foreign", python, &kinds) else { continue };
        let share = asked().unwrap_or(if name == "3.13" { 2 } else { SHARE });
        let mut attempts = wanted(&modules, &kinds, |_| share);
        attempts.retain(|(kind, name)| {
            !OF_OTHERS.iter().any(|(other, whose, _)| other == name && *whose == kind.name)
        });
        let made = make(&modules, &attempts);
        say("attacks through conduits", python, &made);
        let narrowed = env::var_os("INTERBIND_HOSTILE_ONLY").is_some();
        let enough =
            narrowed || name != "3.13" || ran(&made).values().all(|tried| tried.len() >= ENOUGH / 2 / share);
        assert!(enough, "too few were made: {made:#?}");
        bad += &table(python, &made);
    }
    assert!(bad.is_empty(), "Python code breaks a promise through a conduit:\n{bad}");
}

/// The interpreters on which attempts run under the sanitizer, and whether all of them.
fn sanitized() -> (Vec<&'static Python>, bool) {
    let asked = env::var_os("INTERBIND_HOSTILE_SANITIZER").is_some_and(|which| which == "address");
    // The first Python that the C++ layer serves has all its shapes.
    let home: Vec<_> = KINDS.last().and_then(Kind::home).into_iter().collect();
    let named = words("INTERBIND_HOSTILE_PYTHONS");
    if !asked || named.is_empty() {
        return (home, asked);
    }
    (Python::all().iter().filter(|python| named.contains(&python.to_string())).collect(), asked)
}

#[test]
fn no_attempt_makes_an_extension_touch_what_is_freed() {
    let Some(sanitizer) = Sanitizer::find("attacks under the address sanitizer") else { return };
    let (pythons, all) = sanitized();
    let mut bad = String::new();
    for python in pythons {
        let kinds = kinds(python, all);
        let Some(modules) = build_sanitized(workshop!(), python, &kinds, &sanitizer) else { return };
        let made = make(&modules, &wanted(&modules, &kinds, |_| if all { 1 } else { SANITIZED_SHARE }));
        say("attacks under the address sanitizer", python, &made);
        assert!(
            made.iter().any(|one| matches!(one.verdict, Verdict::Good(_))),
            "nothing runs under the sanitizer: {made:#?}"
        );
        bad += &table(python, &made);
    }
    assert!(bad.is_empty(), "an extension touches what isn't its own:\n{bad}");
}

#[test]
fn what_is_freed_and_read_is_found_in_c_and_in_rust() {
    let Some(sanitizer) = Sanitizer::find("faults that the address sanitizer must find") else { return };
    let Some(python) = STALE.home() else { return };
    let Some(modules) = build_sanitized(workshop!(), python, &[STALE], &sanitizer) else { return };
    let attempt = "planted.what_is_gone_is_read";
    for made in make(&modules, &[BROKEN, STALE].map(|kind| (kind, attempt.to_owned()))) {
        let is_found = matches!(&made.verdict, Verdict::Bad(why) if why.contains("heap-use-after-free"));
        assert!(is_found, "{made:#?}");
    }
}
