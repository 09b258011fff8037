//! A module of an environment, as all rules see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::loadable::Obstacle;
use crate::facts::{FrameworkKind, Gil, Interpreters};

/// A module's place in the environment. Members stand in the order of the inspection's modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The name it is imported by, or its file's.
    pub label: String,
    /// Its file; for a member of an archive, the archive, `!` and the member.
    pub path: String,
    /// Whether it is an extension module: the others came along with one.
    pub extension: bool,
    /// Its frameworks.
    pub frameworks: Vec<FrameworkKind>,
    /// The distributions that brought it: indices; more than one is a finding.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub distributions: Vec<usize>,
    /// The name of the first of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// What keeps this Python from loading it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub obstacle: Option<Obstacle>,
    /// What it says of the GIL, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gil: Option<Gil>,
    /// What it says of sub-interpreters, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interpreters: Option<Interpreters>,
}

impl Member {
    /// The package's name, or the module's where no package is known.
    pub fn owner_or_label(&self) -> &str {
        self.owner.as_deref().unwrap_or(&self.label)
    }
}
