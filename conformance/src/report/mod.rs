//! A run as data, with a schema. [`text`] for people, JSON is the data itself, [`diff`]
//! between two runs. Rendering reads a `Report` and nothing else, so an old one can be shown again.

pub mod diff;
pub mod text;

use serde::{Deserialize, Serialize};

use crate::cell::CellId;
use crate::error::Skipped;
use crate::outcome::{Outcome, Verdict};
use crate::plan::Unsupported;

/// A finished run. Schema 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The schema's number.
    pub schema: u32,
    /// Which set was run.
    pub set: String,
    /// The host axis.
    pub hosts: Vec<HostReport>,
    /// Programs that are named like a Python but did not answer like one.
    #[serde(default)]
    pub skipped_hosts: Vec<Skipped>,
    /// Time per stage.
    pub stages: Vec<Stage>,
    /// What the set may take; overrunning it is reported, never a failure.
    pub budget_seconds: Option<u64>,
    /// How many extensions the cells needed.
    pub builds: usize,
    /// How many of them had to be built.
    pub builds_made: usize,
    /// Those that could not be.
    pub failed_builds: Vec<FailedBuild>,
    /// How many cells the plan was chosen from.
    pub candidates: usize,
    /// How many cells were finished by an earlier run that was stopped.
    #[serde(default)]
    pub resumed: usize,
    /// What participants lack.
    pub unsupported: Vec<Unsupported>,
    /// The cells.
    pub cells: Vec<CellReport>,
}

/// A host of the axis.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostReport {
    /// `cp311`.
    pub name: String,
    /// Its full version; `None` = absent.
    pub python: Option<String>,
    /// Whether it is the `python3` of the PATH.
    pub default: bool,
}

/// A stage and its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stage {
    /// `forge`, `cells`.
    pub name: String,
    /// Milliseconds.
    pub millis: u64,
}

/// A build that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FailedBuild {
    /// The build.
    pub build: String,
    /// `provider`, `consumer`.
    pub role: String,
    /// The zoo it was built with.
    pub mutation: String,
    /// The host, if it was built for one.
    pub host: Option<String>,
    /// The first error.
    pub why: String,
    /// Where the rest is.
    pub log: String,
}

/// A cell and its three voices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CellReport {
    /// The cell.
    pub id: CellId,
    /// What the rules say; `None` = nothing.
    pub expected: Option<Outcome>,
    /// What the rules say is the case today, for a known gap.
    pub today: Option<Outcome>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// What doctor says from reading the two files; `None` until it does.
    pub predicted: Option<Outcome>,
    /// What happened.
    pub observed: Outcome,
    /// What the three come to.
    pub verdict: Verdict,
    /// How far the child came.
    pub phase: String,
    /// The last step it began.
    pub step: Option<String>,
    /// What nobody had declared.
    pub findings: Vec<String>,
    /// The story, for people.
    pub detail: String,
    /// Milliseconds.
    pub millis: u64,
    /// Hash of the provider's binary.
    pub provider_sha256: Option<String>,
    /// Hash of the consumer's binary.
    pub consumer_sha256: Option<String>,
    /// Where its files are, if they were kept.
    pub folder: Option<String>,
}
