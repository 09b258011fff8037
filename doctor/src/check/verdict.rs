//! The words of an answer: what the verdict rests on, and the JSON that is published.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{AlignedKey, Verdict};
use crate::facts::FrameworkKind;
use crate::finding::{Finding, Level};

/// One condition that a process must meet, as each side sets it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Condition {
    /// Its name: `implementation`, `python`, `gil`, `debug`, `os`, `arch`, `bits`, `libc`.
    pub name: String,
    /// What the first module asks.
    pub a: String,
    /// What the second module asks.
    pub b: String,
    /// Whether one process can meet both; absent: the files don't tell.
    pub met: Option<bool>,
    /// Why it can't, or why that isn't known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

/// Whether one process can load both.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Loadable {
    /// Whether; absent: the files don't tell.
    pub possible: Option<bool>,
    /// Every condition, in the order a reader asks for them.
    pub conditions: Vec<Condition>,
}

/// What one might want to do across two modules, and whether it works.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    /// Its name: `same-internals`, `exceptions`, `inheritance`, `conduit-a-to-b`, `conduit-b-to-a`, `interbind-a-to-b`,
    /// `interbind-b-to-a`, `c-api-a-to-b`, `c-api-b-to-a`.
    pub name: String,
    /// The framework it is about.
    pub framework: FrameworkKind,
    /// Whether it works.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub why: String,
}

/// A way round an isolation, which works whatever the keys say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Bridge {
    /// Its name: `pybind11-conduit`, `interbind`, `arrow`, `dlpack`, `buffer`, `pymetabind`.
    pub name: String,
    /// `a-to-b`, `b-to-a` or `both`.
    pub direction: String,
    /// What it takes across, and what it asks for.
    pub what: String,
}

/// Whether two modules can share, and all that the answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The first module, as the user would name it.
    pub a: String,
    /// The second.
    pub b: String,
    /// The answer.
    pub verdict: Verdict,
    /// The answer in one sentence, opening with the verdict.
    pub sentence: String,
    /// Whether one process can load both: asked before anything else.
    pub loadable: Loadable,
    /// What works across; empty when no process can load both.
    pub operations: Vec<Operation>,
    /// The ids of each framework that both have.
    pub keys: Vec<AlignedKey>,
    /// Ways round.
    pub bridges: Vec<Bridge>,
    /// The command or setting that mends it; absent where nothing is broken or nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<String>,
}

impl Check {
    /// The operation of this name, for a framework that has it.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// What is wrong: nothing where they share.
    pub fn findings(&self) -> Vec<Finding> {
        let refused = self.operations.iter().any(|operation| {
            let asked =
                operation.framework == FrameworkKind::Interbind || operation.name.starts_with("c-api-");
            asked && operation.verdict == Verdict::Isolated
        });
        let (rule, level) = match self.verdict {
            Verdict::Share => return Vec::new(),
            Verdict::Isolated if refused => ("isolated-types", Level::Error),
            Verdict::Isolated if self.keys.is_empty() => ("isolated-by-design", Level::Warning),
            Verdict::Isolated => ("isolated-internals", Level::Warning),
            Verdict::NeverLoadedTogether => ("never-loaded-together", Level::Warning),
            Verdict::Unknown => ("sharing-unknown", Level::Note),
        };
        let conditions = self.loadable.conditions.iter().filter(|condition| condition.met == Some(false));
        let conditions = conditions.map(|part| format!("{}: {} / {}", part.name, part.a, part.b));
        let parts = self.keys.iter().flat_map(|key| key.differing().map(move |part| (key, part)));
        let parts =
            parts.map(|(key, part)| format!("{} {}: {} / {}", key.framework, part.name, part.a, part.b));
        let bridges = self.bridges.iter().map(|bridge| format!("way round: {}", bridge.what));
        vec![Finding {
            rule: rule.to_owned(),
            level,
            message: self.sentence.clone(),
            files: vec![self.a.clone(), self.b.clone()],
            details: conditions.chain(parts).chain(bridges).collect(),
            fix: self.fix.clone(),
        }]
    }
}
