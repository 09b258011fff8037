//! What is said when something is refused: the same shape for every reason.
//!
//! What failed, in the user's own names · each differing part with both values · who both sides are · `fix:` something
//! that one can do. A refusal is one call with a template, because all of this is cold and every extension carries it.

use interbind_abi::core::Status;
use interbind_abi::diff::Sink;
use interbind_abi::header::{Magic, Malformed};
use interbind_abi::owner::{OWNER, OwnerRecord};
use interbind_abi::text::cut;
use interbind_abi::{Reason, RecordHeader, Str};

use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised, error, host};

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

/// Sets an exception and returns the proof of it; one that is set already becomes its cause.
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
    let cause = error::take(at);
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
            who(at, &mut text, side, owner);
        }
    }
    push(&mut text, &["\n  fix: "]);
    fill(&mut text, rest, values);
    error::raise(at, class, reason, &text, cause)
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
fn who(at: Attached, text: &mut String, side: &str, owner: &OwnerRecord) {
    let (name, mut file) = (readable(&owner.name), readable(&owner.file));
    // A module that is initialised in one phase doesn't know its file while it is bound; Python knows it later.
    let found = if file.is_empty() { host::file_of(at, name) } else { None };
    file = found.as_deref().unwrap_or(file);
    push(text, &[side, name, " ", readable(&owner.version)]);
    if !file.is_empty() {
        push(text, &[" (", file_name(file), ")"]);
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

/// Reads another build's owner record: a placeholder when it is malformed.
#[inline(never)]
pub(crate) fn judged_owner(owner: *const OwnerRecord) -> &'static OwnerRecord {
    static UNKNOWN: OwnerRecord = {
        const QUESTION: Str = Str::new("?");
        OwnerRecord {
            header: OWNER.header::<OwnerRecord>(),
            name: QUESTION,
            version: QUESTION,
            file: QUESTION,
            platform: QUESTION,
            interbind: QUESTION,
            compiler: QUESTION,
        }
    };
    // SAFETY: threat model: the pointer is NULL or leads to a readable header.
    let header = unsafe { owner.cast::<RecordHeader>().as_ref() };
    match header {
        // SAFETY: the header vouches for the size.
        Some(header) if OWNER.check(header).is_ok() => unsafe { &*owner },
        _ => &UNKNOWN,
    }
}

/// Reads a text of an owner record for messages; broken text shows as `?`.
#[inline(never)]
pub(crate) fn readable(text: &Str) -> &'static str {
    // SAFETY: the records that carry it were judged; their texts live until the process ends.
    unsafe { text.read() }.unwrap_or("?")
}

/// The last part of a path, for messages.
#[inline(never)]
pub(crate) fn file_name(path: &str) -> &str {
    let cut = path.bytes().rposition(|byte| byte == b'/' || byte == b'\\');
    cut.map_or(path, |cut| &path[cut + 1..])
}

/// Tells a malformed header as a difference.
#[cold]
#[inline(never)]
pub(crate) fn with_malformed(malformed: Malformed, sink: Sink<'_>) {
    let (reason, part, found, expected) = match malformed {
        Malformed::Magic { found, expected } => {
            return sink(Reason::BadMagic, "magic", &printable(found), &printable(expected));
        }
        Malformed::Size { found, least } => {
            (Reason::MalformedRecord, "struct_size (at least, in steps of 8)", found, least)
        }
        Malformed::Major { found, expected } => (Reason::OtherMajor, "major", found.into(), expected.into()),
    };
    sink(reason, part, &number(found.into()), &number(expected.into()));
}

/// Foreign bytes for a message: only what is printable is shown.
#[inline(never)]
fn printable(magic: Magic) -> String {
    let shown = magic.map(|byte| if byte.is_ascii_graphic() { byte } else { b'.' });
    core::str::from_utf8(&shown).unwrap_or("?").to_owned()
}

/// Turns a status of the registry into a refusal's reason.
pub(crate) fn reason_of_status(status: Status) -> Reason {
    match status {
        Status::ENDING => Reason::InterpreterEnding,
        Status::MISSING => Reason::ServiceMissing,
        _ => Reason::MalformedRecord,
    }
}
