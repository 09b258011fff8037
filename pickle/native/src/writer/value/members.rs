//! What is in the dict of a class, read without writing it: slots, the order of attributes, and what a dataclass says of itself.

use std::cmp::Ordering;

use crate::python::{Object, Owned, Raised, Result, text};
use crate::room::Room as _;

/// Compares the names of attributes.
pub(super) fn by_name(one: &Object, other: &Object) -> Ordering {
    match (one.utf8().map_err(Raised::dismiss), other.utf8().map_err(Raised::dismiss)) {
        (Ok(one), Ok(other)) => one.cmp(other),
        _ => one.shown().cmp(&other.shown()),
    }
}

/// What a dataclass says of itself, which shows the defaults of its fields: where objects are isn't the same in two processes.
pub(super) fn without_addresses(doc: Owned) -> Result<Owned> {
    const AT: &str = " at 0x";
    let Ok(whole) = doc.utf8().map_err(Raised::dismiss) else { return Ok(doc) };
    if !whole.contains(AT) {
        return Ok(doc);
    }
    let mut parts = whole.split(AT);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit()));
    }
    text(&kept)
}

/// Tells whether an object can be declared as slots more than once.
pub(super) fn is_slots(object: &Object) -> bool {
    object.is_text() || object.is_tuple() || object.is_exact_list() || object.is_dict()
}

/// The descriptors of a class's own slots, with the names by which they are found first. A second name is an attribute as others are.
pub(super) fn slots(content: &Object, class: &Object) -> Result<Vec<(Owned, Owned)>> {
    let mut found: Vec<(Owned, Owned)> = Vec::new();
    let mut at = 0;
    while let Some((key, value)) = content.dict_next(&mut at) {
        if value.is_member_of(class) && !found.iter().any(|(_, slot)| slot.is(&value)) {
            found.room()?.push((key, value));
        }
    }
    Ok(found)
}
