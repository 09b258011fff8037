//! The answer of `explain`: the published JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{FrameworkKind, Versions};

/// What a text means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The schema's name and version: `interbind-explain/1`.
    pub schema: String,
    /// What was given.
    pub given: Given,
    /// The messages in it, the most telling first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub meanings: Vec<Meaning>,
    /// The ids in it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ids: Vec<IdMeaning>,
    /// Present when nothing in it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unknown: Option<Unknown>,
}

impl Explanation {
    /// The schema's name and version.
    pub const SCHEMA: &'static str = "interbind-explain/1";
}

/// What was given to be explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Given {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its lines.
    pub lines: u64,
    /// Whether only its end was read, because it is longer than anybody's log should be.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub cut: bool,
    /// Whether some of it was no text.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub lossy: bool,
    /// Whether lines had to be joined in the middle of words before a message was found.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub wrapped: bool,
}

/// A message that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Meaning {
    /// Its slug, which is also its anchor in the documentation.
    pub rule: String,
    /// Whose message it is; absent for Python's own, the loader's, and where several write the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub framework: Option<FrameworkKind>,
    /// One sentence, without a full stop.
    pub title: String,
    /// The text that was recognised, on one line; long ones are cut.
    pub text: String,
    /// The line it starts on, from 1.
    pub line: u64,
    /// How often it stands there, with the same names; beyond 2000 it isn't counted.
    pub times: u64,
    /// The names in it: `type`, `function`, `module`, `file`, `symbol`, `have`, `want`, …
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub names: BTreeMap<String, String>,
    /// What happened.
    pub means: String,
    /// What this text itself tells beyond its kind: parts that differ, names that are telling.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub seen: Vec<String>,
    /// What this machine shows of it, where that was asked for: the file that the message names was read.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub here: Vec<String>,
    /// The likely causes, the likeliest first; one, where a file shows it.
    pub causes: Vec<String>,
    /// What to do or look at next.
    pub next: Vec<Step>,
    /// Which releases write it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub sources: Vec<Written>,
}

/// What to do or look at next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// One sentence.
    pub say: String,
    /// A command; words in capitals are the user's to fill in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<String>,
}

/// Whose sources have a message, and in which releases it was looked for and found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The project.
    #[serde(rename = "in")]
    pub project: String,
    /// The first release in which it was seen.
    pub first: String,
    /// The last.
    pub last: String,
    /// The piece of the source that says it.
    pub text: String,
}

/// An id that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdMeaning {
    /// The id.
    pub text: String,
    /// What it is: `internals-key`, `module-local-key`, `platform-id`, `tag`, `file-suffix`, …
    pub kind: String,
    /// Whose it is; absent for Python's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub framework: Option<FrameworkKind>,
    /// What that kind of id is for.
    pub means: String,
    /// Its parts, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parts: Vec<PartMeaning>,
    /// The releases that write it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub versions: Option<Versions>,
    /// What a reader should be warned of.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
}

/// A part of an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartMeaning {
    /// Its name.
    pub name: String,
    /// Its text in the id.
    pub value: String,
    /// What the value says; empty where nothing is to be said.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub means: String,
}

/// That nothing is known, and what would help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// The last line that looks like an error.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// What would help.
    pub helps: Vec<Step>,
}
