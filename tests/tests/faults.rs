//! One fault after the other in every operation: memory that ends at each allocation, the recursion limit at each depth, the
//! collector, tracing functions, pending exceptions, a second thread, a second interpreter.
//!
//! What may come of it is a value, MemoryError, RecursionError or a refusal with a reason; afterwards the same works, counts
//! return, and a class's address that comes back is a stranger's. `tests/hostile/fault.py` has operations and modes.
//!
//! A share runs on the default interpreter and on 3.14; `INTERBIND_FAULTS=full` runs every mode on every CPython, debug
//! builds among them. `INTERBIND_HOSTILE_MALLOC` is what it is in `hostile.rs`; `INTERBIND_FAULTS_KINDS` and
//! `INTERBIND_FAULTS_MODES` narrow it.

use std::env;
use std::path::PathBuf;
use std::sync::OnceLock;

use interbind_tests::hostile::attempt::{Verdict, make};
use interbind_tests::hostile::faults::{HOOKED, OTHERS, Tries, build, hook, run, run_all, table};
use interbind_tests::hostile::kinds::{Kind, Maker};
use interbind_tests::modules::Modules;
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
    let ways = ["called", "mapped", "unpacked"].map(|way| (&BROKEN, format!("depth.a_class_dies[{way}]")));
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

/// The kinds on an interpreter whose calls allocate nothing of their own.
fn kinds(python: &Python, full: bool) -> Vec<&'static str> {
    let narrowed = env::var("INTERBIND_FAULTS_KINDS").unwrap_or_default();
    let share = ["example-raw", "c-untracked", "layer-collected"];
    let mut kinds = share.to_vec();
    if full {
        kinds.extend(["c-frozen", "layer-frozen", "layer-indirect", "layer-inline"]);
    }
    kinds.retain(|kind| !kind.starts_with("layer") || Maker::Layer.serves(python));
    kinds
        .retain(|kind| narrowed.is_empty() || narrowed.split_whitespace().any(|word| kind.starts_with(word)));
    kinds
}

#[test]
fn no_fault_in_any_operation_breaks_anything() {
    let full = env::var_os("INTERBIND_FAULTS").is_some_and(|mode| mode == "full");
    let modes: Vec<_> = if full { [HOOKED, OTHERS].concat() } else { vec!["malloc", "alloc", "depth"] };
    let narrowed = env::var("INTERBIND_FAULTS_MODES").unwrap_or_default();
    let mut bad = String::new();
    for python in Python::all().iter().filter(|python| python.implementation == "cpython") {
        let is_default = Python::default("faults") == Some(python);
        let is_share = is_default || python.to_string() == "3.14";
        if !full && !is_share {
            continue;
        }
        // Built once: other tests use the same.
        let modules = if is_default { default().cloned() } else { build(workshop!(), python) };
        let Some(modules) = modules else { continue };
        let Some(hook) = hooked() else { return };
        let mut wanted = Vec::new();
        for kind in kinds(python, full) {
            for mode in &modes {
                // Builds without a GIL have one allocator, which isn't the C library's.
                let fits = !(python.free_threaded && mode.starts_with("alloc"));
                let asked = narrowed.is_empty() || narrowed.split_whitespace().any(|word| word == *mode);
                if fits && asked {
                    wanted.push((kind, *mode));
                }
            }
        }
        let found = run_all(&modules, hook, &wanted);
        let met: usize = found.iter().map(|tries| tries.met).sum();
        eprintln!("faults on Python {python}: {met} met in {} operations and modes", found.len());
        assert!(wanted.is_empty() || met > 0, "no fault was met on Python {python}");
        bad += &table(python, &found);
    }
    assert!(bad.is_empty(), "a fault breaks a promise:\n{bad}");
}
