//! What a cell can come to, as one word: printed, parsed, compared. The words are those of the rules, the
//! JSON report and the text report alike.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What happened in a cell, or is expected to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Outcome {
    /// Shared, and both sides saw the same bytes, counts and identity.
    Interop,
    /// Refused with this reason before foreign memory was read; both sides and a fix are named.
    Detected(String),
    /// Didn't work and nobody said why.
    Silent,
    /// Claimed to work, but bytes, canaries or identity differ.
    Corrupt,
    /// Worked, but the live counts did not return.
    Leak,
    /// The process died of this signal or status.
    Crash(String),
    /// Didn't end in time, or left a process behind.
    Hang,
    /// Ended by itself before it was done: a number, or `abort` after an announced panic.
    Exit(String),
    /// Could not be built.
    Unforgeable(String),
    /// The host, or something the cell needs, isn't there.
    Absent(String),
    /// A side lacks this capability.
    Unsupported(String),
    /// Our own fault; always red.
    Harness(String),
}

impl Outcome {
    /// The word without what stands in parentheses.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Interop => "interop",
            Self::Detected(_) => "detected",
            Self::Silent => "silent",
            Self::Corrupt => "corrupt",
            Self::Leak => "leak",
            Self::Crash(_) => "crash",
            Self::Hang => "hang",
            Self::Exit(_) => "exit",
            Self::Unforgeable(_) => "unforgeable",
            Self::Absent(_) => "absent",
            Self::Unsupported(_) => "unsupported",
            Self::Harness(_) => "harness",
        }
    }

    /// One letter for the grid.
    pub fn letter(&self) -> char {
        match self {
            Self::Interop => 'I',
            Self::Detected(_) => 'D',
            Self::Silent => 's',
            Self::Corrupt => 'C',
            Self::Leak => 'L',
            Self::Crash(_) => 'X',
            Self::Hang => 'H',
            Self::Exit(_) => 'E',
            Self::Unforgeable(_) => 'u',
            Self::Absent(_) => '-',
            Self::Unsupported(_) => '·',
            Self::Harness(_) => '!',
        }
    }

    /// Whether the cell ran at all.
    pub fn ran(&self) -> bool {
        !matches!(self, Self::Unforgeable(_) | Self::Absent(_) | Self::Unsupported(_))
    }

    /// Whether the outcome may never be expected between two interbind builds.
    pub fn is_forbidden_between_interbind_builds(&self) -> bool {
        matches!(self, Self::Crash(_) | Self::Corrupt | Self::Hang | Self::Silent)
    }

    /// Whether memory or liveness was lost: worse than a silent refusal.
    pub fn is_unsafe(&self) -> bool {
        matches!(self, Self::Crash(_) | Self::Corrupt | Self::Hang)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interop | Self::Silent | Self::Corrupt | Self::Leak | Self::Hang => {
                f.write_str(self.kind())
            }
            Self::Detected(what)
            | Self::Crash(what)
            | Self::Exit(what)
            | Self::Unforgeable(what)
            | Self::Absent(what)
            | Self::Unsupported(what)
            | Self::Harness(what) => write!(f, "{}({what})", self.kind()),
        }
    }
}

impl FromStr for Outcome {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let (kind, what) = match text.split_once('(') {
            Some((kind, rest)) => (kind, rest.strip_suffix(')').map(str::to_owned)),
            None => (text, None),
        };
        match (kind, what) {
            ("interop", None) => Ok(Self::Interop),
            ("silent", None) => Ok(Self::Silent),
            ("corrupt", None) => Ok(Self::Corrupt),
            ("leak", None) => Ok(Self::Leak),
            ("hang", None) => Ok(Self::Hang),
            ("detected", Some(what)) => Ok(Self::Detected(what)),
            ("crash", Some(what)) => Ok(Self::Crash(what)),
            ("exit", Some(what)) => Ok(Self::Exit(what)),
            ("unforgeable", Some(what)) => Ok(Self::Unforgeable(what)),
            ("absent", Some(what)) => Ok(Self::Absent(what)),
            ("unsupported", Some(what)) => Ok(Self::Unsupported(what)),
            ("harness", Some(what)) => Ok(Self::Harness(what)),
            _ => {
                Err(Error::word(text, "an outcome such as `interop`, `silent` or `detected(layout-differs)`"))
            }
        }
    }
}

impl TryFrom<String> for Outcome {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Outcome> for String {
    fn from(outcome: Outcome) -> Self {
        outcome.to_string()
    }
}

/// What three voices together come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As expected.
    Ok,
    /// As a known gap says it is today.
    Gap,
    /// A gap that is no longer there: delete its line. Red until done.
    Fixed,
    /// Not as expected, or with findings.
    Wrong,
    /// As expected, but doctor predicted otherwise.
    Disagree,
    /// There was nothing to judge.
    NotRun,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: &[Self] = &[Self::Ok, Self::Gap, Self::Fixed, Self::Wrong, Self::Disagree, Self::NotRun];

    /// Whether the verdict is a finding.
    pub fn is_red(self) -> bool {
        matches!(self, Self::Fixed | Self::Wrong | Self::Disagree)
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Gap => "gap",
            Self::Fixed => "fixed",
            Self::Wrong => "wrong",
            Self::Disagree => "disagree",
            Self::NotRun => "not-run",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
