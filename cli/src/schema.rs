//! The documents that `--json` prints, as published: schemas made from the types themselves, checked in under
//! `docs/schema`.

use interbind_doctor::audit::Audit;
use interbind_doctor::check::Checks;
use interbind_doctor::diff::Diff;
use interbind_doctor::environment::Environment;
use interbind_doctor::explain::Explanation;
use interbind_doctor::facts::Inspection;
use interbind_doctor::live::Live;
use interbind_doctor::lock::Lock;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// A document.
pub struct Document {
    /// The command that prints it.
    pub command: &'static str,
    /// Its version; a field that changes its meaning or goes away starts the next one.
    pub version: u32,
    root: fn() -> Schema,
}

/// Every document.
pub const DOCUMENTS: &[Document] = &[
    Document::of::<Inspection>("inspect"),
    Document::of::<Checks>("check"),
    Document::of::<Environment>("doctor"),
    Document::of::<Explanation>("explain"),
    Document::of::<Diff>("diff"),
    Document::of::<Live>("live"),
    Document::of::<Lock>("lock"),
    Document::of::<Audit>("audit"),
];

impl Document {
    const fn of<T: JsonSchema>(command: &'static str) -> Self {
        Self { command, version: 1, root: || SchemaGenerator::default().into_root_schema_for::<T>() }
    }

    /// What its field `schema` says: `interbind-inspect/1`.
    pub fn name(&self) -> String {
        format!("interbind-{}/{}", self.command, self.version)
    }

    /// The file it is published in: `interbind-inspect-1.json`.
    pub fn file(&self) -> String {
        format!("interbind-{}-{}.json", self.command, self.version)
    }
}

/// A document's schema, as it is checked in.
pub fn text(document: &Document) -> String {
    let mut schema = (document.root)();
    let id = format!("https://github.com/interbind/interbind/raw/main/docs/schema/{}", document.file());
    schema.insert("$id".to_owned(), id.into());
    schema.insert("title".to_owned(), document.name().into());
    if let Some(name) = schema.pointer_mut("/properties/schema").and_then(serde_json::Value::as_object_mut) {
        name.insert("const".to_owned(), document.name().into());
    }
    crate::output::json(&schema)
}
