//! The zoo: `fixtures/zoo.toml` with one mutation applied. [`layout`] places the fields, [`rust`] and
//! [`cplusplus`] write the declarations. Mutated once, used twice: by the extension that is built and by the child that checks bytes.

pub mod cplusplus;
pub mod layout;
pub mod rust;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::axes::Mutation;
use crate::error::{Error, Result};
use crate::house;
pub use layout::{Kind, Layout};
pub use rust::Dialect;

/// The version every type starts with, and what its consumer asks for.
const VERSION: (&str, &str) = ("1.2.0", "1.2");
const NEXT_MAJOR: (&str, &str) = ("2.0.0", "2.0");
/// A consumer that knows the next minor still asks for what it needs.
const NEXT_MINOR: (&str, &str) = ("1.3.0", "1.2");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZooFile {
    r#type: Vec<TypeText>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeText {
    id: String,
    rust: String,
    fields: Vec<(String, String)>,
    #[serde(default)]
    enums: BTreeMap<String, Vec<(String, u8)>>,
    #[serde(default)]
    mutations: BTreeMap<Mutation, Change>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    fields: Option<Vec<(String, String)>>,
    align: Option<usize>,
}

/// A type of the zoo, mutated and placed.
#[derive(Clone, Debug)]
pub struct ZooType {
    /// `point2d`.
    pub id: String,
    /// `Point2d`.
    pub rust: String,
    /// `1.2.0`.
    pub version: String,
    /// What a consumer asks for, without the caret: `1.2`.
    pub requires: String,
    /// The fields in order, with their places.
    pub layout: Layout,
    /// C-like enums: name → variants with values.
    pub enums: BTreeMap<String, Vec<(String, u8)>>,
}

impl ZooType {
    /// The type's public name; names have no `-`.
    pub fn name(&self) -> String {
        format!("org.zoo.{}", self.id.replace('-', "_"))
    }
}

/// All types under one mutation.
#[derive(Clone, Debug)]
pub struct Zoo {
    /// The types; later ones may hold earlier ones.
    pub types: Vec<ZooType>,
    /// What was applied.
    pub mutation: Mutation,
}

/// The zoo's file, before any mutation.
#[derive(Clone, Debug)]
pub struct ZooSource(ZooFile);

impl ZooSource {
    /// Reads `zoo.toml`.
    pub fn read(path: &Path) -> Result<Self> {
        let file = Self(house::read_toml(path)?);
        for &mutation in Mutation::ALL {
            file.mutated(mutation).map_err(|e| Error::data(path, format!("under `{mutation}`: {e}")))?;
        }
        Ok(file)
    }

    /// Whether a mutation says anything about a type; a cell runs only for the types it changes.
    pub fn changes(&self, id: &str, mutation: Mutation) -> bool {
        match mutation {
            Mutation::Same | Mutation::SemverMajor | Mutation::SemverMinor => true,
            _ => self.0.r#type.iter().any(|t| t.id == id && t.mutations.contains_key(&mutation)),
        }
    }

    /// Whether there is such a type.
    pub fn has(&self, id: &str) -> bool {
        self.0.r#type.iter().any(|t| t.id == id)
    }

    /// Applies a mutation to every type that has it, and places all fields.
    pub fn mutated(&self, mutation: Mutation) -> Result<Zoo> {
        let (version, requires) = match mutation {
            Mutation::SemverMajor => NEXT_MAJOR,
            Mutation::SemverMinor => NEXT_MINOR,
            _ => VERSION,
        };
        let mut types: Vec<ZooType> = Vec::new();
        for text in &self.0.r#type {
            let change = text.mutations.get(&mutation).cloned().unwrap_or_default();
            let fields = change.fields.as_ref().unwrap_or(&text.fields);
            let layout = Layout::place(&text.id, fields, change.align, &types, &text.enums)?;
            types.push(ZooType {
                id: text.id.clone(),
                rust: text.rust.clone(),
                version: version.to_owned(),
                requires: requires.to_owned(),
                layout,
                enums: text.enums.clone(),
            });
        }
        Ok(Zoo { types, mutation })
    }
}

impl Zoo {
    /// The layouts as the child reads them: per type, the leaves with offset, size and kind.
    pub fn for_child(&self, wanted: &[String]) -> serde_json::Value {
        let types = self.types.iter().filter(|t| wanted.contains(&t.id));
        serde_json::Value::Object(types.map(|t| (t.id.clone(), t.layout.for_child())).collect())
    }
}
