//! What was found out about objects in earlier dumps, for both engines. They are known weakly: what is gone is forgotten when there is more than
//! twice as much as there was.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::python::{Object, Owned, Result};
use crate::room::Room as _;
use crate::writer::ById;

/// How many objects are remembered before it is looked whether they still are.
const AT_FIRST: usize = 256;

/// What is known about objects, by their addresses.
pub(crate) struct Kept<T>(Mutex<Inner<T>>);

struct Inner<T> {
    known: ById<(Owned, T)>,
    most: usize,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(Inner { known: ById::default(), most: AT_FIRST }))
    }
}

impl<T: Clone> Kept<T> {
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known about an object, if it is still this one that stands at its address.
    pub(crate) fn find(&self, object: &Object) -> Result<Option<T>> {
        let found =
            self.lock().known.get(&object.ptr().addr()).map(|(weak, known)| (weak.clone(), known.clone()));
        let Some((weak, known)) = found else { return Ok(None) };
        Ok(weak.weakly()?.is_some_and(|there| there.is(object)).then_some(known))
    }

    /// Remembers something about an object, and returns it; where another thread has been faster with what `holds`, that.
    pub(crate) fn keep(&self, object: &Object, new: T, holds: impl FnOnce(&T) -> bool) -> Result<T> {
        let address = object.ptr().addr();
        let weak = object.weak()?;
        let mut kept = self.lock();
        // An object has one weak reference of this kind, so the same one is to the same object.
        if let Some((_, known)) = kept.known.get(&address).filter(|(known, _)| known.is(&weak)) {
            if holds(known) {
                return Ok(known.clone());
            }
        }
        let full = kept.known.len() >= kept.most.max(AT_FIRST);
        // What falls out is dropped when the lock is free: its end may run any code.
        let all = if full { core::mem::take(&mut kept.known) } else { ById::default() };
        let before = kept.known.room()?.insert(address, (weak, new.clone()));
        drop(kept);
        drop(before);
        if !full {
            return Ok(new);
        }
        let mut alive = ById::default();
        let mut gone = Vec::new();
        for (address, (weak, known)) in all {
            // Where that fails, nothing is forgotten.
            if weak.weakly().map_or_else(
                |raised| {
                    raised.dismiss();
                    true
                },
                |there| there.is_some(),
            ) {
                alive.room()?.insert(address, (weak, known));
            } else {
                gone.room()?.push((weak, known));
            }
        }
        let mut kept = self.lock();
        kept.most = alive.len().saturating_mul(2);
        for (address, known) in alive {
            if let std::collections::hash_map::Entry::Vacant(place) = kept.known.room()?.entry(address) {
                place.insert(known);
            } else {
                gone.room()?.push(known);
            }
        }
        drop(kept);
        drop(gone);
        Ok(new)
    }
}
