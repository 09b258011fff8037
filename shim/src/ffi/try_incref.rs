//! Taking a reference to an object that may be dying: what a map of borrowed pointers needs.
//!
//! With a GIL an object whose count is above zero is alive, and nobody else runs. Without one the owning thread gives its
//! last reference up without an atomic operation, unless the object says that somebody may come through the side door:
//! [`enable`]. CPython has both from 3.14 on (`PyUnstable_EnableTryIncRef`, `PyUnstable_TryIncRef`); for 3.13 they are
//! written out here, as its own weak references do it. Atomic operations only: this is the one thing of Python that may
//! be done under a lock.

use core::ptr::NonNull;

use super::PyObject;
use super::attached::Attached;
use super::owed::Owed;

#[cfg(not(interbind_free_threaded))]
use self::gil::{enable, take};
#[cfg(interbind_try_incref)]
use self::newer::{enable, take};
#[cfg(all(interbind_free_threaded, not(interbind_try_incref)))]
use self::older::{enable, take};

/// An object that a map may borrow: references to it can be taken, also when it is dying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Enabled(NonNull<PyObject>);

// SAFETY: the object is touched by attached threads alone: `take` asks for the proof.
unsafe impl Send for Enabled {}

impl Enabled {
    /// Makes an object ready.
    ///
    /// # Safety
    /// 1. A live object. The value and its copies aren't used any more when its memory is freed.
    #[inline(always)]
    pub(crate) unsafe fn new(_at: Attached, object: NonNull<PyObject>) -> Self {
        // SAFETY: duty 1; attached.
        unsafe { enable(object.as_ptr()) };
        Self(object)
    }

    /// Tells whether it is the object at this address.
    #[inline(always)]
    pub(crate) fn is(self, object: NonNull<PyObject>) -> bool {
        self.0 == object
    }

    /// Takes a reference to the object, unless it is dying.
    #[inline(always)]
    pub(crate) fn take(self, _at: Attached) -> Option<Owed> {
        // SAFETY: `new`'s duty: the memory is there, and `enable` was called; attached.
        if !unsafe { take(self.0.as_ptr()) } {
            return None;
        }
        // SAFETY: taken just now.
        Some(unsafe { Owed::new(self.0) })
    }
}

/// With a GIL.
#[cfg(not(interbind_free_threaded))]
mod gil {
    use super::PyObject;

    /// Nothing to do.
    ///
    /// # Safety
    /// 1. `object` is a live object; the thread is attached.
    #[inline(always)]
    pub(super) unsafe fn enable(_object: *mut PyObject) {}

    /// Adds a reference, unless the object is dying.
    ///
    /// # Safety
    /// 1. The object's memory hasn't been freed; the thread is attached.
    #[inline(always)]
    pub(super) unsafe fn take(object: *mut PyObject) -> bool {
        // SAFETY: duty 1: the head is there.
        let count = unsafe { &raw const (*object).ob_refcnt };
        // SAFETY: as above; the field is a word, whatever its type is called.
        let count = unsafe { count.cast::<isize>().read() };
        // From 3.14 on the upper half holds flags. PyPy adds a large number while its own half of the object lives.
        let alive = if cfg!(interbind_pypy) { count > 0 } else { count as u32 != 0 };
        if alive {
            // SAFETY: duty 1, and nobody gives the last reference up meanwhile: the GIL is held.
            unsafe { pyo3_ffi::Py_INCREF(object) };
        }
        alive
    }
}

/// Without a GIL, 3.14 and later.
#[cfg(interbind_try_incref)]
mod newer {
    use super::PyObject;

    unsafe extern "C" {
        fn PyUnstable_EnableTryIncRef(object: *mut PyObject);
        fn PyUnstable_TryIncRef(object: *mut PyObject) -> core::ffi::c_int;
    }

    /// Makes [`take`] possible.
    ///
    /// # Safety
    /// 1. `object` is a live object; the thread is attached.
    #[inline(always)]
    pub(super) unsafe fn enable(object: *mut PyObject) {
        // SAFETY: duty 1.
        unsafe { PyUnstable_EnableTryIncRef(object) }
    }

    /// Adds a reference, unless the object is dying.
    ///
    /// # Safety
    /// 1. The object's memory hasn't been freed, and [`enable`] was called for it; the thread is attached.
    #[inline(always)]
    pub(super) unsafe fn take(object: *mut PyObject) -> bool {
        // SAFETY: duty 1.
        (unsafe { PyUnstable_TryIncRef(object) }) != 0
    }
}

/// Without a GIL, 3.13: `_PyObject_SetMaybeWeakref` and `_Py_TryIncref` of `pycore_object.h`.
#[cfg(all(interbind_free_threaded, not(interbind_try_incref)))]
mod older {
    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::PyObject;

    /// The two lowest bits of the shared count.
    const FLAGS: isize = 3;
    const MAYBE_WEAKREF: isize = 1;
    const MERGED: isize = 3;
    const ONE: isize = 1 << 2;

    /// Makes [`take`] possible: the last reference is given up with an atomic operation from now on.
    ///
    /// # Safety
    /// 1. `object` is a live object; the thread is attached.
    #[inline(always)]
    pub(super) unsafe fn enable(object: *mut PyObject) {
        // SAFETY: duty 1: the head is there.
        let shared = unsafe { &(*object).ob_ref_shared };
        let mut seen = shared.load(Ordering::Relaxed);
        // Every other flag says as much.
        while seen & FLAGS == 0 {
            match shared.compare_exchange_weak(
                seen,
                seen | MAYBE_WEAKREF,
                Ordering::SeqCst,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// Adds a reference, unless the object is dying.
    ///
    /// # Safety
    /// 1. The object's memory hasn't been freed, and [`enable`] was called for it; the thread is attached.
    #[inline(always)]
    pub(super) unsafe fn take(object: *mut PyObject) -> bool {
        // SAFETY: duty 1: the head is there.
        let local = unsafe { &(*object).ob_ref_local };
        let more = local.load(Ordering::Relaxed).wrapping_add(1);
        if more == 0 {
            // Immortal.
            return true;
        }
        // SAFETY: as above.
        let owner = unsafe { &raw const (*object).ob_tid };
        // SAFETY: as above; other threads write the word, atomically.
        let owner = unsafe { &*owner.cast::<AtomicUsize>() };
        if this_thread().is_some_and(|id| id == owner.load(Ordering::Relaxed)) {
            // Only the owner writes its count, and it is above zero: at zero the object has no owner any more.
            local.store(more, Ordering::Relaxed);
            return true;
        }
        // SAFETY: as above.
        let shared = unsafe { &(*object).ob_ref_shared };
        let mut seen = shared.load(Ordering::Relaxed);
        // Zero would be an object that `enable` wasn't called for.
        while seen != 0 && seen != MERGED {
            match shared.compare_exchange_weak(seen, seen + ONE, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// The thread's id as `_Py_ThreadId` reads it; `None` on platforms where it isn't known here, which only costs time.
    #[inline(always)]
    fn this_thread() -> Option<usize> {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        {
            let id: usize;
            // SAFETY: reads a word that is constant for the thread.
            unsafe {
                core::arch::asm!("mov {}, fs:0", out(reg) id, options(nostack, preserves_flags, readonly, pure));
            }
            Some(id)
        }
        #[cfg(all(target_arch = "aarch64", target_os = "linux"))]
        {
            let id: usize;
            // SAFETY: as above.
            unsafe {
                core::arch::asm!("mrs {}, tpidr_el0", out(reg) id, options(nostack, preserves_flags, nomem, pure));
            }
            Some(id)
        }
        #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), target_os = "linux")))]
        None
    }
}
