//! Objects whose references the collector counts, on a free-threaded build: all threads reach for functions, and a count is one cache
//! line.
//!
//! 3.14 has a call for it; what 3.13 does for its own functions is done here, field by field, for that version alone.

use super::attached::Attached;
use super::strong::Strong;

/// Leaves the counting to the collector. The object is new, and the collector doesn't know it yet.
#[cfg(not(interbind_free_threaded))]
pub(crate) fn defer(_at: Attached, _object: &Strong) {}

/// As above.
#[cfg(all(interbind_free_threaded, interbind_try_incref))]
pub(crate) fn defer(_at: Attached, object: &Strong) {
    unsafe extern "C" {
        fn PyUnstable_Object_EnableDeferredRefcount(object: *mut super::PyObject) -> core::ffi::c_int;
    }
    // SAFETY: attached, an object that no other thread has.
    unsafe { PyUnstable_Object_EnableDeferredRefcount(object.as_ptr()) };
}

/// As above.
#[cfg(all(interbind_free_threaded, not(interbind_try_incref)))]
pub(crate) fn defer(at: Attached, object: &Strong) {
    use core::sync::atomic::Ordering;

    /// `_PyGC_BITS_DEFERRED`, `_Py_REF_QUEUED`, `_Py_IMMORTAL_REFCNT_LOCAL`.
    const DEFERRED: u8 = 64;
    const QUEUED: isize = 2;
    const IMMORTAL: u32 = u32::MAX;

    // Once a second thread was started, 3.13 makes such objects immortal: an object that each interpreter has from its start tells.
    let known = super::scalar::of_module(at, c"_frozen_importlib", "ModuleSpec");
    let is_immortal = known.is_ok_and(|known| {
        // SAFETY: a live object.
        let count = unsafe { &(*known.as_ptr()).ob_ref_local };
        count.load(Ordering::Relaxed) == IMMORTAL
    });
    at.clear();
    if is_immortal {
        return;
    }
    // SAFETY: no other thread has the object, nor has the collector.
    let head = unsafe { &mut *object.as_ptr() };
    head.ob_gc_bits |= DEFERRED;
    // The reference that the collector gives back; and no other thread's count ends the object.
    *head.ob_ref_local.get_mut() += 1;
    *head.ob_ref_shared.get_mut() = QUEUED;
}
