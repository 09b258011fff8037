//! nanobind: two modules share when tag and domain are equal. A front end has only the tag's first half: the back end that
//! is installed beside it adds the rest, and holds the state.

use crate::facts::{AbiId, Framework, FrameworkKind};

use super::keys;
use super::registry::State;
use super::side::{doubt, ids, is_whole, proved};
use super::verdict::{AlignedKey, AlignedPart, Verdict};

/// The kinds of id that decide, with the domain beside them: a front end has the platform alone, and releases up to 1.3 the
/// whole key.
const TAGS: [&str; 3] = ["tag", "platform-id", "internals-key"];

/// Parts of a tag that a front end leaves to its back end.
const OF_THE_BACK_END: [&str; 3] = ["backend-abi", "internals", "stable"];

/// Compares tags and domains.
pub(super) fn state(a: &Framework, b: &Framework) -> State {
    let (first, second) = (tag(a), tag(b));
    let mut key = keys::align(FrameworkKind::Nanobind, "tag", first, second);
    let tags_differ = differ(a, b, &key);
    let domain = domain(a, b);
    let why_domain = domain.why.clone();
    let domain_same = domain.part.same;
    key.parts.push(domain.part);
    key.same = match (key.same, domain_same) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    };
    if first.is_none() || second.is_none() {
        return State::new(Verdict::Unknown, "but no tag is certain in at least one of them", vec![key]);
    }
    if tags_differ || domain_same == Some(false) {
        let why = if tags_differ { format!("but {}", keys::tell(&key)) } else { why_domain };
        return State::new(Verdict::Isolated, why, vec![key]);
    }
    if domain_same.is_none() {
        return State::new(Verdict::Unknown, why_domain, vec![key]);
    }
    match (is_whole(a), is_whole(b)) {
        (true, true) => State::new(Verdict::Share, format!("with equal tags, {why_domain}"), vec![key]),
        (false, false) => {
            let why = format!("and ask one back end for their state, {why_domain}");
            State::new(Verdict::Unknown, format!("{why}, if the same back end serves both"), vec![key])
        }
        _ => {
            let why = "but one asks a back end for its state, and which one is installed isn't in the file";
            State::new(Verdict::Unknown, why, vec![key])
        }
    }
}

fn tag(framework: &Framework) -> Option<&AbiId> {
    // The first kind that the file has: a whole one's tag starts with a front end's text.
    match TAGS.iter().map(|kind| ids(framework, kind)).find(|found| !found.is_empty())?[..] {
        [claim] => proved(claim),
        _ => None,
    }
}

/// Whether the tags can't belong to one state: a front end's is held against the parts it has.
fn differ(a: &Framework, b: &Framework, key: &AlignedKey) -> bool {
    if is_whole(a) && is_whole(b) {
        return key.same == Some(false);
    }
    key.differing().any(|part| !OF_THE_BACK_END.contains(&part.name.as_str()))
}

struct Domains {
    part: AlignedPart,
    why: String,
}

/// Compares the domains, which stand outside the tag.
fn domain(a: &Framework, b: &Framework) -> Domains {
    let value = |framework: &'_ Framework| {
        framework.domain.as_ref().and_then(proved).map(|domain| domain.name.clone())
    };
    let text = |name: &Option<String>| match name.as_deref() {
        None => "unknown".to_owned(),
        Some("") => "(default)".to_owned(),
        Some(name) => name.to_owned(),
    };
    let (first, second) = (value(a), value(b));
    let (same, why) = match (&first, &second) {
        (Some(first), Some(second)) if first == second && first.is_empty() => {
            (Some(true), "in the default domain".to_owned())
        }
        (Some(first), Some(second)) if first == second => (Some(true), format!("in the domain `{first}`")),
        (Some(first), Some(second)) => {
            let quote =
                |name: &str| if name.is_empty() { "the default".to_owned() } else { format!("`{name}`") };
            let (one, other) = if first.is_empty() { (second, first) } else { (first, second) };
            (Some(false), format!("but domain {} differs from {}", quote(one), quote(other)))
        }
        _ => {
            let unsure = if first.is_none() { a } else { b };
            let why = unsure.domain.as_ref().map_or("the file doesn't tell".to_owned(), doubt);
            (None, format!("but the domain isn't known: {why}"))
        }
    };
    Domains { part: AlignedPart { name: "domain".to_owned(), a: text(&first), b: text(&second), same }, why }
}
