//! A finding: what is wrong somewhere, how bad it is, and what mends it. Every command that judges gives these, and each way
//! of writing them (text, SARIF, JUnit, annotations) takes nothing else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much harm a finding does; the worst comes last, so that findings sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Good to know; no finding by the exit code.
    Note,
    /// Something doesn't work together, visibly.
    Warning,
    /// Something can't be loaded, or goes wrong silently.
    Error,
}

/// What is wrong, where, and what mends it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The kind's slug, which is also its anchor in the documentation: `isolated-internals`, `not-loadable`, …
    pub rule: String,
    /// How bad it is.
    pub level: Level,
    /// One sentence.
    pub message: String,
    /// The files it is about, the first being where an annotation goes.
    pub files: Vec<String>,
    /// Details, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub details: Vec<String>,
    /// The command or setting that mends it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<String>,
}

/// Joins names, at most five of them.
pub(crate) fn few<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 5;
    let count = names.len();
    let mut shown: Vec<String> = names.take(MOST).map(|name| format!("`{name}`")).collect();
    if count > MOST {
        shown.push(format!("{} more", count - MOST));
    }
    shown.join(", ")
}
