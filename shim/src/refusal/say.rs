//! What is said when something is refused: the same shape for every reason.
//!
//! What failed, in the user's own names · each differing part with both values · who both sides are · `fix:` something
//! that one can do.

use interbind_abi::owner::OwnerRecord;
use interbind_abi::text::cut;

use super::Sides;
use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised, error, host};
use crate::judged::{judged_owner, readable};
use crate::owner::file_name;
use crate::text::Text;

/// Raises a refusal; what is set already becomes its cause. See [`refuse`](super::refuse).
#[cold]
#[inline(never)]
pub(crate) fn say(
    at: Attached,
    class: Class,
    reason: &str,
    template: &str,
    values: &[&str],
    sides: Sides,
) -> Raised {
    let cause = error::take(at);
    let mut text = Text::new();
    let (first, mut rest) = cut(template, "\n").unwrap_or((template, ""));
    fill(&mut text, first, values);
    text.push(&[" (", reason, ")"]);
    while let Some((line, others)) = cut(rest, "\n") {
        text.push(&["\n  "]);
        fill(&mut text, line, values);
        rest = others;
    }
    for (side, owner) in [("\n  provider: ", sides.provider), ("\n  consumer: ", sides.consumer)] {
        if let Some(owner) = owner {
            who(at, &mut text, side, judged_owner(owner));
        }
    }
    text.push(&["\n  fix: "]);
    fill(&mut text, rest, values);
    if text.is_lost() {
        return error::no_memory(at);
    }
    error::raise(at, class, reason, &text, cause)
}

/// Writes a template's line.
#[inline(never)]
fn fill(text: &mut Text, line: &str, values: &[&str]) {
    let mut rest = line;
    while let Some(at) = rest.bytes().position(|byte| byte == b'{') {
        text.push(&[&rest[..at]]);
        let place = rest.as_bytes().get(at + 1).map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')));
        text.push(&[values.get(place).copied().unwrap_or("?")]);
        rest = rest.get(at + 3..).unwrap_or("");
    }
    text.push(&[rest]);
}

/// `frame 2.0.4 (frame.abi3.so), interbind 0.1.0, rustc 1.95.0`.
#[inline(never)]
fn who(at: Attached, text: &mut Text, side: &str, owner: &OwnerRecord) {
    let (name, mut file) = (readable(&owner.name), readable(&owner.file));
    // A module that is initialised in one phase doesn't know its file while it is bound; Python knows it later.
    let found = if file.is_empty() { host::file_of(at, name) } else { None };
    file = found.as_deref().unwrap_or(file);
    text.push(&[side, name, " ", readable(&owner.version)]);
    if !file.is_empty() {
        text.push(&[" (", file_name(file), ")"]);
    }
    text.push(&[", interbind ", readable(&owner.interbind), ", ", readable(&owner.compiler)]);
}

/// Adds a line to a value that stands alone on a template's line.
#[cold]
#[inline(never)]
pub(crate) fn add_line(lines: &mut Text, parts: &[&str]) {
    if !lines.is_empty() {
        lines.push(&["\n  "]);
    }
    lines.push(parts);
}

/// Adds a differing part to a value that stands alone on a template's line.
#[cold]
#[inline(never)]
pub(crate) fn add_difference(lines: &mut Text, part: &str, provider: &str, consumer: &str) {
    add_line(lines, &[part, ": provider has ", provider, ", this module expects ", consumer]);
}
