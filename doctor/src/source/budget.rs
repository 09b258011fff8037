//! Keeps the bytes that are inflated at the same time below a bound: whoever wants more waits until others are done.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that may still be taken.
#[derive(Debug)]
pub(crate) struct Budget {
    whole: u64,
    free: Mutex<u64>,
    given_back: Condvar,
}

/// Bytes that were taken; given back when dropped.
///
/// Whoever holds one must not wait for other readers: they may be waiting for it.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    pub(crate) fn new(whole: u64) -> Self {
        Self { whole, free: Mutex::new(whole), given_back: Condvar::new() }
    }

    /// Takes this many bytes as soon as they are free; never more than there are in all, so that nobody waits for ever.
    pub(crate) fn take(&self, bytes: u64) -> Taken<'_> {
        let bytes = bytes.min(self.whole);
        let mut free = self.lock();
        while *free < bytes {
            free = self.given_back.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= bytes;
        Taken { budget: self, bytes }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        // A number is whole whenever it can be seen, so a panic of another thread leaves it right.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.budget.lock() += self.bytes;
        self.budget.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back() {
        let budget = Budget::new(10);
        drop((budget.take(4), budget.take(6)));
        drop(budget.take(99));
        assert_eq!(*budget.lock(), 10);
    }

    #[test]
    fn whoever_wants_more_than_is_free_waits() {
        let budget = Budget::new(10);
        let held = budget.take(8);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| drop(budget.take(5)));
            drop(held);
            waiting.join().expect("it got its bytes");
        });
        assert_eq!(*budget.lock(), 10);
    }
}
