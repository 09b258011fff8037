//! Models of the lock-free parts: every interleaving that the memory model allows, by loom.
//!
//! The shim's own files are compiled here with loom's atomics in place of std's; they know nothing of Python.

#![allow(missing_docs, dead_code, reason = "the included files serve the shim")]

#[path = "../../shim/src/interpreters/bindings.rs"]
mod bindings;
#[path = "../../shim/src/cache.rs"]
mod cache;
#[path = "../../shim/src/runtime/own/chain.rs"]
mod chain;
#[path = "../../shim/src/lifetime.rs"]
mod lifetime;
#[path = "../../shim/src/sync.rs"]
mod sync;
#[path = "../../shim/src/services/exceptions/translators.rs"]
mod translators;

use bindings::Bindings;
use cache::Cache;
use chain::Chain;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use loom::thread;
use translators::Translators;

/// A record as the cache sees it: its key, and a payload that was written before it was judged.
struct Record {
    key: AtomicUsize,
    payload: AtomicUsize,
}

fn record(key: usize) -> &'static Record {
    Box::leak(Box::new(Record { key: AtomicUsize::new(key), payload: AtomicUsize::new(key * 10) }))
}

fn is_dead(record: *const Record) -> bool {
    // SAFETY: records are leaked, as in the shim.
    unsafe { &*record }.key.load(Ordering::Relaxed) == 0
}

/// What the hit path reads: a record, whose own key decides.
fn hit(cache: &Cache<Record>, key: usize) -> Option<usize> {
    // SAFETY: records are leaked, as in the shim.
    let found = unsafe { cache.first().as_ref() }?;
    (found.key.load(Ordering::Relaxed) == key).then(|| found.payload.load(Ordering::Relaxed))
}

#[test]
fn a_hit_never_pairs_one_types_key_with_another_records_payload() {
    loom::model(|| {
        let cache = Arc::new(Cache::new());
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
        // Both providers have a word, whoever was first.
        // SAFETY: as above.
        let words: Vec<_> = cache.all().map(|word| unsafe { &*word }.key.load(Ordering::Relaxed)).collect();
        assert!(words == [1, 2] || words == [2, 1], "{words:?}");
    });
}

#[test]
fn a_dead_record_makes_room_and_is_never_hit() {
    loom::model(|| {
        let cache = Arc::new(Cache::new());
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

#[test]
fn two_makers_of_one_service_agree_and_the_loser_gets_its_copy_back() {
    loom::model(|| {
        let chain = Arc::new(Chain::new());
        let add = |chain: &Chain<(u8, usize)>, made: usize| match chain.add((7, made), |value| value.0 == 7) {
            Ok(value) => (value.1, None),
            Err((winner, loser)) => (winner.1, Some(loser.1)),
        };
        let other = {
            let chain = chain.clone();
            thread::spawn(move || add(&chain, 1))
        };
        let (ours, lost_here) = add(&chain, 2);
        let (theirs, lost_there) = other.join().unwrap();
        assert_eq!(ours, theirs);
        assert_eq!([lost_here, lost_there].into_iter().flatten().collect::<Vec<_>>(), [3 - ours]);
    });
}

#[test]
fn makers_of_two_services_both_find_both() {
    loom::model(|| {
        let chain = Arc::new(Chain::new());
        let other = {
            let chain = chain.clone();
            thread::spawn(move || chain.add(1, |value| *value == 1).is_ok())
        };
        assert!(chain.add(2, |value| *value == 2).is_ok());
        assert!(other.join().unwrap());
        for wanted in [1, 2] {
            assert_eq!(chain.find(|value| *value == wanted), Some(&wanted));
        }
    });
}

/// A core as far as its lifetime goes: freeing it makes the pointer NULL.
struct Core {
    state: AtomicU32,
    users: AtomicU64,
    freed: AtomicU32,
}

fn leave(core: &Core) {
    if lifetime::leave(&core.users) {
        assert_eq!(core.freed.fetch_add(1, Ordering::Relaxed), 0, "freed once");
    }
}

#[test]
fn closing_while_a_module_publishes_frees_the_core_once_and_with_the_last_user() {
    loom::model(|| {
        // Users: the capsule, and one bound module.
        let core = Arc::new(Core {
            state: AtomicU32::new(lifetime::OPEN),
            users: AtomicU64::new(2),
            freed: AtomicU32::new(0),
        });
        let module = {
            let core = core.clone();
            thread::spawn(move || {
                let published = lifetime::is_open(&core.state);
                if published {
                    // A registered type becomes a user, and dies in the last collection.
                    lifetime::enter(&core.users);
                    assert_eq!(core.freed.load(Ordering::Relaxed), 0);
                    leave(&core);
                }
                assert_eq!(core.freed.load(Ordering::Relaxed), 0, "the module is a user");
                leave(&core);
                published
            })
        };
        assert!(lifetime::close(&core.state), "closes once");
        assert!(!lifetime::close(&core.state));
        leave(&core);
        module.join().unwrap();
        assert!(!lifetime::is_open(&core.state));
        assert_eq!(core.freed.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_type_that_dies_hides_its_record_before_its_address_is_used_again() {
    loom::model(|| {
        // The record's key is an address; the callback writes 0 before the memory is given to another type.
        let registered = Arc::new(AtomicPtr::new(std::ptr::without_provenance_mut::<u8>(8)));
        let reused = Arc::new(AtomicU32::new(0));
        let dying = {
            let (registered, reused) = (registered.clone(), reused.clone());
            thread::spawn(move || {
                registered.store(std::ptr::null_mut(), Ordering::Release);
                reused.store(1, Ordering::Release);
            })
        };
        // A thread that has an object of the new type at that address learned of it after `reused`.
        if reused.load(Ordering::Acquire) == 1 {
            assert!(registered.load(Ordering::Relaxed).is_null(), "no hit on a reused address");
        }
        dying.join().unwrap();
    });
}

#[test]
fn two_makers_of_one_datum_agree_and_one_copy_is_freed() {
    /// A datum whose drop is its `free`, as in the service.
    struct Datum {
        made: usize,
        freed: Arc<AtomicUsize>,
    }
    impl Drop for Datum {
        fn drop(&mut self) {
            self.freed.fetch_add(self.made, Ordering::Relaxed);
        }
    }
    loom::model(|| {
        let freed = Arc::new(AtomicUsize::new(0));
        let chain = Arc::new(Chain::new());
        let get = |chain: &Chain<Datum>, freed: &Arc<AtomicUsize>, made: usize| {
            if let Some(found) = chain.find(|_| true) {
                return (found.made, 0);
            }
            let datum = Datum { made, freed: freed.clone() };
            (chain.add(datum, |_| true).unwrap_or_else(|(winner, _loser)| winner).made, made)
        };
        let other = {
            let (chain, freed) = (chain.clone(), freed.clone());
            thread::spawn(move || get(&chain, &freed, 1))
        };
        let (ours, made_here) = get(&chain, &freed, 2);
        let (theirs, made_there) = other.join().unwrap();
        assert_eq!(ours, theirs);
        // What was made and lost is freed by now, the winner isn't.
        assert_eq!(freed.load(Ordering::Relaxed), made_here + made_there - ours);
        drop(chain);
        assert_eq!(freed.load(Ordering::Relaxed), made_here + made_there);
    });
}

#[test]
fn a_walk_over_translators_asks_each_once_whoever_registers_and_unregisters_meanwhile() {
    loom::model(|| {
        let translators = Arc::new(Translators::new());
        assert!(translators.register("k", 1) && translators.register("k", 2));
        let other = {
            let translators = translators.clone();
            thread::spawn(move || {
                assert!(translators.register("k", 3));
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

/// A module's binding as the look-up sees it: which interpreter it is of, and whether it was freed.
struct Seat {
    interpreter: usize,
    freed: AtomicU32,
}

fn seat(interpreter: usize) -> *mut Seat {
    Box::into_raw(Box::new(Seat { interpreter, freed: AtomicU32::new(0) }))
}

/// What code of the module does in an interpreter that has imported it.
fn serve(bindings: &Bindings<Seat>, interpreter: usize) {
    let mut found = bindings.sole();
    if found.is_null() {
        let generation = bindings.generation();
        let (seat, under) = bindings.find(interpreter);
        assert!(under >= generation);
        found = seat;
    }
    // SAFETY: seats are leaked here, so that a stale one can be told from a freed one.
    let seat = unsafe { found.as_ref() }.expect("the module was imported");
    assert_eq!(seat.interpreter, interpreter);
    assert_eq!(seat.freed.load(Ordering::Relaxed), 0);
}

#[test]
fn a_module_is_served_by_the_seat_of_the_interpreter_that_its_code_runs_in() {
    loom::model(|| {
        let bindings = Arc::new(Bindings::new());
        bindings.add(1, seat(1));
        let other = {
            let bindings = bindings.clone();
            thread::spawn(move || {
                // The second interpreter imports the module, runs its code, and ends.
                let mine = seat(2);
                bindings.add(2, mine);
                serve(&bindings, 2);
                bindings.remove(mine);
                // SAFETY: as in `serve`.
                unsafe { &*mine }.freed.store(1, Ordering::Relaxed);
            })
        };
        serve(&bindings, 1);
        serve(&bindings, 1);
        other.join().expect("no panic");
        serve(&bindings, 1);
        // For ever: whoever was second may have left code behind that still runs.
        assert!(bindings.sole().is_null());
    });
}

#[test]
fn a_remembered_seat_is_asked_for_anew_when_an_address_comes_back() {
    loom::model(|| {
        let bindings = Arc::new(Bindings::new());
        let first = seat(1);
        bindings.add(1, first);
        let generation = bindings.generation();
        let ends = {
            let bindings = bindings.clone();
            thread::spawn(move || {
                bindings.remove(first);
                // SAFETY: as in `serve`.
                unsafe { &*first }.freed.store(1, Ordering::Relaxed);
                // Another interpreter at the same address.
                bindings.add(1, seat(1));
            })
        };
        ends.join().expect("no panic");
        assert_ne!(bindings.generation(), generation);
        serve(&bindings, 1);
    });
}
