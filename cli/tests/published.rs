//! What is published is what the types are: the schemas under `docs/schema`, and the Python classes made from them.
//!
//! `INTERBIND_DOCS=write cargo test -p interbind-cli --test published` writes both anew.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

#[path = "published/classes.rs"]
mod classes;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use interbind_cli::schema::{DOCUMENTS, text};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Holds a file against the text it should have, or writes it where that is asked for.
fn holds(path: &Path, text: &str) -> Result<(), String> {
    if env::var_os("INTERBIND_DOCS").is_some_and(|mode| mode == "write") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    match fs::read_to_string(path) {
        Ok(found) if found.replace("\r\n", "\n") == text => Ok(()),
        _ => Err(format!(
            "{} isn't what the types say; if that is meant: run again with INTERBIND_DOCS=write",
            path.display()
        )),
    }
}

fn names(folder: &Path, starts: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    files.filter(|name| name.starts_with(starts)).collect()
}

#[test]
fn the_checked_in_schemas_are_the_types() {
    let folder = root().join("docs/schema");
    for document in DOCUMENTS {
        holds(&folder.join(document.file()), &text(document)).unwrap();
    }
    let files: BTreeSet<_> = DOCUMENTS.iter().map(|document| document.file()).collect();
    assert_eq!(names(&folder, "interbind-"), files);
}

#[test]
fn the_python_classes_are_the_schemas() {
    let folder = root().join("python/interbind");
    let schemas: Vec<(&str, Value)> = DOCUMENTS
        .iter()
        // A program that is run has no function in Python: it is there already.
        .filter(|document| document.command != "live")
        .map(|document| (document.command, serde_json::from_str(&text(document)).unwrap()))
        .collect();
    let modules = classes::modules(&schemas);
    for (file, text) in &modules {
        holds(&folder.join(file), text).unwrap();
    }
}

#[test]
fn every_document_says_which_schema_it_follows() {
    for document in DOCUMENTS {
        let schema: Value = serde_json::from_str(&text(document)).unwrap();
        assert_eq!(schema["properties"]["schema"]["const"], document.name(), "{}", document.command);
        assert!(schema["required"].as_array().unwrap().iter().any(|field| field == "schema"));
    }
}
