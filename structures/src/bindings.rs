//! Which binding of a module serves an interpreter.
//!
//! One load while a single interpreter has imported the module; from the second one on, for ever, a look-up by the
//! interpreter's address, which callers remember together with a generation. The generation moves whenever a binding comes
//! or goes, so an address that is used again can't be taken for the interpreter that had it before. Nothing here takes a
//! lock: a process may fork while another thread is in the middle of any of it. Knows nothing of Python; modelled with loom.

use core::ptr;

use crate::chain::Chain;
use crate::sync::{AtomicPtr, AtomicU64, Ordering};
use crate::table::Full;

/// The bindings of a module, one for each living interpreter that has imported it; owned by somebody else.
#[derive(Debug)]
pub struct Bindings<B> {
    /// The only one that ever was. NULL before it comes; [`CLOSED`] after it went, and for ever once there was a second
    /// interpreter.
    sole: AtomicPtr<B>,
    /// The first interpreter's address and one; 0 before it comes.
    first: AtomicU64,
    generation: AtomicU64,
    /// Never freed, and used again.
    places: Chain<Place<B>>,
}

/// Where an interpreter's binding is found.
#[derive(Debug)]
struct Place<B> {
    interpreter: AtomicU64,
    /// NULL: the place is free. [`CLOSED`]: somebody is moving in.
    binding: AtomicPtr<B>,
}

/// An address that no binding has, and neither has NULL.
const CLOSED: usize = 1;

fn closed<B>() -> *mut B {
    ptr::without_provenance_mut(CLOSED)
}

impl<B> Default for Bindings<B> {
    fn default() -> Self {
        Self {
            sole: AtomicPtr::new(ptr::null_mut()),
            first: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            places: Chain::new(),
        }
    }
}

impl<B> Place<B> {
    /// The binding of `interpreter`, if it is here.
    fn of(&self, interpreter: u64) -> Option<*mut B> {
        loop {
            let binding = self.binding.load(Ordering::Acquire);
            if binding.addr() <= CLOSED || self.interpreter.load(Ordering::Acquire) != interpreter {
                return None;
            }
            // Else the place has changed hands between the two loads.
            if self.binding.load(Ordering::Acquire) == binding {
                return Some(binding);
            }
        }
    }

    /// Moves in, if the place is free.
    fn claim(&self, interpreter: u64, binding: *mut B) -> bool {
        let free = ptr::null_mut();
        if self.binding.compare_exchange(free, closed(), Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return false;
        }
        self.interpreter.store(interpreter, Ordering::Release);
        self.binding.store(binding, Ordering::Release);
        true
    }
}

impl<B> Bindings<B> {
    /// Makes an empty list.
    // Loom's atomics can't be made in constant context.
    #[cfg(any(not(test), miri))]
    pub const fn new() -> Self {
        Self {
            sole: AtomicPtr::new(ptr::null_mut()),
            first: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            places: Chain::new(),
        }
    }

    /// Notes an interpreter, before any code of the module runs in it: once there are two, there is no
    /// [sole](Self::sole) binding any more, whichever of them is bound, and when.
    pub fn note(&self, interpreter: usize) {
        let first = interpreter as u64 + 1;
        match self.first.compare_exchange(0, first, Ordering::AcqRel, Ordering::Acquire) {
            Err(other) if other != first => self.close(),
            _ => {}
        }
    }

    /// The only binding, or NULL: then ask [`Bindings::find`].
    ///
    /// Right for code of the module: it runs only in interpreters that were [noted](Self::note).
    #[inline(always)]
    pub fn sole(&self) -> *const B {
        let sole = self.sole.load(Ordering::Acquire);
        if sole.addr() > CLOSED { sole } else { ptr::null() }
    }

    /// What an answer of [`Bindings::find`] is worth: it holds as long as this doesn't move.
    #[inline(always)]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The binding of an interpreter, or NULL, with the generation that it was found under.
    pub fn find(&self, interpreter: usize) -> (*const B, u64) {
        // First: what comes or goes during the walk makes the answer stale.
        let generation = self.generation();
        let found = self.places.find(|place| place.of(interpreter as u64).is_some());
        let binding = found.and_then(|place| place.of(interpreter as u64));
        (binding.map_or(ptr::null(), <*mut B>::cast_const), generation)
    }

    /// Adds the binding of an interpreter; one that an ended interpreter of the same address has left is forgotten.
    ///
    /// # Errors
    /// [`Full`]: there is no memory.
    pub fn add(&self, interpreter: usize, binding: *mut B) -> Result<(), Full> {
        self.note(interpreter);
        let address = interpreter as u64;
        let (mut known, mut moved) = (false, false);
        let replace = |place: &Place<B>| {
            while let Some(other) = place.of(address) {
                if other == binding {
                    return (true, false);
                }
                let replaced =
                    place.binding.compare_exchange(other, binding, Ordering::AcqRel, Ordering::Relaxed);
                if replaced.is_ok() {
                    return (true, true);
                }
            }
            (false, false)
        };
        // More than one: two threads of an interpreter may have added one binding at the same time.
        let mut places = self.places.iter();
        for (here, changed) in places.by_ref().map(replace) {
            known |= here;
            moved |= changed;
        }
        if moved {
            self.close();
        }
        if known {
            return Ok(());
        }
        if self.places.find(|place| place.claim(address, binding)).is_none() {
            let place = Place { interpreter: AtomicU64::new(address), binding: AtomicPtr::new(binding) };
            self.places.add(place, |_| false).map_err(|_| Full)?;
        }
        // Fails for ever once a second interpreter was noted.
        let nothing = ptr::null_mut();
        let _ = self.sole.compare_exchange(nothing, binding, Ordering::AcqRel, Ordering::Relaxed);
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// Takes a binding away.
    pub fn remove(&self, binding: *mut B) {
        let free = ptr::null_mut();
        let _ = self.sole.compare_exchange(binding, closed(), Ordering::AcqRel, Ordering::Relaxed);
        for place in self.places.iter() {
            let _ = place.binding.compare_exchange(binding, free, Ordering::AcqRel, Ordering::Relaxed);
        }
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// There is no sole binding any more.
    fn close(&self) {
        // An exchange, so that it and the one that makes a binding the sole one have an order.
        self.sole.swap(closed(), Ordering::AcqRel);
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::Bindings;
    use crate::models::{Arc, bounded, thread};
    use crate::sync::{AtomicU32, Ordering};

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
        bounded(|| {
            let bindings = Arc::new(Bindings::default());
            bindings.add(1, seat(1)).expect("there is memory");
            let other = {
                let bindings = bindings.clone();
                thread::spawn(move || {
                    // The second interpreter imports the module, runs its code, and ends.
                    let mine = seat(2);
                    bindings.add(2, mine).expect("there is memory");
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
            // For ever: the second interpreter may have left code behind that still runs.
            assert!(bindings.sole().is_null());
        });
    }

    #[test]
    fn a_remembered_seat_is_asked_for_anew_when_an_address_comes_back() {
        bounded(|| {
            let bindings = Arc::new(Bindings::default());
            let first = seat(1);
            bindings.add(1, first).expect("there is memory");
            let generation = bindings.generation();
            let ends = {
                let bindings = bindings.clone();
                thread::spawn(move || {
                    bindings.remove(first);
                    // SAFETY: as in `serve`.
                    unsafe { &*first }.freed.store(1, Ordering::Relaxed);
                    // Another interpreter at the same address.
                    bindings.add(1, seat(1)).expect("there is memory");
                })
            };
            ends.join().expect("no panic");
            assert_ne!(bindings.generation(), generation);
            serve(&bindings, 1);
        });
    }

    #[test]
    fn an_interpreter_that_is_bound_late_is_never_served_by_another_ones_seat() {
        bounded(|| {
            let bindings = Arc::new(Bindings::<Seat>::default());
            // Both have imported the module; neither is bound.
            bindings.note(1);
            let other = {
                let bindings = bindings.clone();
                thread::spawn(move || {
                    bindings.note(2);
                    // Its code runs before it has a seat of its own.
                    assert!(bindings.sole().is_null());
                    assert!(bindings.find(2).0.is_null());
                })
            };
            bindings.add(1, seat(1)).expect("there is memory");
            serve(&bindings, 1);
            other.join().expect("no panic");
        });
    }

    #[test]
    fn a_place_that_changes_hands_is_nobody_elses_meanwhile() {
        bounded(|| {
            let bindings = Arc::new(Bindings::default());
            let first = seat(1);
            bindings.add(1, first).expect("there is memory");
            let other = {
                let bindings = bindings.clone();
                thread::spawn(move || {
                    bindings.remove(first);
                    bindings.add(2, seat(2)).expect("there is memory");
                })
            };
            for interpreter in [1, 2] {
                // SAFETY: as in `serve`.
                if let Some(found) = unsafe { bindings.find(interpreter).0.as_ref() } {
                    assert_eq!(found.interpreter, interpreter);
                }
            }
            other.join().expect("no panic");
            serve(&bindings, 2);
        });
    }
}
