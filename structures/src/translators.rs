//! The list of translators, in the order of registration.
//!
//! A walk holds no place in the list: each step asks for the next older one by the number that it was registered with. So
//! what is registered during a walk isn't seen by it, and what is unregistered isn't called any more. The lock is held for a
//! step only. Knows nothing of Python; modelled with loom.

use crate::memory::{copied, push};
use crate::sync::{Mutex, locked};
use crate::table::Full;

/// A list of `T`, each of a kind.
#[derive(Debug)]
pub struct Translators<T> {
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

impl<T: Copy + PartialEq> Default for Translators<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy + PartialEq> Translators<T> {
    /// Makes an empty list.
    pub fn new() -> Self {
        Self { list: Mutex::new(List { next: 1, entries: Vec::new() }) }
    }

    /// Adds one in front of the others; false when it is there.
    ///
    /// # Errors
    /// [`Full`]: there is no memory, and nothing has changed.
    pub fn register(&self, kind: &str, translator: T) -> Result<bool, Full> {
        let kind = copied(kind)?;
        let mut list = locked(&self.list);
        if list.entries.iter().any(|entry| entry.translator == translator) {
            return Ok(false);
        }
        let number = list.next;
        push(&mut list.entries, Entry { number, kind, translator })?;
        list.next += 1;
        Ok(true)
    }

    /// Takes one away; false when it isn't there.
    pub fn unregister(&self, translator: T) -> bool {
        let mut list = locked(&self.list);
        let place = list.entries.iter().position(|entry| entry.translator == translator);
        place.map(|place| list.entries.remove(place)).is_some()
    }

    /// Calls `ask` with each of that kind, or of all, the newest first, until it returns something.
    pub fn walk<R>(&self, kind: Option<&str>, mut ask: impl FnMut(T) -> Option<R>) -> Option<R> {
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

#[cfg(test)]
mod tests {
    use super::Translators;
    use crate::models::{Arc, model, thread};

    #[test]
    fn a_walk_over_translators_asks_each_once_while_others_register_and_unregister() {
        model(|| {
            let translators = Arc::new(Translators::new());
            assert_eq!([1, 2].map(|one| translators.register("k", one)), [Ok(true); 2]);
            let other = {
                let translators = translators.clone();
                thread::spawn(move || {
                    assert_eq!(translators.register("k", 3), Ok(true));
                    assert!(translators.unregister(2));
                    assert!(!translators.unregister(2));
                })
            };
            let mut asked = Vec::new();
            let answer = translators.walk(Some("k"), |translator| {
                asked.push(translator);
                None::<()>
            });
            assert_eq!(answer, None);
            // The oldest one is there all the time; the others may be seen or not, the newest first.
            assert!([&[1][..], &[2, 1], &[3, 1], &[3, 2, 1]].contains(&&*asked), "{asked:?}");
            other.join().unwrap();
            let mut asked = Vec::new();
            translators.walk(None, |translator| {
                asked.push(translator);
                None::<()>
            });
            assert_eq!(asked, [3, 1]);
        });
    }
}
