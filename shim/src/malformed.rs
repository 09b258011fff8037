//! A malformed header as one differing part, with the found value and the expected one.

use interbind_abi::Reason;
use interbind_abi::diff::Sink;
use interbind_abi::header::Malformed;

use crate::text::{Digits, Text, number};

/// Tells a malformed header as a difference.
#[cold]
#[inline(never)]
pub(crate) fn with_malformed(malformed: Malformed, sink: Sink<'_>) {
    let (reason, part, found, expected) = match malformed {
        Malformed::Magic { found, expected } => {
            return sink(Reason::BadMagic, "magic", &Digits::printable(found), &Digits::printable(expected));
        }
        Malformed::Size { found, least } => {
            (Reason::MalformedRecord, "struct_size (at least, in steps of 8)", found, least)
        }
        Malformed::Major { found, expected } => (Reason::OtherMajor, "major", found.into(), expected.into()),
        Malformed::Minor { found, least } => {
            (Reason::ServiceTooOld, "minor (at least)", found.into(), least.into())
        }
        Malformed::Address { beyond } => {
            return sink(Reason::MalformedRecord, "address", &address(beyond), "a multiple of 8");
        }
        Malformed::Null { .. } => {
            return sink(Reason::MalformedRecord, "functions", "NULL", "one for each slot");
        }
    };
    sink(reason, part, &number(found.into()), &number(expected.into()));
}

fn address(beyond: u32) -> Text {
    let mut text = Text::new();
    match beyond {
        0 => text.push(&["NULL"]),
        beyond => text.push(&["a multiple of 8 plus ", &number(beyond.into())]),
    }
    text
}
