//! One difference between two sides, with both values. Whoever compares collects all of them before it answers.

use alloc::string::String;
use core::fmt;

/// A part that differs, with what each side has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The part, in the user's own names: `Point.x`, `Series.len`.
    pub part: String,
    /// What the provider (or this build) has.
    pub provider: String,
    /// What the consumer (or the host) expects.
    pub consumer: String,
}

impl Difference {
    /// Makes a difference.
    pub fn new(part: impl Into<String>, provider: impl Into<String>, consumer: impl Into<String>) -> Self {
        Self { part: part.into(), provider: provider.into(), consumer: consumer.into() }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: provider has {}, this module expects {}", self.part, self.provider, self.consumer)
    }
}
