//! Attacks from pure Python on each kind of provider: none crashes, hangs, reads a wrong value or leaks.
//!
//! An attempt is a function in `tests/hostile/*.py`, and runs in a process of its own. All of them run on each kind's first
//! interpreter, and a share of them on every other; `INTERBIND_HOSTILE=full` runs all everywhere. Further switches:
//!
//! | variable | means |
//! |---|---|
//! | `INTERBIND_HOSTILE_ONLY` | words; only attempts whose names contain one of them |
//! | `INTERBIND_HOSTILE_KINDS` | words; only kinds whose names start with one of them |
//! | `INTERBIND_HOSTILE_PYTHONS` | words; only these interpreters, `3.13 3.13t` |
//! | `INTERBIND_HOSTILE_MALLOC` | `debug`, `malloc_debug`: what `PYTHONMALLOC` is, and freed memory is overwritten |
//!
//! A debug build of Python is one of the interpreters where there is one. What the address sanitizer sees of C and C++ is
//! tried with a share of the attempts, and with `INTERBIND_HOSTILE=full` with all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use interbind_tests::hostile::attempt::{Made, Verdict, make, plan, table};
use interbind_tests::hostile::forge::{build, build_sanitized};
use interbind_tests::hostile::kinds::{KINDS, Kind, Maker};
use interbind_tests::modules::Modules;
use interbind_tests::python::Python;
use interbind_tests::sanitizer::Sanitizer;
use interbind_tests::workshop;

/// How many attempts at least each kind withstands on its first interpreter.
const ENOUGH: usize = 80;

/// On interpreters that aren't a kind's first, one attempt of so many.
const SHARE: usize = 48;

fn words(variable: &str) -> Vec<String> {
    let text = env::var(variable).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

fn wanted(modules: &Modules, kinds: &[&'static Kind], full: bool) -> Vec<(&'static Kind, String)> {
    let only = words("INTERBIND_HOSTILE_ONLY");
    let mut plan = plan(modules, kinds);
    let mut wanted = Vec::new();
    for (number, kind) in kinds.iter().enumerate() {
        let all = full || kind.home() == Some(modules.python());
        for (place, name) in plan.remove(kind.name).unwrap_or_default().into_iter().enumerate() {
            // Another kind's share is another one.
            let in_share = all || (place + 7 * number) % SHARE == 0;
            if in_share && (only.is_empty() || only.iter().any(|word| name.contains(word.as_str()))) {
                wanted.push((*kind, name));
            }
        }
    }
    wanted
}

fn attack(python: &'static Python, full: bool) -> Vec<Made> {
    let named = words("INTERBIND_HOSTILE_KINDS");
    let is_named =
        |kind: &&Kind| named.is_empty() || named.iter().any(|word| kind.name.starts_with(word.as_str()));
    let kinds: Vec<_> = KINDS.iter().filter(|kind| kind.maker.serves(python)).filter(is_named).collect();
    if kinds.is_empty() {
        return Vec::new();
    }
    let modules =
        build(workshop!(), "hostile", python).expect("there is a compiler for what the attacks need");
    let made = make(&modules, &wanted(&modules, &kinds, full));
    let ran = made.iter().filter(|one| !matches!(one.verdict, Verdict::Skipped(_))).count();
    eprintln!("attacks on Python {python}: {ran} ran, {} aren't for it", made.len() - ran);
    made
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

#[test]
fn no_attempt_from_python_code_breaks_anything() {
    let full = env::var_os("INTERBIND_HOSTILE").is_some_and(|mode| mode == "full");
    let pythons = words("INTERBIND_HOSTILE_PYTHONS");
    let narrowed = ["INTERBIND_HOSTILE_ONLY", "INTERBIND_HOSTILE_PYTHONS"]
        .iter()
        .any(|name| env::var_os(name).is_some());
    let mut bad = String::new();
    for python in Python::all() {
        if !pythons.is_empty() && !pythons.contains(&python.to_string()) {
            continue;
        }
        let made = attack(python, full);
        bad += &table(python, &made);
        if narrowed {
            continue;
        }
        let ran = ran(&made);
        for kind in KINDS.iter().filter(|kind| kind.home() == Some(python)) {
            if let Some(attempts) = ran.get(kind.name) {
                assert!(attempts.len() >= ENOUGH, "{} attempts on {}", attempts.len(), kind.name);
            }
        }
    }
    assert!(bad.is_empty(), "Python code breaks a promise:\n{bad}");
}

#[test]
fn no_attempt_makes_c_code_touch_what_is_freed() {
    let Some(sanitizer) = Sanitizer::find("attacks under the address sanitizer") else { return };
    // The first Python that the C++ layer serves has all its shapes.
    let Some(python) = KINDS.last().and_then(Kind::home) else { return };
    let Some(modules) = build_sanitized(workshop!(), python) else { return };
    let modules = sanitizer.watch(modules);
    let full = env::var_os("INTERBIND_HOSTILE").is_some_and(|mode| mode == "full");
    let is_native = |kind: &&Kind| matches!(kind.maker, Maker::C | Maker::Layer);
    let kinds: Vec<_> = KINDS.iter().filter(is_native).collect();
    let plan = plan(&modules, &kinds);
    // The sanitizer has the allocators, ends at the first finding, and doesn't live through a fork of threads.
    let fits = |name: &str| !["memory.", "forking.", "ending."].iter().any(|family| name.starts_with(family));
    let mut wanted = Vec::new();
    for kind in kinds {
        let names = plan.get(kind.name).into_iter().flatten().filter(|name| fits(name));
        let chosen =
            names.filter(|name| full || name.starts_with("shapes.") || name.starts_with("finalizers."));
        wanted.extend(chosen.map(|name| (kind, name.clone())));
    }
    let made = make(&modules, &wanted);
    assert!(
        made.iter().any(|one| matches!(one.verdict, Verdict::Good(_))),
        "nothing runs under the sanitizer: {made:#?}"
    );
    let bad = table(python, &made);
    assert!(bad.is_empty(), "C code touches what isn't its own:\n{bad}");
}
