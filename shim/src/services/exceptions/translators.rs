//! The list of translators, in the order of registration.
//!
//! A walk holds no place in the list: each step asks for the next older one by the number that it was registered with. So
//! what is registered during a walk isn't seen by it, and what is unregistered isn't called any more. The lock is held for a
//! step only. Knows nothing of Python; modelled with loom in `tests/`.

use crate::sync::{Mutex, locked};

/// A list of `T`, each of a kind.
#[derive(Debug)]
pub(crate) struct Translators<T> {
    list: Mutex<List<T>>,
}

#[derive(Debug)]
struct List<T> {
    /// The number of the next one.
    next: u64,
    entries: Vec<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    number: u64,
    kind: Box<str>,
    translator: T,
}

impl<T: Copy + PartialEq> Translators<T> {
    pub(crate) fn new() -> Self {
        Self { list: Mutex::new(List { next: 1, entries: Vec::new() }) }
    }

    /// Adds one in front of the others; false when it is there.
    pub(crate) fn register(&self, kind: &str, translator: T) -> bool {
        let mut list = locked(&self.list);
        if list.entries.iter().any(|entry| entry.translator == translator) {
            return false;
        }
        let number = list.next;
        list.next += 1;
        list.entries.push(Entry { number, kind: kind.into(), translator });
        true
    }

    /// Takes one away; false when it isn't there.
    pub(crate) fn unregister(&self, translator: T) -> bool {
        let mut list = locked(&self.list);
        let place = list.entries.iter().position(|entry| entry.translator == translator);
        place.map(|place| list.entries.remove(place)).is_some()
    }

    /// Calls `ask` with each of that kind, or of all, the newest first, until it returns something.
    pub(crate) fn walk<R>(&self, kind: Option<&str>, mut ask: impl FnMut(T) -> Option<R>) -> Option<R> {
        let mut before = u64::MAX;
        loop {
            let older =
                |entry: &&Entry<T>| entry.number < before && kind.is_none_or(|kind| *entry.kind == *kind);
            let next = locked(&self.list)
                .entries
                .iter()
                .rev()
                .find(older)
                .map(|entry| (entry.number, entry.translator));
            let (number, translator) = next?;
            if let Some(answer) = ask(translator) {
                return Some(answer);
            }
            before = number;
        }
    }
}
