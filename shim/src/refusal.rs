//! What is said when something is refused: the same shape for every reason.
//!
//! What failed, in the user's own names · each differing part with both values · who both sides are · `fix:` something
//! that one can do. Written line by line into one text, in that order, on cold paths only; texts are passed as slices to
//! push, because every `format!` here would be carried by every extension.

use interbind_abi::Reason;
use interbind_abi::core::OwnerRecord;

use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised, error};
use crate::identity::{file_name, readable};

/// A refusal in the making.
pub(crate) struct Refusal {
    reason: Reason,
    text: String,
}

impl Refusal {
    /// Starts with what failed.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(reason: Reason, what: &[&str]) -> Self {
        let mut refusal = Self { reason, text: String::new() };
        refusal.push(what);
        refusal.push(&[" (", reason.slug(), ")"]);
        refusal
    }

    /// Adds a line: a part that differs, with both values.
    #[cold]
    #[inline(never)]
    pub(crate) fn line(&mut self, parts: &[&str]) -> &mut Self {
        self.push(&["\n  "]);
        self.push(parts);
        self
    }

    /// Adds a line for a part that differs.
    #[cold]
    #[inline(never)]
    pub(crate) fn differs(&mut self, part: &str, provider: &str, consumer: &str) -> &mut Self {
        self.line(&[part, ": provider has ", provider, ", this module expects ", consumer])
    }

    /// Names the providing side.
    pub(crate) fn provider(&mut self, owner: &OwnerRecord) -> &mut Self {
        self.who("provider: ", owner)
    }

    /// Names the consuming side.
    pub(crate) fn consumer(&mut self, owner: &OwnerRecord) -> &mut Self {
        self.who("consumer: ", owner)
    }

    /// Says what one can do, and sets the exception.
    #[cold]
    #[inline(never)]
    pub(crate) fn fix(&mut self, at: Attached, class: Class, fix: &[&str]) -> Raised {
        self.line(&["fix: "]);
        self.push(fix);
        error::raise(at, class, self.reason, &self.text)
    }

    /// `frame 2.0.4 (frame.abi3.so), interbind 0.1.0, rustc 1.95.0`.
    #[cold]
    #[inline(never)]
    fn who(&mut self, side: &str, owner: &OwnerRecord) -> &mut Self {
        self.line(&[side, readable(&owner.name), " ", readable(&owner.version)]);
        let file = readable(&owner.file);
        if !file.is_empty() {
            self.push(&[" (", file_name(file), ")"]);
        }
        self.push(&[", interbind ", readable(&owner.interbind), ", ", readable(&owner.compiler)]);
        self
    }

    #[inline(never)]
    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.text.push_str(part);
        }
    }
}

/// Joins texts into one.
#[cold]
#[inline(never)]
pub(crate) fn joined(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

/// A number as text.
#[cold]
#[inline(never)]
pub(crate) fn number(number: u64) -> String {
    number.to_string()
}
