//! Where a record is live: the class that it names, and the core in which it does.
//!
//! A record that outlived its class is used again, perhaps in another interpreter, at any moment. So the address of a class that is
//! read from a record is worth nothing by itself: it may be another interpreter's, or of a class that has just gone. It is a
//! live class of one's own only for the holder of the core's lock, while the record says that core: a class that leaves takes
//! its records out under that lock, and goes after that. The guard is an argument, so nobody asks without the lock. Modelled
//! with loom.

use core::ptr::{self, NonNull};

use crate::claim;
use crate::sync::{AtomicPtr, AtomicU32, MutexGuard, Ordering};

/// Tells whether a record is published in a core just now.
///
/// The class comes first: while it stands there, the core is the one that was written with it.
#[inline]
pub fn is_here<C, K>(py_type: &AtomicPtr<C>, core: &AtomicPtr<K>, own: *const K) -> bool {
    !py_type.load(Ordering::Acquire).is_null() && ptr::eq(core.load(Ordering::Relaxed), own)
}

/// The class of a record that is live in a core whose lock is held. It can't go before the lock is given back.
pub fn class_here<C, K, M>(
    _held: &MutexGuard<'_, M>,
    py_type: &AtomicPtr<C>,
    core: &AtomicPtr<K>,
    own: *const K,
) -> Option<NonNull<C>> {
    // Under the lock a record neither comes to this core nor leaves it. So one that says this core was made live here before, and
    // what it says of its class is from then, or newer.
    if !ptr::eq(core.load(Ordering::Acquire), own) {
        return None;
    }
    NonNull::new(py_type.load(Ordering::Acquire))
}

/// Takes a live record out, and frees it for its provider to use again; the lock of its core is held.
pub fn retire<C, K, M>(
    _held: &MutexGuard<'_, M>,
    state: &AtomicU32,
    py_type: &AtomicPtr<C>,
    core: &AtomicPtr<K>,
) {
    if claim::begin_leaving(state) {
        py_type.store(ptr::null_mut(), Ordering::Release);
        core.store(ptr::null_mut(), Ordering::Relaxed);
        claim::free(state);
    }
}

#[cfg(test)]
mod tests {
    use core::ptr;
    use std::collections::BTreeSet;

    use super::{class_here, is_here, retire};
    use crate::claim;
    use crate::models::{Arc, model, thread};
    use crate::sync::{AtomicPtr, AtomicU32, Mutex, Ordering, locked};

    /// An interpreter's registry; its address is its core's.
    #[derive(Default)]
    struct Registry {
        lock: Mutex<()>,
    }

    /// A class, which its interpreter frees when its records are out.
    struct Class {
        of: *const Registry,
        freed: AtomicU32,
    }

    struct Record {
        state: AtomicU32,
        py_type: AtomicPtr<Class>,
        core: AtomicPtr<Registry>,
    }

    /// Two interpreters, and a record that is used by both.
    struct Process {
        ours: Registry,
        others: Registry,
        record: Record,
    }

    // SAFETY: classes are leaked, so that a stale one can be told from a freed one.
    unsafe impl Send for Process {}
    // SAFETY: as above.
    unsafe impl Sync for Process {}

    fn process() -> Arc<Process> {
        let record = Record {
            state: AtomicU32::new(claim::FREE),
            py_type: AtomicPtr::new(ptr::null_mut()),
            core: AtomicPtr::new(ptr::null_mut()),
        };
        Arc::new(Process { ours: Registry::default(), others: Registry::default(), record })
    }

    impl Record {
        /// What a provider and its registry do with a record that is free.
        fn publish(&self, registry: &Registry) -> &'static Class {
            assert!(claim::claim(&self.state), "it is free");
            let class = Box::into_raw(Box::new(Class { of: registry, freed: AtomicU32::new(0) }));
            let _held = locked(&registry.lock);
            self.core.store(ptr::from_ref(registry).cast_mut(), Ordering::Relaxed);
            assert!(claim::enliven(&self.state), "nobody else has claimed it");
            self.py_type.store(class, Ordering::Release);
            // SAFETY: leaked.
            unsafe { &*class }
        }

        /// What an interpreter does when the class that it published goes.
        fn leave(&self, registry: &Registry, class: &Class) {
            let held = locked(&registry.lock);
            retire(&held, &self.state, &self.py_type, &self.core);
            drop(held);
            class.freed.store(1, Ordering::Relaxed);
        }

        /// What the publisher of another class does: it looks at the classes of all records of the name.
        fn look(&self, registry: &Registry) -> Seen {
            let held = locked(&registry.lock);
            match class_here(&held, &self.py_type, &self.core, registry) {
                // SAFETY: leaked.
                Some(class) => follow(unsafe { class.as_ref() }, registry),
                None => Seen::Nothing,
            }
        }
    }

    /// What the address of a class led to.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    enum Seen {
        Nothing,
        Ours,
        Gone,
        Anothers,
    }

    /// Follows the address of a class, as a walk over its bases does.
    fn follow(class: &Class, registry: &Registry) -> Seen {
        if !ptr::eq(class.of, registry) {
            Seen::Anothers
        } else if class.freed.load(Ordering::Relaxed) != 0 {
            Seen::Gone
        } else {
            Seen::Ours
        }
    }

    /// The record is another interpreter's class's, which goes while the record comes to us and goes again; somebody looks meanwhile.
    /// Returns everything that was seen, whichever way threads took turns.
    fn moves(look: fn(&Record, &Registry) -> Seen) -> BTreeSet<Seen> {
        let all = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
        let seen = all.clone();
        model(move || {
            let process = process();
            let class = process.record.publish(&process.others);
            let moves = {
                let process = process.clone();
                thread::spawn(move || {
                    process.record.leave(&process.others, class);
                    // By a thread of ours, where there is no GIL.
                    let class = process.record.publish(&process.ours);
                    process.record.leave(&process.ours, class);
                })
            };
            let found = look(&process.record, &process.ours);
            seen.lock().expect("no panic").insert(found);
            moves.join().expect("no panic");
            assert!(!is_here(&process.record.py_type, &process.record.core, &process.others));
        });
        let all = all.lock().expect("no panic");
        all.clone()
    }

    #[test]
    fn a_class_that_is_followed_is_of_this_interpreter_and_alive() {
        let seen = moves(Record::look);
        assert!(seen.iter().all(|seen| *seen <= Seen::Ours), "{seen:?}");
        // One run of miri's needn't meet both.
        assert!(cfg!(miri) || seen.len() == 2, "{seen:?}");
    }

    #[cfg_attr(miri, ignore = "one run needn't meet the race")]
    #[test]
    fn a_class_whose_record_was_not_asked_for_its_core_would_be_anothers() {
        let seen = moves(|record, registry| {
            let _held = locked(&registry.lock);
            // SAFETY: leaked.
            let class = unsafe { record.py_type.load(Ordering::Acquire).as_ref() };
            class.map_or(Seen::Nothing, |class| follow(class, registry))
        });
        assert!(seen.contains(&Seen::Anothers), "{seen:?}");
    }

    #[cfg_attr(miri, ignore = "one run needn't meet the race")]
    #[test]
    fn a_class_that_is_looked_at_without_the_lock_would_be_gone_or_anothers() {
        let seen = moves(|record, registry| {
            let class = record.py_type.load(Ordering::Acquire);
            let is_here = is_here(&record.py_type, &record.core, registry);
            // SAFETY: leaked.
            let class = unsafe { class.as_ref() }.filter(|_| is_here);
            class.map_or(Seen::Nothing, |class| follow(class, registry))
        });
        assert!(seen.contains(&Seen::Gone) && seen.contains(&Seen::Anothers), "{seen:?}");
    }
}
