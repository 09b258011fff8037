//! Where atomics and locks come from: `core` and `std`, and in this crate's own tests loom, which tries every way in which threads
//! can take turns. Miri can't run loom and watches `std`'s instead.

#[cfg(all(test, not(miri)))]
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
#[cfg(all(test, not(miri)))]
pub use loom::sync::{Mutex, MutexGuard};

#[cfg(any(not(test), miri))]
pub use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
#[cfg(any(not(test), miri))]
pub use std::sync::{Mutex, MutexGuard};

/// Locks; a panic under the lock has left nothing half-done.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
