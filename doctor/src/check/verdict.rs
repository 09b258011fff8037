//! The words of an answer: four verdicts, what they rest on, and the JSON that is published.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::FrameworkKind;
use crate::finding::{Finding, Level};

/// The answer to one question about two modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What one makes, the other understands.
    Share,
    /// Both work, side by side: what one makes is a stranger to the other.
    Isolated,
    /// No process can load both.
    NeverLoadedTogether,
    /// The files don't tell.
    Unknown,
}

impl Verdict {
    /// The words a sentence opens with.
    pub fn words(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Isolated => "isolated",
            Self::NeverLoadedTogether => "never loaded together",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

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
    /// `interbind-b-to-a`.
    pub name: String,
    /// The framework it is about.
    pub framework: FrameworkKind,
    /// Whether it works.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub why: String,
}

/// One part of two ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AlignedPart {
    /// Its name.
    pub name: String,
    /// The first module's text; empty where its id has no such part.
    pub a: String,
    /// The second module's.
    pub b: String,
    /// Whether they are equal; absent: one of them isn't known.
    pub same: Option<bool>,
}

/// The ids by which both recognise their like, part beside part.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AlignedKey {
    /// Whose ids they are.
    pub framework: FrameworkKind,
    /// What kind of id: `internals-key`, `tag`, …
    pub kind: String,
    /// The first module's, whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub a: Option<String>,
    /// The second module's, whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub b: Option<String>,
    /// Whether they are equal; absent: one of them isn't known.
    pub same: Option<bool>,
    /// Their parts, in the order of the first.
    pub parts: Vec<AlignedPart>,
}

impl AlignedKey {
    /// The parts that differ.
    pub fn differing(&self) -> impl Iterator<Item = &AlignedPart> {
        self.parts.iter().filter(|part| part.same == Some(false))
    }
}

/// A way round an isolation, which works whatever the keys say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Bridge {
    /// Its name: `pybind11-conduit`, `interbind`, `arrow`, `dlpack`, `buffer`.
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
    ///
    /// That two modules are isolated by design is only worth a note: nobody expected otherwise.
    pub fn findings(&self) -> Vec<Finding> {
        let by_design = self.keys.is_empty();
        let (rule, level) = match self.verdict {
            Verdict::Share => return Vec::new(),
            Verdict::Isolated if by_design => ("isolated-by-design", Level::Note),
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
