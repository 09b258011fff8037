//! What is said when something is refused: the same shape for every reason.
//!
//! What failed, in the user's own names · each differing part with both values · who both sides are · `fix:` something
//! that one can do. Built on cold paths only; the exception carries the reason's slug.

use core::fmt::Write as _;

use interbind_abi::core::OwnerRecord;
use interbind_abi::Reason;

use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised, error};
use crate::identity::{file_name, readable};

/// A refusal in the making.
pub(crate) struct Refusal {
    reason: Reason,
    text: String,
    provider: Option<String>,
    consumer: Option<String>,
    fix: String,
}

impl Refusal {
    /// Starts with what failed.
    pub(crate) fn new(reason: Reason, what: String) -> Self {
        let text = format!("{what} ({reason})");
        Self { reason, text, provider: None, consumer: None, fix: String::new() }
    }

    /// Adds a line: a part that differs, with both values.
    pub(crate) fn detail(mut self, line: impl AsRef<str>) -> Self {
        self.text.push_str("\n  ");
        self.text.push_str(line.as_ref());
        self
    }

    /// Names the providing side.
    pub(crate) fn provider(mut self, owner: &OwnerRecord) -> Self {
        self.provider = Some(who(owner));
        self
    }

    /// Names the consuming side.
    pub(crate) fn consumer(mut self, owner: &OwnerRecord) -> Self {
        self.consumer = Some(who(owner));
        self
    }

    /// Says what one can do.
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// Sets the exception.
    pub(crate) fn raise(self, at: Attached, class: Class) -> Raised {
        let Self { reason, mut text, provider, consumer, fix } = self;
        for (side, who) in [("provider", provider), ("consumer", consumer)] {
            if let Some(who) = who {
                let _ = write!(text, "\n  {side}: {who}");
            }
        }
        if !fix.is_empty() {
            let _ = write!(text, "\n  fix: {fix}");
        }
        error::raise(at, class, reason, &text)
    }
}

/// `frame 2.0.4 (frame.abi3.so), interbind 0.1.0, rustc 1.95.0`.
fn who(owner: &OwnerRecord) -> String {
    let mut text = format!("{} {}", readable(&owner.name), readable(&owner.version));
    let file = readable(&owner.file);
    if !file.is_empty() {
        let _ = write!(text, " ({})", file_name(file));
    }
    let _ = write!(text, ", interbind {}, {}", readable(&owner.interbind), readable(&owner.compiler));
    text
}
