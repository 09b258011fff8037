//! How we learn that a nurse of somebody else's class has died: a weak reference that tells, and one that is asked.
//!
//! A notice may be called by Python code at any time, also from two threads at once, and may be skipped where there is no
//! memory. So it proves nothing, and neither does its absence: [`Watch::is_of`] asks the second reference, whenever somebody
//! comes with the nurse's address. Watches are never freed before the service, and used again for other nurses.
//!
//! **Boundary**: Python calls back with the address of a watch, whenever it likes.

use core::ffi::c_void;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use interbind_abi::services::InstancesService;

use crate::ffi::guarded::Guarded;
use crate::ffi::weak::{self, Notices, Pair};
use crate::ffi::{Attached, Owed, PyObject, Raised, Strong, error};
use crate::sync::{AtomicPtr, Ordering};

/// A watched nurse, or a free place for one.
#[derive(Debug)]
pub(super) struct Watch {
    /// What the watch belongs to, for whom it tells.
    pub(super) service: *const InstancesService,
    pub(super) nurse: AtomicPtr<PyObject>,
    /// Empty in a free place, each of them.
    telling: Owned,
    notice: Owned,
    asked: Owned,
}

/// A reference that a watch owns, or NULL.
#[derive(Debug, Default)]
struct Owned(AtomicPtr<PyObject>);

impl Owned {
    /// Puts a reference into an empty place.
    fn put(&self, object: Strong) {
        self.0.store(object.into_ptr(), Ordering::Release);
    }

    /// Takes the reference out, if there is one.
    fn take(&self, at: Attached) -> Option<Strong> {
        let object = NonNull::new(self.0.swap(ptr::null_mut(), Ordering::AcqRel));
        // SAFETY: `put` gave it to this place, and only one swap gets it.
        object.map(|object| unsafe { Strong::owned(at, object) })
    }
}

/// A watch of a service that is there: the caller of [`Watches::begin`] vouches for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WatchRef(NonNull<Watch>);

// SAFETY: what stands in a watch is atomic, or is only read; objects are touched by attached threads.
unsafe impl Send for WatchRef {}

impl Deref for WatchRef {
    type Target = Watch;

    fn deref(&self) -> &Watch {
        // SAFETY: watches live as long as the service, which is there.
        unsafe { self.0.as_ref() }
    }
}

/// What hears of deaths.
pub(super) trait Died {
    /// Is called when the nurse of a watch may have died; Python code can call it at any time, too.
    fn died(at: Attached, watch: WatchRef);
}

/// What a notice calls.
///
/// # Safety
/// 1. `context` is a watch; it lives as long as the service, which its nurse keeps.
unsafe fn told<D: Died>(at: Attached, context: NonNull<c_void>) {
    D::died(at, WatchRef(context.cast()));
}

/// Every watch of a service.
#[derive(Debug, Default)]
pub(super) struct Watches(Guarded<Lists>);

#[derive(Debug, Default)]
struct Lists {
    #[allow(clippy::vec_box, reason = "a watch's address is handed out and must not move")]
    all: Vec<Box<Watch>>,
    free: Vec<WatchRef>,
    /// The notices' type; none before the first nurse is watched. What isn't given up until the service goes is leaked.
    notices: Option<Owed>,
}

// SAFETY: the pointers lead to watches of `all`, which live as long; objects are touched by attached threads.
unsafe impl Send for Lists {}

impl Watches {
    /// Runs `body`, one of this file's, with the lists.
    fn lists<R>(&self, at: Attached, body: impl FnOnce(&mut Lists) -> R) -> R {
        // SAFETY: (1) attached in the service's interpreter; (2) the bodies below call no Python API, and drop no reference.
        unsafe { self.0.with(at, body) }
    }

    /// Takes a free watch, or makes one; none without memory. There is room to give it back.
    fn take(&self, at: Attached, service: *const InstancesService) -> Option<WatchRef> {
        self.lists(at, |lists| {
            if let Some(free) = lists.free.pop() {
                return Some(free);
            }
            lists.all.try_reserve(1).ok()?;
            let more = (lists.all.len() + 1).saturating_sub(lists.free.len());
            lists.free.try_reserve(more).ok()?;
            let watch = Watch {
                service,
                nurse: AtomicPtr::default(),
                telling: Owned::default(),
                notice: Owned::default(),
                asked: Owned::default(),
            };
            lists.all.push(interbind_structures::memory::boxed(watch).ok()?);
            lists.all.last().map(|watch| WatchRef(NonNull::from(&**watch)))
        })
    }

    /// Gives a watch back that holds nothing.
    pub(super) fn give_back(&self, at: Attached, watch: WatchRef) {
        // `take` made room.
        self.lists(at, |lists| lists.free.push(watch));
    }

    /// The notices' type, made for the first nurse.
    fn notices(&self, at: Attached) -> Result<Notices, Raised> {
        let known = |lists: &mut Lists| lists.notices.as_ref().and_then(|kept| NonNull::new(kept.as_ptr()));
        let mut kept = self.lists(at, known);
        if kept.is_none() {
            let made = Notices::new(at)?.into_ptr();
            // SAFETY: the reference that `into_ptr` gave away.
            let mut offered = Some(unsafe { Strong::from_new(at, made) }?);
            kept = self.lists(at, |lists| {
                if lists.notices.is_none() {
                    lists.notices = offered.take().map(Owed::from);
                }
                known(lists)
            });
            // When somebody was faster, ours is dropped here.
        }
        let kept = kept.ok_or_else(|| Raised::at(at))?;
        // SAFETY: owned by the lists until the service closes, attached, in this interpreter.
        Ok(unsafe { Notices::borrowed(at, kept) })
    }

    /// Gives the notices' type up: the core closes.
    pub(super) fn close(&self, at: Attached) {
        // Each notice owns its type too.
        drop(self.lists(at, |lists| lists.notices.take()).map(|kept| kept.claim(at)));
    }

    /// Begins to watch a nurse.
    ///
    /// # Safety
    /// 1. `nurse` is a live object, `service` the one that these watches belong to.
    /// 2. What is returned is used as long as the service is there.
    pub(super) unsafe fn begin<D: Died>(
        &self,
        at: Attached,
        service: *const InstancesService,
        nurse: *mut PyObject,
    ) -> Result<WatchRef, Raised> {
        let notices = self.notices(at)?;
        let watch = self.take(at, service).ok_or_else(|| error::no_memory(at))?;
        let context: NonNull<c_void> = watch.0.cast();
        // SAFETY: (1) duty 1, and who can't be weakly referenced raises; (2) a watch lives as long as the service, and the
        // service as long as a nurse is watched; when it no longer is, the notice is retired.
        match unsafe { notices.watch(at, nurse, told::<D>, context) } {
            Ok(Pair { telling, notice, asked }) => {
                watch.asked.put(asked);
                watch.notice.put(notice);
                watch.telling.put(telling);
                watch.nurse.store(nurse, Ordering::Release);
                Ok(watch)
            }
            Err(raised) => {
                self.give_back(at, watch);
                Err(raised)
            }
        }
    }
}

impl Watch {
    /// Tells whether this object is the nurse that is watched, and not another one at its address; NULL asks whether the nurse
    /// has died.
    pub(super) fn is_of(&self, at: Attached, object: *mut PyObject) -> bool {
        let Some(asked) = NonNull::new(self.asked.0.load(Ordering::Acquire)) else { return object.is_null() };
        // SAFETY: the watch owns a reference until it is ended, by who took the nurse out; with a GIL nobody does meanwhile.
        // Without one a nurse that is asked for is alive, held by the caller, or a notice holds the callback that runs.
        let asked = unsafe { Strong::from_borrowed(at, asked.as_ptr()) };
        weak::leads_to(at, &asked, object)
    }

    /// Ends a watch whose nurse was taken out.
    pub(super) fn end(&self, at: Attached) {
        self.nurse.store(ptr::null_mut(), Ordering::Release);
        let notice = self.notice.take(at);
        if let Some(notice) = &notice {
            weak::retire(at, notice);
        }
        for place in [&self.telling, &self.asked] {
            drop(place.take(at));
        }
    }
}
