//! Tests about the sources: rules of the house that no compiler checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use interbind_abi::FROZEN;
use interbind_tests::package::repository;
use xtask::generate::unsafe_list::{boundaries, has_word};
use xtask::house::{Source, sources, texts};

fn rust() -> Vec<Source> {
    let found = sources(&[".rs"]);
    assert!(found.len() > 50, "the repository is looked for in the wrong place");
    found
}

#[track_caller]
fn assert_none(found: Vec<String>, rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn every_unsafe_block_has_its_proof_above_it() {
    let mut found = Vec::new();
    // Ours are held to it by clippy too; extensions that are built apart are not.
    for source in rust().into_iter().filter(|source| !source.path.starts_with("tests/ui/")) {
        let mut proven = 0;
        for (i, (code, line)) in source.code().lines().zip(source.text.lines()).enumerate() {
            if line.contains("SAFETY") {
                proven = i + 1;
            }
            let opens = code.trim_end().ends_with("unsafe")
                || code.contains("unsafe {")
                || code.contains("unsafe impl");
            if opens && i + 1 > proven + 8 {
                found.push(format!("{}:{}: {}", source.path, i + 1, line.trim()));
            }
        }
    }
    assert_none(found, "an unsafe block says who guarantees what");
}

/// Tells whether a text is code in Rust or C.
fn is_code(text: &str) -> bool {
    text.lines().any(|line| has_word(line, "fn") && line.contains('(') || line.starts_with("#include"))
}

#[test]
fn code_of_more_than_thirty_lines_is_a_file_that_the_compiler_is_shown() {
    // A template is seen by no lint and no rule of these: one of a manifest may be, what is compiled is a crate.
    let templates = sources(&[".in"]).into_iter().filter(|source| !source.path.ends_with(".toml.in"));
    let mut found: Vec<_> = templates.map(|source| source.path).collect();
    for source in rust() {
        for (line, text) in texts(&source.text) {
            if text.lines().count() > 30 && is_code(text) {
                found.push(format!("{}:{line}", source.path));
            }
        }
    }
    assert_none(found, "what tests build is a crate, as those in tests/fixtures/extensions");
    assert!(is_code("\npub fn one() {") && is_code("\n#include <two.h>") && !is_code("\ndef three():"));
}

#[test]
fn what_has_lints_outside_the_workspace_has_all_and_is_linted() {
    let run = fs::read_to_string(repository().join(".ci/run")).expect(".ci/run is in the repository");
    let outside = run.lines().find_map(|line| line.strip_prefix("for outside in ")?.strip_suffix("; do"));
    let outside: BTreeSet<_> = outside.expect("`.ci/run` lists them").split(' ').collect();
    let of = |manifest: &str, table: &[&str]| {
        let manifest: toml::Table = manifest.parse().expect("cargo reads it too");
        let found =
            table.iter().try_fold(&toml::Value::Table(manifest), |found, key| found.get(key)).cloned();
        found.and_then(|found| found.as_table().cloned()).unwrap_or_default()
    };
    let root = fs::read_to_string(repository().join("Cargo.toml")).expect("it is in the repository");
    let clippy = of(&root, &["workspace", "lints", "clippy"]);
    assert!(clippy.contains_key("undocumented_unsafe_blocks"));
    let (mut found, mut linted) = (Vec::new(), BTreeSet::new());
    let manifests = sources(&["Cargo.toml"]);
    for source in &manifests {
        let Some(folder) = source.path.strip_suffix("/Cargo.toml") else { continue };
        let own = of(&source.text, &["lints", "clippy"]);
        let shared = of(&source.text, &["workspace", "lints", "clippy"]);
        for lints in [own, shared].into_iter().filter(|lints| !lints.is_empty()) {
            linted.insert(folder);
            if lints != clippy {
                found.push(format!("{folder}: other lints than the workspace's"));
            }
        }
        // A member takes them from its workspace, or it takes none.
        let inherits = of(&source.text, &["lints"]).contains_key("workspace");
        if folder.starts_with("tests/fixtures/extensions/") && !inherits {
            found.push(format!("{folder}: takes no lints"));
        }
    }
    assert_none(found, "code outside the workspace is held to the same lints");
    assert_eq!(linted, outside, "`.ci/run` lints what says that it is linted");
}

/// Lowered when a file becomes safe code; a higher number is a decision.
const BOUNDARY_FILES: usize = 42;

#[test]
fn unsafe_code_of_the_shim_is_in_ffi_and_in_few_files_that_say_which_boundary_they_are() {
    let (files, problems) = boundaries(&rust());
    assert_none(problems, "unsafe code has a boundary");
    assert_eq!(files.len(), BOUNDARY_FILES, "{files:#?}");
    let short: Vec<_> =
        files.into_iter().filter(|(_, reason)| reason.len() < 30).map(|(path, _)| path).collect();
    assert_none(short, "a boundary is named in a sentence");
}

#[test]
fn functions_for_other_libraries_are_made_by_the_thunk_macro_alone() {
    let mut found = BTreeMap::new();
    for source in rust() {
        let folders = ["abi/src/", "structures/src/", "shim/src/", "shim/derive/src/"];
        if !folders.iter().any(|folder| source.path.starts_with(folder)) {
            continue;
        }
        // Texts are blanked, so `extern "C" fn name` is three words here, and a function's type has none behind `fn`.
        let code = xtask::house::code(source.without_tests());
        let words: Vec<_> = code.split_whitespace().collect();
        for three in words.windows(3).filter(|three| three[0] == "extern" && three[1] == "fn") {
            let name: String = three[2].chars().take_while(|letter| !"(<".contains(*letter)).collect();
            found.entry(source.path.clone()).or_insert_with(Vec::new).push(name);
        }
    }
    let expected = [
        // Frees a vector: it has nothing to catch, and `abi` no std to catch it with.
        ("abi/src/values.rs", "free_vec"),
        // The C function of a `#[function]`, which others call without knowing of Rust: a panic in it ends the process.
        ("shim/derive/src/function.rs", "__native"),
        // The slots that `#[interface]` writes; their bodies go through `answer`, which catches.
        ("shim/derive/src/table.rs", "#name"),
        // The macro.
        ("shim/src/ffi/mod.rs", "$name"),
        // `PyInit_…` or `PyModExport_…`, which only call one that catches.
        ("shim/src/raw.rs", "__enter __enter"),
    ];
    let expected =
        expected.map(|(path, names)| (path.to_owned(), names.split(' ').map(str::to_owned).collect()));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn every_file_opens_with_what_it_owns() {
    let files = rust().into_iter().filter(|source| !source.path.starts_with("tests/ui/"));
    let found = files.filter(|source| !source.text.starts_with("//! ")).map(|source| source.path);
    assert_none(found.collect(), "a file opens with a paragraph that says what it owns");
}

#[test]
fn no_file_hides_a_second_concept() {
    let long = |source: &Source| source.without_tests().lines().count() > 600;
    let found = rust().into_iter().filter(long).map(|source| source.path);
    assert_none(found.collect(), "at 600 lines without tests, look for the second concept");
}

#[test]
fn no_file_names_a_place_on_somebodys_machine_or_a_chore_for_later() {
    // Put together here, or this file would break its own rule.
    let words = [
        concat!("/ro", "ot"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    let endings = [
        ".rs", ".toml", ".md", ".py", ".txt", ".yml", ".yaml", ".sh", ".lock", ".h", ".c", ".cpp", ".in",
        ".stderr",
    ];
    let mut found = Vec::new();
    for source in sources(&endings) {
        for (i, line) in source.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {line}", source.path, i + 1));
            }
        }
    }
    assert_none(found, "paths of a machine and notes to oneself stay outside");
}

#[test]
fn a_tests_name_is_a_sentence_and_no_test_sleeps() {
    let mut found = Vec::new();
    for source in rust() {
        let code = source.code();
        let lines: Vec<_> = code.lines().map(str::trim).collect();
        for two in lines.windows(2).filter(|two| two[0] == "#[test]") {
            let name = two[1].trim_start_matches("fn ");
            // A macro's tests are named where it's used.
            let literal = !name.starts_with('$');
            if literal && (name.starts_with("test_") || name.matches('_').count() < 2) {
                found.push(format!("{}: {name}", source.path));
            }
        }
        if source.path.contains("tests/") && (code.contains("thread::sleep") || has_word(&code, "sleep_ms")) {
            found.push(format!("{}: sleeps", source.path));
        }
    }
    assert_none(found, "a test's name is a law in one sentence, and time decides nothing");
}

#[test]
fn every_frozen_record_has_a_lock_entry_and_every_entry_its_record() {
    let lock = fs::read_to_string(repository().join("abi/abi.lock")).expect("abi.lock is in the repository");
    let locked: BTreeSet<_> =
        lock.lines().filter_map(|line| line.strip_prefix("record ")?.split(' ').next()).collect();
    let frozen: BTreeSet<_> = FROZEN.iter().map(|(name, ..)| *name).collect();
    assert_eq!(locked, frozen);
}

#[test]
fn every_workspace_of_an_extension_brings_its_lockfile() {
    let manifests = sources(&["Cargo.toml"]).into_iter().filter(|source| {
        // A library is locked by those who use it.
        let library = !source.text.contains("cdylib") && !source.text.contains("members = ");
        source.text.lines().any(|line| line == "[workspace]") && !library
    });
    let missing = manifests.filter_map(|source| {
        let lock = repository().join(&source.path).with_file_name("Cargo.lock");
        (!lock.is_file()).then_some(source.path)
    });
    assert_none(missing.collect(), "what is built apart is built the same way everywhere");
}
