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
                let (nurse, weak) = (AtomicPtr::new(ptr::null_mut()), AtomicPtr::new(ptr::null_mut()));
                lists.all.push(Box::new(Watch { service, nurse, weak }));
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
        // service as long as a nurse is watched.
        match unsafe { weak::watch(at, nurse, callback, address.cast_mut().cast()) } {
            Ok(weak) => {
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
    /// Ends a watch whose nurse was taken out; true for the one who did, who gives it back.
    pub(super) fn end(&self, _at: Attached) -> bool {
        let weak = self.weak.swap(ptr::null_mut(), Ordering::AcqRel);
        if weak.is_null() {
            return false;
        }
        // SAFETY: the watch owned the reference; without it the callback is never called.
        drop(unsafe { Strong::from_new(weak) });
        true
    }

    /// In the callback: tells whether the nurse has died and nobody has been told yet.
    pub(super) fn has_died(&self, at: Attached, slf: *mut PyObject, weak: &Strong) -> bool {
        let known = self.weak.load(Ordering::Acquire);
        if known != weak.as_ptr() || !weak::is_dead(at, weak) {
            return false;
        }
        let spent =
            self.weak.compare_exchange(known, ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if spent {
            // SAFETY: the callback's own `self`.
            unsafe { weak::retire(at, slf) };
            // SAFETY: the watch owned the reference.
            drop(unsafe { Strong::from_new(known) });
        }
        spent
    }
}
