//! The call-site cache: which records were judged for this consumer and type.
//!
//! One word is read on a hit: an atomic pointer to a judged record, whose key is the record's own `py_type`, so nothing
//! can tear. More words serve a site that sees several providers in turn. Only records are remembered, never a subclass
//! and never a refusal: a subclass may die and its address come back as another type, a record never does.
//! Knows nothing of Python; modelled with loom.

use core::hint::black_box;
use core::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// How many records a site remembers: classes that are published as one type are few.
const PLACES: usize = 8;

/// Remembers up to eight records of `R`, which live for ever.
#[derive(Debug)]
pub struct Cache<R: 'static> {
    /// Taken from the front; a place never becomes empty again. Invariant: each is NULL, or what came as a `&'static R`.
    places: [AtomicPtr<R>; PLACES],
}

impl<R> Default for Cache<R> {
    fn default() -> Self {
        Self { places: core::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())) }
    }
}

impl<R> Cache<R> {
    /// Makes an empty cache.
    // Loom's atomics can't be made in constant context.
    #[cfg(any(not(test), miri))]
    pub const fn new() -> Self {
        Self { places: [const { AtomicPtr::new(ptr::null_mut()) }; PLACES] }
    }
}

impl<R: Sync> Cache<R> {
    /// Returns the record to try first.
    #[inline(always)]
    pub fn first(&self) -> Option<&'static R> {
        let first = self.places[0].load(Ordering::Acquire);
        // SAFETY: the field's invariant.
        unsafe { first.as_ref() }
    }

    /// Returns the three records behind the first: few enough to be compared where an object is borrowed.
    #[inline(always)]
    pub fn second_to_fourth(&self) -> impl Iterator<Item = &'static R> {
        let [_, second, third, fourth, ..] = &self.places;
        let places = [second, third, fourth].into_iter().map(|place| place.load(Ordering::Acquire));
        // SAFETY: the field's invariant.
        places.map_while(|record| unsafe { record.as_ref() })
    }

    /// The places; how many isn't seen by the optimiser, which would write the cold loops over them out, place by place.
    fn places(&self) -> &[AtomicPtr<R>] {
        self.places.get(..black_box(PLACES)).unwrap_or_default()
    }

    /// Returns the records to try before judging anew.
    pub fn all(&self) -> impl Iterator<Item = &'static R> {
        let places = self.places().iter().map(|place| place.load(Ordering::Acquire));
        // SAFETY: the field's invariant.
        places.map_while(|record| unsafe { record.as_ref() })
    }

    /// Remembers a record that was judged; `is_dead` says which remembered one may be forgotten for it.
    ///
    /// With all places taken by living records the last is replaced.
    pub fn remember(&self, judged: &'static R, is_dead: impl Fn(&'static R) -> bool) {
        let judged = ptr::from_ref(judged).cast_mut();
        let Some((last, places)) = self.places().split_last() else { return };
        for place in places {
            let found = place.load(Ordering::Acquire);
            if found == judged {
                return;
            }
            // SAFETY: the field's invariant.
            let known = unsafe { found.as_ref() };
            if known.is_none_or(&is_dead) {
                let set = place.compare_exchange(found, judged, Ordering::Release, Ordering::Relaxed);
                // Another thread was faster. If it judged another record, that one stays and ours goes to the next place.
                if set.is_ok() || set == Err(judged) {
                    return;
                }
            }
        }
        last.store(judged, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;
    use crate::models::{Arc, AtomicUsize, model, thread};
    use crate::sync::Ordering;

    /// A record as the cache sees it: its key, and a payload that was written before it was judged.
    struct Record {
        key: AtomicUsize,
        payload: AtomicUsize,
    }

    fn record(key: usize) -> &'static Record {
        Box::leak(Box::new(Record { key: AtomicUsize::new(key), payload: AtomicUsize::new(key * 10) }))
    }

    fn is_dead(record: &Record) -> bool {
        record.key.load(Ordering::Relaxed) == 0
    }

    /// What the hit path reads: a record, whose own key decides.
    fn hit(cache: &Cache<Record>, key: usize) -> Option<usize> {
        let found = cache.first()?;
        (found.key.load(Ordering::Relaxed) == key).then(|| found.payload.load(Ordering::Relaxed))
    }

    #[test]
    fn a_hit_never_pairs_one_types_key_with_another_records_payload() {
        model(|| {
            let cache = Arc::new(Cache::default());
            let judges: Vec<_> = [1, 2]
                .into_iter()
                .map(|key| {
                    let cache = cache.clone();
                    thread::spawn(move || {
                        let judged = record(key);
                        judged.payload.store(key * 100, Ordering::Relaxed);
                        cache.remember(judged, is_dead);
                    })
                })
                .collect();
            for key in [1, 2] {
                assert!(hit(&cache, key).is_none_or(|payload| payload == key * 100));
            }
            for judge in judges {
                judge.join().unwrap();
            }
            // Both providers have a word, in either order.
            let words: Vec<_> = cache.all().map(|word| word.key.load(Ordering::Relaxed)).collect();
            assert!(words == [1, 2] || words == [2, 1], "{words:?}");
        });
    }

    #[test]
    fn a_dead_record_makes_room_and_is_never_hit() {
        model(|| {
            let cache = Arc::new(Cache::default());
            let dying = record(1);
            cache.remember(dying, is_dead);
            let other = {
                let cache = cache.clone();
                thread::spawn(move || {
                    dying.key.store(0, Ordering::Release);
                    cache.remember(record(2), is_dead);
                })
            };
            assert!(hit(&cache, 2).is_none_or(|payload| payload == 20));
            other.join().unwrap();
            assert_eq!(hit(&cache, 1), None);
            assert_eq!(hit(&cache, 2), Some(20));
        });
    }
}
