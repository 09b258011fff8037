//! What is generated is what it is made from: `cargo xtask generate all` writes it anew.
//!
//! The messages of the error index are held in `docs_shown.rs`, which builds what says them.

use std::collections::BTreeSet;
use std::fs;

use interbind_cli::schema::{DOCUMENTS, text};
use interbind_tests::package::repository;
use serde_json::Value;
use xtask::generate::{What, lock, settle};

#[track_caller]
fn assert_up_to_date(what: What) {
    settle(what, None, true).unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn every_record_is_as_the_lock_says() {
    assert_up_to_date(What::Lock);
}

#[test]
fn every_released_lock_is_still_kept() {
    for entry in fs::read_dir(repository().join("abi/locks")).into_iter().flatten() {
        let path = entry.expect("a readable folder").path();
        let released = fs::read_to_string(&path).expect("a readable lock");
        let found = lock::broken_since(&released);
        assert!(found.is_empty(), "{}: {found:#?}", path.display());
    }
}

#[test]
fn the_header_is_what_the_records_say() {
    assert_up_to_date(What::Header);
}

#[test]
fn unsafe_code_stands_in_the_listed_files_only() {
    assert_up_to_date(What::UnsafeList);
}

#[test]
fn the_seeds_of_the_fuzzers_are_what_is_packed() {
    assert_up_to_date(What::Seeds);
}

#[test]
fn the_schemas_and_the_python_classes_are_the_types() {
    assert_up_to_date(What::Schema);
    let folder = fs::read_dir(repository().join("docs/schema")).expect("the schemas are in the repository");
    let names = folder.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let found: BTreeSet<_> = names.filter(|name| name.starts_with("interbind-")).collect();
    assert_eq!(found, DOCUMENTS.iter().map(|document| document.file()).collect());
}

#[test]
fn every_document_says_which_schema_it_follows() {
    for document in DOCUMENTS {
        let schema: Value = serde_json::from_str(&text(document)).expect("a schema is JSON");
        assert_eq!(schema["properties"]["schema"]["const"], document.name(), "{}", document.command);
        let required = schema["required"].as_array().expect("fields are required");
        assert!(required.iter().any(|field| field == "schema"));
    }
}

/// A file that is out of date is named with the words that mend it, and nothing is written by a check.
#[test]
fn a_check_names_what_is_out_of_date_and_the_way_out() {
    let source = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("stable_abi.toml");
    fs::write(&source, "[function.PyA]\nadded = '3.2'\n[data.PyB]\nadded = '3.2'\n")
        .expect("a writable folder");
    let file = repository().join("doctor/data/stable_abi.txt");
    let before = fs::read(&file).expect("the table is in the repository");
    let why = settle(What::StableAbi, Some(&source), true).expect_err("CPython has more symbols");
    assert_eq!(why, "out of date: doctor/data/stable_abi.txt; fix: cargo xtask generate stable-abi");
    assert_eq!(fs::read(&file).expect("it is still there"), before);
}
