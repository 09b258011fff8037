//! What one thread at a time may use: with a GIL the GIL is the lock, without one there is a small one.
//!
//! Both hold for the same reason: what runs inside never lets go of the thread's attachment.

#[cfg(interbind_free_threaded)]
use std::sync::Mutex;

/// A value that one attached thread at a time uses.
#[derive(Debug, Default)]
pub(super) struct Guarded<T> {
    #[cfg(interbind_free_threaded)]
    value: Mutex<T>,
    #[cfg(not(interbind_free_threaded))]
    value: core::cell::UnsafeCell<T>,
}

// SAFETY: `with` lets one thread at a time in.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    /// Runs `body` with the value.
    ///
    /// # Safety
    /// 1. The thread is attached to the one interpreter that this value belongs to.
    /// 2. `body` calls no Python API, `try_incref` apart, and nothing that leads back here.
    #[inline(always)]
    pub(super) unsafe fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(interbind_free_threaded)]
        {
            body(&mut self.value.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
        }
        #[cfg(not(interbind_free_threaded))]
        {
            // SAFETY: (1) this thread holds the interpreter's GIL, and (2) keeps it until `body` is done.
            body(unsafe { &mut *self.value.get() })
        }
    }
}
