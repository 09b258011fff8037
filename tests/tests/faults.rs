//! One fault after the other in every operation: memory that ends at each allocation, the recursion limit at each depth, the
//! collector, tracing functions, pending exceptions, a second thread, a second interpreter.
//!
//! What may come of it is a value, MemoryError, RecursionError or a refusal with a reason; afterwards the same works, counts
//! return, and a class's address that comes back is a stranger's. `tests/hostile/fault.py` has operations and modes.
//!
//! A share runs on the default interpreter and on 3.14; `INTERBIND_FAULTS=full` runs every mode on every kind and every
//! CPython, debug builds among them; with `wide`, an interpreter's end meets some of its faults. `INTERBIND_HOSTILE_MALLOC` is what it is in `hostile.rs`; `INTERBIND_FAULTS_KINDS`,
//! `INTERBIND_FAULTS_MODES` and `INTERBIND_FAULTS_PYTHONS` narrow it. Which kinds try which fault in which operation stands in
//! a table of the book's page on development.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use interbind_tests::hostile::attempt::{Verdict, make};
use interbind_tests::hostile::cells;
use interbind_tests::hostile::faults::{Tries, Wanted, build, fits, hook, modes, plan, run, run_all, table};
use interbind_tests::hostile::forge;
use interbind_tests::hostile::kinds::{KINDS, Kind, Maker};
use interbind_tests::modules::Modules;
use interbind_tests::package::repository;
use interbind_tests::python::Python;
use interbind_tests::workshop;

const BROKEN: Kind = Kind { name: "broken", maker: Maker::C };

fn default() -> Option<&'static Modules> {
    static BUILT: OnceLock<Option<Modules>> = OnceLock::new();
    BUILT.get_or_init(|| build(workshop!(), Python::default("faults")?)).as_ref()
}

fn hooked() -> Option<&'static PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(|| hook(workshop!())).as_ref()
}

fn tries(modules: &Modules, mode: &str, operations: &[&str]) -> Option<Vec<Tries>> {
    Some(run(modules, hooked()?, BROKEN.name, mode, operations))
}

#[test]
fn a_death_that_goes_unnoticed_is_found() {
    let Some(modules) = default() else { return };
    // Each way reaches the collector with another part of the limit left.
    let ways = ["called", "mapped", "unpacked", "of max", "next", "through Python"];
    let ways = ways.map(|way| (&BROKEN, format!("depth.a_class_dies[{way}]")));
    let made = make(modules, &ways);
    let found = |one: &interbind_tests::hostile::attempt::Made| matches!(&one.verdict, Verdict::Bad(why) if why.contains("refuses a stranger"));
    assert!(made.iter().any(found), "{made:#?}");

    let deaths = ["class_dies", "class_dies_by_the_collector_alone"];
    let Some(tries) = tries(modules, "depth", &deaths) else { return };
    assert!(
        tries.iter().any(|tries| tries.bad.iter().any(|(_, why)| why.contains("refuses a stranger"))),
        "{tries:#?}"
    );
}

#[test]
fn memory_that_is_used_without_a_look_is_found() {
    let Some(modules) = default() else { return };
    let Some(tries) = tries(modules, "malloc", &["publish"]) else { return };
    assert!(tries[0].met > 0 && tries[0].bad.iter().any(|(_, why)| why == "SIGSEGV"), "{tries:#?}");
}

#[test]
fn an_error_without_a_word_is_found() {
    let Some(modules) = default() else { return };
    let Some(tries) = tries(modules, "malloc", &["refuse"]) else { return };
    assert!(tries[0].met > 0 && !tries[0].wordless.is_empty(), "{tries:#?}");
}

#[test]
fn what_is_not_broken_is_not_found() {
    let Some(modules) = default() else { return };
    for mode in ["malloc", "depth"] {
        let Some(tries) = tries(modules, mode, &["judge_hit", "judge_cold", "make_and_drop"]) else { return };
        let bad = tries.iter().any(|tries| !tries.bad.is_empty() || !tries.wordless.is_empty());
        assert!(!bad && tries.len() == 3, "{tries:#?}");
    }
}

/// What is tried without being asked for everything: calls that allocate nothing of their own; and what only the matrix's
/// classes can.
const SHARE: &[Wanted] = &[
    ("example-raw", "malloc", &[]),
    ("example-raw", "alloc", &[]),
    ("example-raw", "depth", &[]),
    ("c-untracked", "malloc", &[]),
    ("c-untracked", "alloc", &[]),
    ("c-untracked", "depth", &[]),
    ("layer-collected", "malloc", &[]),
    ("layer-collected", "alloc", &[]),
    ("layer-collected", "depth", &[]),
    ("raw-tracked", "pymem", &["borrow_exclusively", "borrow_and_release", "publish_alone"]),
];

fn words(variable: &str) -> Vec<String> {
    let text = env::var(variable).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).expect("a kind of that name")
}

/// The faults of a run on an interpreter, narrowed by what the caller set.
fn wanted(python: &Python, full: bool) -> Vec<Wanted> {
    let (kinds, only) = (words("INTERBIND_FAULTS_KINDS"), words("INTERBIND_FAULTS_MODES"));
    let mut wanted = SHARE.to_vec();
    if full {
        wanted = KINDS.iter().flat_map(|kind| modes().map(|mode| (kind.name, mode, &[] as &[_]))).collect();
    }
    wanted.retain(|(name, mode, _)| {
        let asked = kinds.is_empty() || kinds.iter().any(|word| name.starts_with(word.as_str()));
        asked && (only.is_empty() || only.iter().any(|word| word == mode)) && fits(kind(name), mode, python)
    });
    wanted
}

/// Tries what is wanted on an interpreter.
fn try_all(python: &'static Python, wanted: &[Wanted]) -> Option<Vec<Tries>> {
    let hook = hooked()?;
    let is_lean = |(name, ..): &&Wanted| !kind(name).is_of_the_matrix();
    let (lean, matrix): (Vec<Wanted>, Vec<Wanted>) = wanted.iter().partition(is_lean);
    let mut found = Vec::new();
    if !lean.is_empty() {
        // Built once: other tests use the same.
        let is_default = Python::default("faults") == Some(python);
        let modules = if is_default { default().cloned() } else { build(workshop!(), python) };
        found = run_all(&modules?, hook, &lean);
    }
    if !matrix.is_empty() {
        let kinds: Vec<_> = KINDS.iter().filter(|kind| kind.is_of_the_matrix()).collect();
        let kinds: Vec<_> = kinds.into_iter().filter(|kind| kind.maker.serves(python)).collect();
        let modules = forge::build(workshop!(), "faults-matrix", python, &kinds)?;
        found.extend(run_all(&modules, hook, &matrix));
    }
    Some(found)
}

/// How many faults were met in each mode, for who reads the log.
fn say(python: &Python, found: &[Tries]) {
    let mut modes: BTreeMap<&str, usize> = BTreeMap::new();
    for tries in found.iter().filter(|tries| !tries.is_control()) {
        *modes.entry(&tries.mode).or_default() += tries.met;
    }
    let all: usize = modes.values().sum();
    let each: Vec<_> = modes.iter().map(|(mode, met)| format!("{mode} {met}")).collect();
    eprintln!("faults on Python {python}: {all} met: {}", each.join(", "));
}

#[test]
fn no_fault_in_any_operation_breaks_anything() {
    let full = env::var_os("INTERBIND_FAULTS").is_some_and(|mode| mode == "full" || mode == "wide");
    let pythons = words("INTERBIND_FAULTS_PYTHONS");
    let mut bad = String::new();
    for python in Python::all().iter().filter(|python| python.implementation == "cpython") {
        let name = python.to_string();
        let is_share = Python::default("faults") == Some(python) || name == "3.14";
        if !(full || is_share) || !(pythons.is_empty() || pythons.contains(&name)) {
            continue;
        }
        let wanted = wanted(python, full);
        let Some(found) = try_all(python, &wanted) else { continue };
        say(python, &found);
        let met: usize = found.iter().map(|tries| tries.met).sum();
        assert!(wanted.is_empty() || met > 0, "no fault was met on Python {python}");
        bad += &table(python, &found);
    }
    assert!(bad.is_empty(), "a fault breaks a promise:\n{bad}");
}

#[test]
fn the_book_says_which_fault_is_tried_in_which_operation() {
    // The first Python that the C++ layer serves has all kinds.
    let Some(python) = KINDS.last().and_then(Kind::home) else { return };
    let kinds: Vec<_> = KINDS.iter().collect();
    let Some(modules) = forge::build(workshop!(), "faults-plan", python, &kinds) else { return };
    let expected = cells::markdown(&plan(&modules, &kinds));
    let page = repository().join("docs/src/development.md");
    let page = fs::read_to_string(page).expect("it is in the repository");
    let (before, after) = cells::AROUND;
    let table = page.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    let (table, _) = table.unwrap_or_else(|| panic!("docs/src/development.md has no {before}"));
    assert!(table.trim() == expected.trim(), "docs/src/development.md is to say:\n{expected}");
}
