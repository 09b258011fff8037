//! A reference that waits for somebody who may give it back.

use core::ptr::NonNull;

use super::PyObject;
use super::attached::Attached;
use super::strong::Strong;

/// An owned reference on its way: any thread may have it, and an attached one takes it over. Dropping it gives it up for
/// ever, as one does when its interpreter has ended.
#[derive(Debug)]
#[must_use = "a reference that nobody claims is never given back"]
pub(crate) struct Owed(NonNull<PyObject>);

// SAFETY: who has it can do nothing but compare its address, or show that the thread is attached and take it over.
unsafe impl Send for Owed {}

impl Owed {
    /// Takes over a reference that somebody kept as a pointer.
    ///
    /// # Safety
    /// 1. The caller owns a reference and gives it away.
    pub(crate) unsafe fn new(object: NonNull<PyObject>) -> Self {
        Self(object)
    }

    /// Takes it over, in the interpreter that it belongs to.
    pub(crate) fn claim(self, at: Attached) -> Strong {
        // SAFETY: `new`'s duty; `self` is the only one who has it.
        unsafe { Strong::owned(at, self.0) }
    }

    /// The object's address.
    pub(crate) fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// Gives the reference away.
    #[inline(always)]
    pub(crate) fn into_ptr(self) -> *mut PyObject {
        self.0.as_ptr()
    }
}

impl From<Strong> for Owed {
    fn from(object: Strong) -> Self {
        let address = object.as_non_null();
        core::mem::forget(object);
        Self(address)
    }
}
