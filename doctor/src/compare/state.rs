//! The answer to one question about two modules, and whether both join one state.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::keys::{AlignedKey, align, tell};
use super::side::{ids, proved};
use crate::facts::Framework;

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

/// Whether both join one state.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// `Share`, `Isolated` or `Unknown`.
    pub verdict: Verdict,
    /// Why, as the end of a sentence that starts with who both are.
    pub why: String,
    /// The ids it was judged by.
    pub keys: Vec<AlignedKey>,
}

impl State {
    pub(crate) fn new(verdict: Verdict, why: impl Into<String>, keys: Vec<AlignedKey>) -> Self {
        Self { verdict, why: why.into(), keys }
    }

    /// Judges two modules by the one id of a kind that each has: ids that differ keep them apart, and equal ones don't prove that
    /// they share. Both sentences say why it is unknown.
    pub(crate) fn by_one_id(kind: &str, a: &Framework, b: &Framework, equal: &str, unsure: &str) -> Self {
        let one = |framework| match ids(framework, kind)[..] {
            [claim] => proved(claim),
            _ => None,
        };
        let key = align(a.kind, kind, one(a), one(b));
        match key.same {
            Some(false) => Self::new(Verdict::Isolated, format!("but {}", tell(&key)), vec![key]),
            Some(true) => Self::new(Verdict::Unknown, equal, vec![key]),
            None => Self::new(Verdict::Unknown, unsure, Vec::new()),
        }
    }
}
