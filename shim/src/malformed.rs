//! A malformed header as one differing part, with the found value and the expected one.

use interbind_abi::Reason;
use interbind_abi::header::Malformed;

use crate::text::{Digits, number};

/// What a header has, and what it must have.
pub(crate) struct Part {
    pub(crate) reason: Reason,
    pub(crate) name: &'static str,
    pub(crate) found: Digits,
    pub(crate) expected: Digits,
}

/// Says which part of a header is wrong.
#[cold]
#[inline(never)]
pub(crate) fn wrong_part(malformed: Malformed) -> Part {
    let (reason, name, found, expected) = match malformed {
        Malformed::Magic { found, expected } => {
            let (found, expected) = (Digits::printable(found), Digits::printable(expected));
            return Part { reason: Reason::BadMagic, name: "magic", found, expected };
        }
        Malformed::Address { beyond } => {
            let found = match beyond {
                0 => Digits::short("NULL"),
                beyond => Digits::short("a multiple of 8 plus 0").ending_in(beyond),
            };
            let expected = Digits::short("a multiple of 8");
            return Part { reason: Reason::MalformedRecord, name: "address", found, expected };
        }
        Malformed::Null { .. } => {
            let (found, expected) = (Digits::short("NULL"), Digits::short("one for each slot"));
            return Part { reason: Reason::MalformedRecord, name: "functions", found, expected };
        }
        Malformed::Size { found, least } => {
            (Reason::MalformedRecord, "struct_size (at least, in steps of 8)", found, least)
        }
        Malformed::Major { found, expected } => (Reason::OtherMajor, "major", found.into(), expected.into()),
        Malformed::Minor { found, least } => {
            (Reason::ServiceTooOld, "minor (at least)", found.into(), least.into())
        }
    };
    Part { reason, name, found: number(found.into()), expected: number(expected.into()) }
}
