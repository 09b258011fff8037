//! The reader of canonical texts: a cursor that never looks back, with bounded depth and length.
//!
//! Called by [`data`](super::data) and [`interface`](crate::interface). A text is accepted only if printing what was
//! read gives the same text again; the callers check that, so that this reader may be simple.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::text::is_type_name;

/// How deep types may nest.
pub(crate) const MAX_DEPTH: u32 = 16;

/// A descriptor that isn't canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptorError {
    /// Byte at which reading stopped.
    pub at: usize,
    /// What should have stood there.
    pub expected: &'static str,
}

impl fmt::Display for DescriptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "descriptor: expected {} at byte {}", self.expected, self.at)
    }
}

pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn error<T>(&self, expected: &'static str) -> Result<T, DescriptorError> {
        Err(DescriptorError { at: self.at, expected })
    }

    pub(crate) fn sees(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.sees(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(crate) fn expect(&mut self, token: &'static str) -> Result<(), DescriptorError> {
        if self.eat(token) { Ok(()) } else { self.error(token) }
    }

    pub(crate) fn end(&self) -> Result<(), DescriptorError> {
        if self.rest().is_empty() { Ok(()) } else { self.error("the end") }
    }

    fn take(&mut self, accept: impl Fn(u8) -> bool) -> &'a str {
        let len = self.rest().bytes().take_while(|&byte| accept(byte)).count();
        let taken = &self.rest()[..len];
        self.at += len;
        taken
    }

    /// A field's or variant's name, as Rust writes it without `r#`.
    pub(crate) fn word(&mut self) -> Result<String, DescriptorError> {
        let word = self.take(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if word.is_empty() || word.as_bytes()[0].is_ascii_digit() {
            return self.error("a name");
        }
        Ok(word.to_owned())
    }

    pub(crate) fn type_name(&mut self) -> Result<String, DescriptorError> {
        let name = self.take(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
        if is_type_name(name) { Ok(name.to_owned()) } else { self.error("a dotted type name") }
    }

    pub(crate) fn number(&mut self) -> Result<u64, DescriptorError> {
        let digits = self.take(|byte| byte.is_ascii_digit());
        digits.parse().or_else(|_| self.error("a number"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, DescriptorError> {
        let digits = self.take(|byte| byte.is_ascii_digit() || byte == b'-');
        digits.parse().or_else(|_| self.error("a whole number"))
    }

    pub(crate) fn until(&mut self, stop: &[u8]) -> &'a str {
        self.take(|byte| !stop.contains(&byte))
    }
}
