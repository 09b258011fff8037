//! How many calls are inside each other: a function's argument, or what its code calls, may lead back to it without end.
//!
//! Python counts such calls, and asking it at each costs more than the rest of a short one. So a module counts its own, and has Python
//! count those beyond a few. Python counts what PyO3's object does too, so that the stack is enough for PyO3's frames.
//!
//! **Boundary**: Python's own count of calls inside each other, which is entered and left in pairs.

use core::ffi::c_int;

use pyo3_ffi as py;

/// How many Python doesn't count.
const FREE: u32 = 64;

/// The count. With a GIL all threads have one, since asking where a thread's own is costs as much; interpreters with a GIL of their own
/// may miss some, and then Python counts more of them.
#[cfg(not(interbind_free_threaded))]
mod count {
    use core::sync::atomic::{AtomicU32, Ordering};

    static DEPTH: AtomicU32 = AtomicU32::new(0);

    #[inline(always)]
    pub(super) fn now() -> u32 {
        DEPTH.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(super) fn set(depth: u32) {
        DEPTH.store(depth, Ordering::Relaxed);
    }
}

/// As above, for each thread.
#[cfg(interbind_free_threaded)]
mod count {
    use core::cell::Cell;

    thread_local!(static DEPTH: Cell<u32> = const { Cell::new(0) });

    #[inline(always)]
    pub(super) fn now() -> u32 {
        DEPTH.get()
    }

    #[inline(always)]
    pub(super) fn set(depth: u32) {
        DEPTH.set(depth);
    }
}

/// A call that is going on.
pub(super) struct Inside {
    by_python: bool,
}

impl Inside {
    /// Counts one; `None`: there are too many, and a RecursionError is set.
    ///
    /// # Safety
    /// 1. Attached until it's dropped.
    #[inline(always)]
    pub(super) unsafe fn new() -> Option<Self> {
        let depth = count::now();
        if depth < FREE {
            count::set(depth + 1);
            return Some(Self { by_python: false });
        }
        // SAFETY: duty 1.
        (unsafe { enter() } == 0).then_some(Self { by_python: true })
    }
}

/// # Safety
/// 1. Attached.
#[cold]
unsafe fn enter() -> c_int {
    // SAFETY: duty 1, a text.
    unsafe { py::Py_EnterRecursiveCall(c" while calling a native function".as_ptr()) }
}

impl Drop for Inside {
    #[inline(always)]
    fn drop(&mut self) {
        if self.by_python {
            // SAFETY: entered in `new`, and still attached.
            unsafe { py::Py_LeaveRecursiveCall() };
        } else {
            // Another thread may have set it meanwhile.
            count::set(count::now().saturating_sub(1));
        }
    }
}
