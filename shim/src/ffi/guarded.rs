//! What one thread at a time may use: with a GIL the GIL is the lock, without one there is a small one.
//!
//! Both hold for the same reason: what runs inside never lets go of the thread's attachment. The small lock is given back
//! by a plain store, so it knows of nobody who waits, and who does looks again: what runs inside is shorter than waking
//! somebody up, and threads seldom meet.

use core::cell::UnsafeCell;

use super::attached::Attached;
#[cfg(interbind_free_threaded)]
use crate::sync::{AtomicU32, Ordering};

/// A value that one attached thread at a time uses.
#[derive(Debug, Default)]
pub(crate) struct Guarded<T> {
    #[cfg(interbind_free_threaded)]
    lock: Lock,
    value: UnsafeCell<T>,
}

// SAFETY: `with` lets one thread at a time in.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    /// Runs `body` with the value.
    ///
    /// # Safety
    /// 1. The interpreter that the thread is attached to is the one that this value belongs to.
    /// 2. `body` calls no Python API, `try_incref` apart, drops no reference, and does nothing that leads back here.
    #[inline(always)]
    pub(crate) unsafe fn with<R>(&self, _at: Attached, body: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(interbind_free_threaded)]
        let _held = self.lock.hold();
        // SAFETY: with a GIL (1) this thread holds it, and (2) keeps it until `body` is done; else it holds the lock.
        body(unsafe { &mut *self.value.get() })
    }
}

/// 1 while somebody is inside, else 0.
#[cfg(interbind_free_threaded)]
#[derive(Debug, Default)]
struct Lock(AtomicU32);

/// Gives the lock back, also when what runs inside panics.
#[cfg(interbind_free_threaded)]
struct Held<'a>(&'a Lock);

#[cfg(interbind_free_threaded)]
impl Lock {
    #[inline(always)]
    fn hold(&self) -> Held<'_> {
        if !self.try_hold() {
            self.wait();
        }
        Held(self)
    }

    #[inline(always)]
    fn try_hold(&self) -> bool {
        self.0.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Looks again until nobody is inside: at once, then when others have run, then after a sleep, so that whoever is inside
    /// gets on whatever its priority is.
    #[cold]
    #[inline(never)]
    fn wait(&self) {
        let mut turn = 0_u32;
        loop {
            match turn {
                0..100 => core::hint::spin_loop(),
                100..110 => std::thread::yield_now(),
                _ => std::thread::sleep(std::time::Duration::from_micros(50)),
            }
            if self.0.load(Ordering::Relaxed) == 0 && self.try_hold() {
                return;
            }
            turn = turn.saturating_add(1);
        }
    }
}

#[cfg(interbind_free_threaded)]
impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.0.store(0, Ordering::Release);
    }
}
