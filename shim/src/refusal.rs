//! What is said when something is refused: the same shape for every reason.
//!
//! What failed, in the user's own names · each differing part with both values · who both sides are · `fix:` something
//! that one can do. A refusal is one call with a template, because all of this is cold and every extension carries it.

use interbind_abi::Reason;
use interbind_abi::core::OwnerRecord;
use interbind_abi::text::cut;

use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised, error};
use crate::identity::{file_name, readable};

/// The two sides of a refusal, as far as they are known.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) provider: Option<&'a OwnerRecord>,
    pub(crate) consumer: Option<&'a OwnerRecord>,
}

impl<'a> Sides<'a> {
    /// Only the consuming side is known.
    pub(crate) fn consumer(owner: &'a OwnerRecord) -> Self {
        Self { provider: None, consumer: Some(owner) }
    }

    /// Only the providing side is known.
    pub(crate) fn provider(owner: &'a OwnerRecord) -> Self {
        Self { provider: Some(owner), consumer: None }
    }

    /// Both sides are known.
    pub(crate) fn both(provider: &'a OwnerRecord, consumer: &'a OwnerRecord) -> Self {
        Self { provider: Some(provider), consumer: Some(consumer) }
    }
}

/// Sets an exception and returns the proof of it.
///
/// The template's first line says what failed, its last what one can do, those between are the differing parts; `{0}` to
/// `{9}` stand for the values, which are not looked into.
#[cold]
#[inline(never)]
pub(crate) fn refuse(
    at: Attached,
    class: Class,
    reason: Reason,
    template: &str,
    values: &[&str],
    sides: Sides<'_>,
) -> Raised {
    let mut text = String::new();
    let (first, mut rest) = cut(template, "\n").unwrap_or((template, ""));
    fill(&mut text, first, values);
    push(&mut text, &[" (", reason.slug(), ")"]);
    while let Some((line, others)) = cut(rest, "\n") {
        push(&mut text, &["\n  "]);
        fill(&mut text, line, values);
        rest = others;
    }
    for (side, owner) in [("\n  provider: ", sides.provider), ("\n  consumer: ", sides.consumer)] {
        if let Some(owner) = owner {
            who(&mut text, side, owner);
        }
    }
    push(&mut text, &["\n  fix: "]);
    fill(&mut text, rest, values);
    error::raise(at, class, reason, &text)
}

/// Writes a template's line.
#[inline(never)]
fn fill(text: &mut String, line: &str, values: &[&str]) {
    let mut rest = line;
    while let Some(at) = rest.bytes().position(|byte| byte == b'{') {
        push(text, &[&rest[..at]]);
        let place = rest.as_bytes().get(at + 1).map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')));
        push(text, &[values.get(place).copied().unwrap_or("?")]);
        rest = rest.get(at + 3..).unwrap_or("");
    }
    push(text, &[rest]);
}

/// `frame 2.0.4 (frame.abi3.so), interbind 0.1.0, rustc 1.95.0`.
#[inline(never)]
fn who(text: &mut String, side: &str, owner: &OwnerRecord) {
    let file = file_name(readable(&owner.file));
    push(text, &[side, readable(&owner.name), " ", readable(&owner.version)]);
    if !file.is_empty() {
        push(text, &[" (", file, ")"]);
    }
    push(text, &[", interbind ", readable(&owner.interbind), ", ", readable(&owner.compiler)]);
}

#[inline(never)]
fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

/// Adds a line to a value that stands alone on a template's line.
#[cold]
#[inline(never)]
pub(crate) fn add_line(lines: &mut String, parts: &[&str]) {
    if !lines.is_empty() {
        push(lines, &["\n  "]);
    }
    push(lines, parts);
}

/// Adds a differing part to a value that stands alone on a template's line.
#[cold]
#[inline(never)]
pub(crate) fn add_difference(lines: &mut String, part: &str, provider: &str, consumer: &str) {
    add_line(lines, &[part, ": provider has ", provider, ", this module expects ", consumer]);
}

/// A number as text.
#[cold]
#[inline(never)]
pub(crate) fn number(number: u64) -> String {
    let digit = char::from(b'0' + (number % 10) as u8);
    let mut text = if number < 10 { String::new() } else { self::number(number / 10) };
    text.push(digit);
    text
}
