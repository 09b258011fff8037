//! Memory of C that somebody handed over, with the function that frees it.

use core::ffi::c_void;

use super::attached::Attached;

/// What frees memory of C.
pub(crate) type Free = unsafe extern "C" fn(payload: *mut c_void);

/// Memory that is kept for somebody. Dropping it gives it up: it stays, or is the giver's again.
#[derive(Debug)]
#[must_use = "memory that nobody frees is lost"]
pub(crate) struct Payload {
    memory: *mut c_void,
    free: Free,
}

// SAFETY: who has it can do nothing but show that the thread is attached, and free it.
unsafe impl Send for Payload {}

impl Payload {
    /// Takes memory over.
    ///
    /// # Safety
    /// 1. `free` may be called with the memory, attached and once.
    pub(crate) unsafe fn new(memory: *mut c_void, free: Free) -> Self {
        Self { memory, free }
    }

    /// Frees it; may run any code.
    pub(crate) fn free(self, _at: Attached) {
        // SAFETY: `new`'s duty: attached, and `self` is gone after this.
        unsafe { (self.free)(self.memory) };
    }
}
