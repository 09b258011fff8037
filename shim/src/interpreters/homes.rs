//! Where references belong: each interpreter that this library serves has a home, to which what is dropped elsewhere is handed.
//!
//! A reference must be given back under the lock of the interpreter that it was made in. So one that is dropped on a detached
//! thread, or in another interpreter, waits at its home until a thread is there anyway. Nothing here takes a lock: threads
//! that aren't attached come here, and the process may fork at any moment. Homes are never freed, and are used again. What
//! waits for an interpreter that has ended is given up, as its memory was.
//!
//! Somebody who does nothing but keep objects and drop them on detached threads must not pile them up. So each thread that keeps one
//! more looks whether any waits ([`settle_if_any`]): that is a load.
//!
//! While the main interpreter is the only one that was ever noted, everything belongs there, and nobody needs to ask.

use interbind_structures::chain::Chain;
use interbind_structures::schedule::point;
use interbind_structures::waiting::Waiting;

use crate::ffi::{Attached, Owed, Raised, error};
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// The main interpreter's number.
pub(crate) const MAIN: u64 = 1;

/// A home that belongs to nobody.
const FREE: u64 = 0;

/// A reference that waits, and for which interpreter.
struct Given {
    object: Owed,
    home: u64,
}

/// A place where references wait.
struct Home {
    number: AtomicU64,
    waiting: Waiting<Given>,
}

static HOMES: Chain<Home> = Chain::new();
/// Whether any interpreter but the main one was ever noted.
static OTHERS: AtomicU32 = AtomicU32::new(0);
/// How many references wait, at all homes; more after a fork in the middle of a push.
static WAITING: AtomicU64 = AtomicU64::new(0);
/// Whether there is a reference of another interpreter that doesn't say so.
static UNNAMED: AtomicU32 = AtomicU32::new(0);

/// The current interpreter's number: no other interpreter has it, ever.
pub(crate) fn here(at: Attached) -> u64 {
    at.number() + MAIN
}

/// Notes the current interpreter, before any code of a module runs in it.
///
/// # Errors
/// MemoryError.
pub(crate) fn note(at: Attached) -> Result<(), Raised> {
    let number = here(at);
    if open(number).is_none() {
        return Err(error::no_memory(at));
    }
    if number != MAIN {
        OTHERS.store(1, Ordering::Release);
    }
    Ok(())
}

/// The interpreter's home; none without memory.
fn open(number: u64) -> Option<&'static Home> {
    let known = HOMES.find(|home| home.number.load(Ordering::Acquire) == number);
    let claimed =
        |home: &Home| home.number.compare_exchange(FREE, number, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    known.or_else(|| HOMES.find(claimed)).or_else(|| {
        let home = Home { number: AtomicU64::new(number), waiting: Waiting::new() };
        HOMES.add(home, |_| false).ok()
    })
}

/// The interpreter ends: what is handed over from now on is given up.
pub(crate) fn close(number: u64) {
    HOMES.each(|home| {
        home.number.compare_exchange(number, FREE, Ordering::AcqRel, Ordering::Relaxed).is_err()
    });
}

/// Tells whether no interpreter but the main one was ever noted; may be asked on any thread.
#[inline]
pub(crate) fn is_alone() -> bool {
    // A thread that has got an object of another interpreter was handed it after that one was noted.
    OTHERS.load(Ordering::Acquire) == 0
}

/// Notes that there is a reference which can't say where it belongs. From then on none is given back that doesn't say it.
pub(crate) fn unname() {
    UNNAMED.store(1, Ordering::Release);
}

/// Tells whether a reference that says nothing belongs to the main interpreter.
pub(crate) fn is_named() -> bool {
    UNNAMED.load(Ordering::Acquire) == 0
}

/// Gives a reference back, from wherever: at its home at once, else it waits there.
pub(crate) fn give_back(object: Owed, home: u64) {
    match Attached::current() {
        Some(at) if here(at) == home => {
            drop(object.claim(at));
            settle(at);
        }
        _ => hand_over(object, home),
    }
}

/// Leaves a reference at its home.
fn hand_over(object: Owed, number: u64) {
    let known = HOMES.find(|home| home.number.load(Ordering::Acquire) == number);
    // The main interpreter's module may be one that nobody noted.
    let known = if number == MAIN { known.or_else(|| open(number)) } else { known };
    if let Some(home) = known {
        point("before a reference is handed over");
        // Before it is there: it may be taken at once.
        WAITING.fetch_add(1, Ordering::Relaxed);
        if home.waiting.push(Given { object, home: number }).is_err() {
            // Without memory it is given up.
            WAITING.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Gives back what waits for the current interpreter, where anything waits for any. Code of Python may run.
#[inline]
pub(crate) fn settle_if_any(at: Attached) {
    if WAITING.load(Ordering::Relaxed) != 0 {
        settle(at);
    }
}

/// Gives back what waits for the current interpreter.
pub(crate) fn settle(at: Attached) {
    let number = here(at);
    let Some(home) = HOMES.find(|home| home.number.load(Ordering::Acquire) == number) else { return };
    if home.waiting.is_empty() {
        return;
    }
    for given in home.waiting.take() {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        // Else it came for an interpreter that had this home before, when that one was ending.
        if given.home == number {
            drop(given.object.claim(at));
        }
    }
}
