//! The words of a difference: the published JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::FrameworkKind;

/// What changed between two releases, files or ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// The schema's name and version: `interbind-diff/1`.
    pub schema: String,
    /// Whether something that shared with the first doesn't share with the second.
    pub breaking: bool,
    /// The modules that are in both.
    pub modules: Vec<ModuleDiff>,
    /// Those only the second has.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub added: Vec<Named>,
    /// Those only the first has.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub removed: Vec<Named>,
}

impl Diff {
    /// The schema's name and version.
    pub const SCHEMA: &'static str = "interbind-diff/1";

    pub(super) fn new(modules: Vec<ModuleDiff>, added: Vec<Named>, removed: Vec<Named>) -> Self {
        let breaking = modules.iter().any(|module| module.breaking);
        Self { schema: Self::SCHEMA.to_owned(), breaking, modules, added, removed }
    }
}

/// A module, as one refers to it across releases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Named {
    /// The name it is imported by, else its file's.
    pub name: String,
    /// What it is built for: `linux x86_64 glibc, cpython 3.12`.
    pub target: String,
    /// Its file.
    pub file: String,
}

/// What changed in one module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleDiff {
    /// The name it is imported by; for ids, what they are.
    pub name: String,
    /// What the second is built for.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub target: String,
    /// The first file, or id.
    pub before: String,
    /// The second.
    pub after: String,
    /// Whether what shared with the first doesn't share with the second.
    pub breaking: bool,
    /// What changed, the worst first; nothing: they are equal in all that is compared.
    pub changes: Vec<Change>,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What: `internals-key`, `tag`, `domain`, `conduit`, `framework`, `version`, `python-floor`, `libc-floor`,
    /// `cxx-floor`, `python`, `gil`, `interpreters`, `entry`, `needed`, `type`, …
    pub what: String,
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub framework: Option<FrameworkKind>,
    /// What it was; absent: there was none, or it isn't known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<String>,
    /// An id's parts, side by side.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parts: Vec<PartChange>,
    /// What it does to those who use the module.
    pub effect: Effect,
    /// The same in one sentence.
    pub why: String,
}

/// What a change does to those who use a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// What shared with it doesn't any more.
    BreaksSharing,
    /// Some interpreter or system that loaded it doesn't any more.
    NarrowsLoading,
    /// It can't be told.
    Unknown,
    /// Worth knowing.
    Noted,
    /// It is better than before: more share with it, or load it.
    Widens,
}

/// One part of two ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PartChange {
    /// Its name.
    pub name: String,
    /// Its text in the first; empty where it has no such part.
    pub before: String,
    /// Its text in the second.
    pub after: String,
    /// Whether they are equal.
    pub same: bool,
}

impl Change {
    pub(super) fn new(what: &str, effect: Effect, why: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            framework: None,
            before: None,
            after: None,
            parts: Vec::new(),
            effect,
            why: why.into(),
        }
    }

    pub(super) fn from(
        mut self,
        before: Option<impl Into<String>>,
        after: Option<impl Into<String>>,
    ) -> Self {
        self.before = before.map(Into::into);
        self.after = after.map(Into::into);
        self
    }

    pub(super) fn of(mut self, framework: FrameworkKind) -> Self {
        self.framework = Some(framework);
        self
    }

    pub(super) fn with_parts(mut self, parts: Vec<PartChange>) -> Self {
        self.parts = parts;
        self
    }
}
