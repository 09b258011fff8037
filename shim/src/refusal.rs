//! Refusing something: one call with a template, because all of this is cold and every extension carries it.
//!
//! The text is written by [`runtime`](crate::runtime); here is what its callers need to say their part.

use interbind_abi::core::Status;
use interbind_abi::diff::Sink;
use interbind_abi::header::{Magic, Malformed};
use interbind_abi::owner::{OWNER, OwnerRecord};
use interbind_abi::{Reason, RecordHeader, Str};

use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised};
use crate::runtime;

/// The two sides of a refusal, as far as they are known. Their records may be malformed.
#[derive(Clone, Copy)]
pub(crate) struct Sides {
    pub(crate) provider: Option<*const OwnerRecord>,
    pub(crate) consumer: Option<*const OwnerRecord>,
}

impl Sides {
    /// Neither side is known.
    pub(crate) const NONE: Self = Self { provider: None, consumer: None };

    /// Only the consuming side is known.
    pub(crate) fn consumer(owner: *const OwnerRecord) -> Self {
        Self { provider: None, consumer: Some(owner) }
    }

    /// Only the providing side is known.
    pub(crate) fn provider(owner: *const OwnerRecord) -> Self {
        Self { provider: Some(owner), consumer: None }
    }

    /// Both sides are known.
    #[cfg(feature = "static")]
    pub(crate) fn both(provider: *const OwnerRecord, consumer: *const OwnerRecord) -> Self {
        Self { provider: Some(provider), consumer: Some(consumer) }
    }

    /// The consuming side, if it's known.
    pub(crate) fn consumer_if(owner: Option<&OwnerRecord>) -> Self {
        owner.map_or(Self::NONE, |owner| Self::consumer(owner))
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
    sides: Sides,
) -> Raised {
    runtime::refuse(at, class, reason.slug(), template, values, sides)
}

#[inline(never)]
pub(crate) fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
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
