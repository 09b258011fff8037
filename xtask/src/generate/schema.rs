//! What is published of the JSON documents is what the types are: the schemas under `docs/schema`, and the Python classes made
//! from them.

use interbind_cli::schema::{DOCUMENTS, text};
use serde_json::Value;

use super::{Generated, classes};

/// The schemas and the modules.
pub fn make() -> Vec<Generated> {
    let schemas = DOCUMENTS
        .iter()
        .map(|document| Generated::text(&format!("docs/schema/{}", document.file()), text(document)));
    let described: Vec<(&str, Value)> = DOCUMENTS
        .iter()
        // A program that is run has no function in Python: it is there already. What is for build pipelines is a command alone.
        .filter(|document| !["live", "lock", "audit"].contains(&document.command))
        .map(|document| (document.command, serde_json::from_str(&text(document)).expect("a schema is JSON")))
        .collect();
    let modules = classes::modules(&described).into_iter();
    let modules = modules.map(|(file, text)| Generated::text(&format!("python/interbind/{file}"), text));
    schemas.chain(modules).collect()
}
