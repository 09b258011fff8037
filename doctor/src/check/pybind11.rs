//! pybind11: two modules share when their internals keys are equal, byte for byte. The key says where the state is kept, so
//! equal keys are looked up in one place.

use crate::facts::{AbiId, Framework, FrameworkKind, Module};

use super::keys;
use super::registry::State;
use super::side::{ids, proved};
use super::verdict::Verdict;

/// The kind of id that decides.
const KEY: &str = "internals-key";

/// The first release whose state fits free-threaded builds of today: 2.13.0 and 2.13.1 lay it out otherwise under one key.
const FREE_THREADED_SINCE: (u32, u32, u32) = (2, 13, 2);

/// Compares both keys.
pub(super) fn state(a: (&Module, &Framework), b: (&Module, &Framework)) -> State {
    let (first, second) = (proved_keys(a.1), proved_keys(b.1));
    let all_known = |framework: &Framework, known: &[&AbiId]| {
        ids(framework, KEY).len() == known.len() && !known.is_empty()
    };
    if !all_known(a.1, &first) || !all_known(b.1, &second) {
        let key = keys::align(FrameworkKind::Pybind11, KEY, first.first().copied(), second.first().copied());
        let keys = if key.a.is_none() && key.b.is_none() { Vec::new() } else { vec![key] };
        return State::new(Verdict::Unknown, "but no internals key is certain in at least one of them", keys);
    }
    // A file with several copies of pybind11 has several keys; which function belongs to which isn't known.
    let common = first.iter().find(|key| second.iter().any(|other| other.text == key.text));
    let (one, other) = match common {
        Some(&key) => (key, key),
        None => (first[0], second[0]),
    };
    let key = keys::align(FrameworkKind::Pybind11, KEY, Some(one), Some(other));
    match common {
        None => State::new(Verdict::Isolated, format!("but {}", keys::tell(&key)), vec![key]),
        Some(_) if first.len() > 1 || second.len() > 1 => State::new(
            Verdict::Unknown,
            "and one holds several copies of it, of which one would share",
            vec![key],
        ),
        Some(_) if hides_a_break(a, b) => State::new(
            Verdict::Unknown,
            "with equal keys, but on free-threaded Pythons 2.13.2 changed the state without changing the key",
            vec![key],
        ),
        Some(_) => State::new(Verdict::Share, "with equal internals keys", vec![key]),
    }
}

fn proved_keys(framework: &Framework) -> Vec<&AbiId> {
    let mut found: Vec<&AbiId> = ids(framework, KEY).into_iter().filter_map(proved).collect();
    found.dedup_by(|a, b| a.text == b.text);
    found
}

/// Whether both are free-threaded and may stand on either side of the change that no key tells.
fn hides_a_break(a: (&Module, &Framework), b: (&Module, &Framework)) -> bool {
    if a.0.python.free_threaded.value != Some(true) || b.0.python.free_threaded.value != Some(true) {
        return false;
    }
    let number = |text: &str| {
        let mut parts = text.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    };
    let side = |framework: &Framework| {
        let versions = framework.version.value.as_ref()?;
        let highest = versions.highest.as_deref().map(number);
        match highest {
            _ if number(&versions.lowest) >= FREE_THREADED_SINCE => Some(true),
            Some(highest) if highest < FREE_THREADED_SINCE => Some(false),
            _ => None,
        }
    };
    let (first, second) = (side(a.1), side(b.1));
    first.is_none() || first != second
}
