//! Whether the main interpreter is the only one that this library has ever served.
//!
//! A reference that is dropped on a detached thread says nothing of its interpreter, and a thread that attaches comes into the main
//! one. While that is the only one, it's the right one.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::ffi::{Attached, host};

static OTHERS: AtomicBool = AtomicBool::new(false);

/// Notes the current interpreter, before any code of a module runs in it.
pub(crate) fn note(at: Attached) {
    if !host::is_main(at) {
        OTHERS.store(true, Ordering::Release);
    }
}

/// Tells whether no other interpreter was ever noted; may be asked on any thread.
pub(crate) fn is_alone() -> bool {
    // A thread that has got an object of another interpreter was handed it after that one was noted.
    !OTHERS.load(Ordering::Acquire)
}
