//! A rule as a person writes it, in a case's file or in `expect/`: which cells, and what is expected of them.

use serde::Deserialize;

use crate::axes::Mutation;
use crate::outcome::Outcome;
use crate::pattern::Pattern;

/// A word of the doctor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// That it can't know, because neither file says what decides.
    Open,
}

/// A rule as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Patterns, any of them; none = every cell (of the case, for a case's own law).
    #[serde(default)]
    pub cells: Vec<Pattern>,
    /// Type mutations, any of them.
    #[serde(default)]
    pub mutate: Vec<Mutation>,
    /// Record mutations on either side, any of them.
    #[serde(default)]
    pub record: Vec<String>,
    /// Facts that must differ between the two builds, all of them.
    #[serde(default)]
    pub differs: Vec<String>,
    /// Facts that must hold, all of them: `provider:abi3`, `consumer:pyo3==0.28.3`, `host:free-threaded`.
    #[serde(default)]
    pub holds: Vec<String>,
    /// What should be.
    pub outcome: Outcome,
    /// What is, where that is a known gap.
    pub today: Option<Outcome>,
    /// What the doctor says, where that isn't the outcome.
    pub doctor: Option<Word>,
    /// The paragraph or the fact behind it.
    pub because: Option<String>,
    /// Where a gap is tracked.
    pub issue: Option<u64>,
}
