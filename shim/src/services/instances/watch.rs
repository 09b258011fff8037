//! How we learn that a nurse of somebody else's class has died: a weak reference with a callback.
//!
//! Python code can find the callback and call it at any time, also from two threads at once, so what the callback is
//! given must stay readable: watches are never freed before the service, and used again for other nurses.

use core::ptr;

use super::guarded::Guarded;
use super::serve::Service;
use crate::ffi::{Attached, PyObject, Raised, Strong, weak};
use crate::sync::{AtomicPtr, Ordering};

/// A watched nurse, or a free place for one.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) service: *const Service,
    pub(super) nurse: AtomicPtr<PyObject>,
    /// The weak reference, owned; NULL when it is spent.
    weak: AtomicPtr<PyObject>,
    /// What the callback finds this watch in, owned; NULL when the weak reference is.
    capsule: AtomicPtr<PyObject>,
}

/// Every watch of a service.
#[derive(Debug, Default)]
pub(super) struct Watches(Guarded<Lists>);

#[derive(Debug, Default)]
struct Lists {
    #[allow(clippy::vec_box, reason = "a watch's address is handed out and must not move")]
    all: Vec<Box<Watch>>,
    free: Vec<*const Watch>,
}

// SAFETY: the pointers lead to watches of `all`, which live as long.
unsafe impl Send for Lists {}

impl Watches {
    /// Takes a free watch, or makes one.
    fn take(&self, _at: Attached, service: *const Service) -> *const Watch {
        let take = |lists: &mut Lists| {
            lists.free.pop().unwrap_or_else(|| {
                let nothing = || AtomicPtr::new(ptr::null_mut());
                let watch = Watch { service, nurse: nothing(), weak: nothing(), capsule: nothing() };
                lists.all.push(Box::new(watch));
                lists.all.last().map_or(ptr::null(), |watch| &raw const **watch)
            })
        };
        // SAFETY: (1) attached in the service's interpreter; (2) no Python API.
        unsafe { self.0.with(take) }
    }

    /// Gives a watch back whose weak reference is spent.
    pub(super) fn give_back(&self, _at: Attached, watch: *const Watch) {
        // SAFETY: as in `take`.
        unsafe { self.0.with(|lists| lists.free.push(watch)) }
    }

    /// Begins to watch a nurse.
    ///
    /// # Safety
    /// 1. `nurse` is a live object, `service` the one that these watches belong to.
    pub(super) unsafe fn begin(
        &self,
        at: Attached,
        service: *const Service,
        nurse: *mut PyObject,
        callback: &'static weak::Definition,
    ) -> Result<*const Watch, Raised> {
        let address = self.take(at, service);
        // SAFETY: watches live as long as the service.
        let watch = unsafe { &*address };
        watch.nurse.store(nurse, Ordering::Release);
        // SAFETY: (1) duty 1, and who can't be weakly referenced raises; (2) a watch lives as long as the service, and the
        // service as long as a nurse is watched; when it no longer is, the capsule is retired.
        match unsafe { weak::watch(at, nurse, callback, address.cast_mut().cast()) } {
            Ok((weak, capsule)) => {
                watch.capsule.store(capsule.into_ptr(), Ordering::Release);
                watch.weak.store(weak.into_ptr(), Ordering::Release);
                Ok(address)
            }
            Err(Raised) => {
                self.give_back(at, address);
                Err(Raised)
            }
        }
    }
}

impl Watch {
    /// Ends a watch whose nurse was taken out.
    pub(super) fn end(&self, at: Attached) {
        let weak = self.weak.swap(ptr::null_mut(), Ordering::AcqRel);
        if !weak.is_null() {
            self.spend(at, weak);
        }
    }

    /// In the callback: tells whether the nurse has died and nobody has been told yet.
    pub(super) fn has_died(&self, at: Attached, weak: &Strong) -> bool {
        let known = self.weak.load(Ordering::Acquire);
        if known != weak.as_ptr() || !weak::is_dead(at, weak) {
            return false;
        }
        let free = ptr::null_mut();
        let is_first = self.weak.compare_exchange(known, free, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if is_first {
            self.spend(at, known);
        }
        is_first
    }

    /// Drops what was taken out of the watch. Python code may keep both and call the callback, which finds nothing then.
    fn spend(&self, at: Attached, weak: *mut PyObject) {
        // SAFETY: the watch owned the reference.
        let weak = unsafe { Strong::from_new(weak) };
        let capsule = self.capsule.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: as above.
        if let Ok(capsule) = unsafe { Strong::from_new(capsule) } {
            // SAFETY: the capsule that `weak::watch` returned.
            unsafe { weak::retire(at, capsule.as_ptr()) };
        }
        drop(weak);
    }
}
