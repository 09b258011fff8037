//! Which provider makes new objects of a type: the first that is willing and passes the check, or the one that is asked for.

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;

use super::check::{self, owner_of};
use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised};
use crate::judged::{Judged, readable};
use crate::refusal::{Sides, refuse};
use crate::runtime::Expected;

/// Finds the record through which new objects are made.
///
/// # Errors
/// A TypeError with both sides' values is set.
pub(crate) fn maker(at: Attached, expected: &Expected<'_>) -> Result<Judged, Raised> {
    match search(at, expected) {
        Search::Found(record) => Ok(record),
        found => Err(explain(at, expected, found)),
    }
}

/// What looking for a provider that makes objects found.
enum Search {
    Found(Judged),
    /// One would, but isn't compatible.
    Rejected(&'static TypeRecord),
    /// There are records, none whose provider makes objects for others (or none of the pinned one).
    Unwilling(&'static TypeRecord),
    Nothing,
}

fn search(at: Attached, expected: &Expected<'_>) -> Search {
    let mut result = Search::Nothing;
    for record in expected.list.records(at).flatten() {
        let wanted = expected.from.is_none_or(|from| from == readable(&owner_of(record).name));
        if !wanted || record.wrap.is_none() {
            if matches!(result, Search::Nothing) {
                result = Search::Unwilling(record);
            }
        } else if let Some(judged) = check::check(record, expected, None) {
            return Search::Found(judged);
        } else if !matches!(result, Search::Rejected(_)) {
            result = Search::Rejected(record);
        }
    }
    result
}

#[cold]
fn explain(at: Attached, expected: &Expected<'_>, found: Search) -> Raised {
    match found {
        Search::Rejected(record) => check::refuse_record(at, None, record, expected),
        Search::Unwilling(record) => refuse(
            at,
            Class::Type,
            Reason::NotConstructible,
            "cannot make a {0}\nno class published as {0} by {1} can be made by others\n\
             mark the provider's field with `#[shared(from)]` and implement `From` for its class",
            &[expected.name, expected.from.unwrap_or("anybody")],
            Sides::both(record.owner, expected.consumer),
        ),
        Search::Nothing | Search::Found(_) => refuse(
            at,
            Class::Type,
            Reason::NotPublished,
            "cannot make a {0}\nno module in this interpreter has published {0}\n\
             import a module that provides {0} first",
            &[expected.name],
            Sides::consumer(expected.consumer),
        ),
    }
}
