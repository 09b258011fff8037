//! Who may write a type record now: the state word, by which a record that outlived its class is used again.
//!
//! A record is never freed, and two interpreters of a process may find it free at the same moment. So its state moves by
//! exchanges that only one of them wins, and each state names the one who may write:
//!
//! | state | who may write the record | moves on by |
//! |---|---|---|
//! | [`FREE`] | nobody | [`claim`], of a provider |
//! | [`CLAIMED`] | the provider that claimed it, then the registry that it hands the record to | [`enliven`] or [`abandon`] |
//! | [`LIVE`] | nobody but for flags; consumers read | [`begin_leaving`], of the registry |
//! | [`LEAVING`] | the registry | [`free`] |
//!
//! **Publish**: claim; write `data_offset`; store `core` and `serial`; enliven; store the class in `py_type` (Release), last.
//! **Leave**: begin leaving; store NULL in `py_type` (Release); take `core` out; free; release the core that was taken.
//! **Read**: `py_type` (Acquire) is the object's class; then `data_offset`.
//!
//! A reader may be between its two loads while the record leaves and is claimed again. Therefore a record that ever stated a
//! `data_offset` is only published again with the same one. A provider checks that after its claim, when nobody else can
//! change it, and abandons the record otherwise. Modelled with loom.

use crate::sync::{AtomicU32, Ordering};

pub use interbind_abi::types::record::{
    STATE_CLAIMED as CLAIMED, STATE_FREE as FREE, STATE_LEAVING as LEAVING, STATE_LIVE as LIVE,
};

/// Claims a free record; true for the one call that did.
///
/// The claimer sees everything that was written before the record became free.
pub fn claim(state: &AtomicU32) -> bool {
    moves(state, FREE, CLAIMED)
}

/// Gives a claimed record back; false when it isn't claimed any more, because the registry has made it live.
pub fn abandon(state: &AtomicU32) -> bool {
    moves(state, CLAIMED, FREE)
}

/// Makes a claimed record live; false when nobody has claimed it, or it is live already.
pub fn enliven(state: &AtomicU32) -> bool {
    moves(state, CLAIMED, LIVE)
}

/// Begins to take a live record back; true for the one call that did, which goes on to [`free`].
pub fn begin_leaving(state: &AtomicU32) -> bool {
    moves(state, LIVE, LEAVING)
}

/// Frees a record that is leaving: the last write of the call that began it, as anybody may claim the record from here on.
pub fn free(state: &AtomicU32) {
    state.store(FREE, Ordering::Release);
}

/// Tells whether a record is published; what was written before [`enliven`] is seen then.
#[inline]
pub fn is_live(state: &AtomicU32) -> bool {
    state.load(Ordering::Acquire) == LIVE
}

/// Acquire: what the last owner of the record wrote is seen. Release: so is what this one has written, by the next.
#[inline]
fn moves(state: &AtomicU32, from: u32, to: u32) -> bool {
    state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::AtomicUsize as Note;

    use super::{abandon, begin_leaving, claim, enliven, free, is_live};
    use crate::models::{Arc, AtomicUsize, model, thread};
    use crate::sync::{AtomicU32, Ordering};

    /// A record as far as its state goes; classes and cores are numbers, and 0 is NULL.
    struct Record {
        state: AtomicU32,
        py_type: AtomicUsize,
        data_offset: AtomicUsize,
        core: AtomicUsize,
        /// Whose it is, for assertions alone: loom doesn't see it and takes no turn for it.
        owner: Note,
    }

    fn record() -> Arc<Record> {
        Arc::new(Record {
            state: AtomicU32::new(super::FREE),
            py_type: AtomicUsize::new(0),
            data_offset: AtomicUsize::new(0),
            core: AtomicUsize::new(0),
            owner: Note::new(0),
        })
    }

    #[derive(Clone, Copy)]
    struct Class {
        number: usize,
        offset: usize,
        core: usize,
    }

    const FIRST: Class = Class { number: 1, offset: 8, core: 10 };
    const SECOND: Class = Class { number: 2, offset: 8, core: 20 };
    /// Of another layout than the others.
    const OTHER: Class = Class { number: 3, offset: 16, core: 30 };

    impl Record {
        /// Publishes a class, unless the record isn't free or has stated another offset.
        fn publish(&self, class: Class) -> bool {
            if !claim(&self.state) {
                return false;
            }
            let stated = self.data_offset.load(Ordering::Relaxed);
            if stated != 0 && stated != class.offset {
                assert!(abandon(&self.state), "nobody else has it");
                return false;
            }
            self.fill(class);
            true
        }

        /// What a provider and its registry write into a claimed record.
        fn fill(&self, class: Class) {
            assert_eq!(self.owner.swap(class.number, Ordering::Relaxed), 0, "one owner at a time");
            self.data_offset.store(class.offset, Ordering::Relaxed);
            self.core.store(class.core, Ordering::Relaxed);
            assert!(enliven(&self.state));
            self.py_type.store(class.number, Ordering::Release);
        }

        /// Takes a class back and returns the core to be released; none when another call did.
        fn leave(&self) -> Option<usize> {
            if !begin_leaving(&self.state) {
                return None;
            }
            self.py_type.store(0, Ordering::Release);
            let core = self.core.swap(0, Ordering::AcqRel);
            self.owner.store(0, Ordering::Relaxed);
            free(&self.state);
            Some(core)
        }

        /// What a consumer does with an object of a class.
        fn read(&self, class: Class) -> Option<usize> {
            let published = self.py_type.load(Ordering::Acquire) == class.number;
            published.then(|| self.data_offset.load(Ordering::Relaxed))
        }

        #[track_caller]
        fn assert_read(&self, class: Class) {
            assert!(self.read(class).is_none_or(|offset| offset == class.offset), "another class's offset");
        }
    }

    /// Does in another thread what a model needs done.
    fn spawn<R: Send + 'static>(
        record: &Arc<Record>,
        body: impl FnOnce(&Record) -> R + 'static,
    ) -> thread::JoinHandle<R> {
        let record = record.clone();
        thread::spawn(move || body(&record))
    }

    #[test]
    fn two_providers_and_a_class_that_leaves_never_share_a_record_or_mix_up_their_cores() {
        model(|| {
            let record = record();
            assert!(record.publish(FIRST));
            let leaves = spawn(&record, |record| record.leave());
            // The second interpreter publishes and ends.
            let comes = spawn(&record, |record| record.publish(SECOND).then(|| record.leave()));
            let third = Class { number: 3, core: 30, ..FIRST };
            let published = record.publish(third);
            if published {
                assert!(is_live(&record.state));
                assert_eq!(record.read(third), Some(third.offset), "nobody else writes it");
                assert_eq!(record.leave(), Some(third.core));
            }
            assert_eq!(leaves.join().unwrap(), Some(FIRST.core));
            let second = comes.join().unwrap();
            assert!([None, Some(Some(SECOND.core))].contains(&second), "{second:?}");
            assert!(record.publish(SECOND), "free in the end");
        });
    }

    #[test]
    fn a_reader_never_pairs_its_class_with_another_classs_offset() {
        for second in [SECOND, OTHER] {
            model(move || {
                let record = record();
                let first = spawn(&record, |record| record.publish(FIRST).then(|| record.leave()));
                let other = spawn(&record, move |record| record.publish(second));
                record.assert_read(FIRST);
                record.assert_read(second);
                let first = first.join().unwrap();
                let other = other.join().unwrap();
                assert!(first.is_some() || other, "one of them found it free");
                assert_eq!(is_live(&record.state), other);
                let offset = record.data_offset.load(Ordering::Relaxed);
                assert_eq!(offset, if first.is_some() { FIRST.offset } else { second.offset });
            });
        }
    }

    #[cfg_attr(miri, ignore = "one run needn't meet the race")]
    #[should_panic(expected = "another class's offset")]
    #[test]
    fn a_record_that_took_another_offset_would_mislead_a_reader() {
        model(|| {
            let record = record();
            assert!(record.publish(FIRST));
            let reused = spawn(&record, |record| {
                record.leave();
                if claim(&record.state) {
                    record.fill(OTHER);
                }
            });
            record.assert_read(FIRST);
            reused.join().unwrap();
        });
    }

    #[test]
    fn a_class_given_up_early_is_read_at_its_own_offset_or_not_at_all() {
        model(|| {
            let record = record();
            assert!(record.publish(FIRST));
            // Python code takes the class's anchor away, and the record is used for the next class.
            let early = spawn(&record, |record| (record.leave(), record.publish(SECOND)));
            // An object of the class is read meanwhile: at its own offset, or not at all.
            let reads = spawn(&record, |record| record.assert_read(FIRST));
            record.assert_read(SECOND);
            reads.join().unwrap();
            let (core, published) = early.join().unwrap();
            assert_eq!((core, published), (Some(FIRST.core), true));
            assert_eq!(record.read(FIRST), None);
            assert_eq!(record.read(SECOND), Some(SECOND.offset));
        });
    }

    #[test]
    fn of_two_threads_that_give_up_one_class_one_takes_its_core() {
        model(|| {
            let record = record();
            assert!(record.publish(FIRST));
            let other = spawn(&record, |record| record.leave());
            let here = record.leave();
            let taken: Vec<_> = [here, other.join().unwrap()].into_iter().flatten().collect();
            assert_eq!(taken, [FIRST.core]);
        });
    }

    #[test]
    fn a_class_that_dies_hides_its_record_before_its_address_is_used_again() {
        model(|| {
            let record = record();
            assert!(record.publish(FIRST));
            let reused = Arc::new(AtomicU32::new(0));
            let dies = {
                let reused = reused.clone();
                spawn(&record, move |record| {
                    record.leave();
                    reused.store(1, Ordering::Release);
                })
            };
            // A thread that has an object of the new class at that address learned of it after `reused`.
            if reused.load(Ordering::Acquire) == 1 {
                assert_eq!(record.read(FIRST), None, "no hit on an address that is used again");
            }
            dies.join().unwrap();
        });
    }

    #[test]
    fn a_state_moves_only_from_the_one_before_it() {
        model(|| {
            let state = AtomicU32::new(super::FREE);
            assert!(!abandon(&state) && !enliven(&state) && !begin_leaving(&state));
            assert!(claim(&state) && !claim(&state) && !begin_leaving(&state));
            assert!(abandon(&state) && !enliven(&state));
            assert!(claim(&state) && enliven(&state) && is_live(&state));
            assert!(!claim(&state) && !abandon(&state) && !enliven(&state));
            assert!(begin_leaving(&state) && !begin_leaving(&state) && !is_live(&state));
            assert!(!claim(&state) && !abandon(&state) && !enliven(&state));
            free(&state);
            assert!(claim(&state));
        });
    }
}
