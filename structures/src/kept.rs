//! A place for the address of something that lives for ever.
//!
//! What stands here is never freed, so a reader needs neither a lock nor a count: one load. Used for what a module learns once:
//! who it is, the runtime that serves it, the provider that makes its objects. Knows nothing of Python; modelled with loom.

use core::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// A place for a reference that lasts; empty at first.
#[derive(Debug)]
pub struct Kept<T: 'static> {
    /// Invariant: NULL, or what came as a `&'static T`, or as a box that was given up for ever.
    place: AtomicPtr<T>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { place: AtomicPtr::new(ptr::null_mut()) }
    }
}

impl<T> Kept<T> {
    /// Makes an empty place.
    // Loom's atomics can't be made in constant context.
    #[cfg(any(not(test), miri))]
    pub const fn new() -> Self {
        Self { place: AtomicPtr::new(ptr::null_mut()) }
    }
}

impl<T: Sync> Kept<T> {
    /// What stands here.
    #[inline(always)]
    pub fn get(&self) -> Option<&'static T> {
        let kept = self.place.load(Ordering::Acquire);
        // SAFETY: the field's invariant: NULL, or alive for ever and only read; `T` is `Sync`.
        unsafe { kept.as_ref() }
    }

    /// Puts something here, in the place of what there is.
    pub fn set(&self, value: &'static T) {
        self.place.store(ptr::from_ref(value).cast_mut(), Ordering::Release);
    }

    /// Puts a value here for ever, unless something stands here already.
    ///
    /// # Errors
    /// What stands here, and the value.
    pub fn offer(&self, value: Box<T>) -> Result<&'static T, (&'static T, Box<T>)> {
        let offered = Box::into_raw(value);
        let nothing = ptr::null_mut();
        match self.place.compare_exchange(nothing, offered, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it came from a box, which is given up for ever.
            Ok(_) => Ok(unsafe { &*offered }),
            Err(kept) => {
                // SAFETY: the field's invariant, and it isn't NULL.
                let kept = unsafe { &*kept };
                // SAFETY: it came from the box above, and wasn't published.
                Err((kept, unsafe { Box::from_raw(offered) }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::models::{Arc, AtomicUsize, model, thread};
    use crate::sync::Ordering;

    fn number(number: usize) -> Box<AtomicUsize> {
        let made = Box::new(AtomicUsize::new(0));
        // Not at once: a reader that came too early would see the 0.
        made.store(number, Ordering::Relaxed);
        made
    }

    #[test]
    fn of_two_that_offer_one_is_kept_and_all_see_that_one_whole() {
        model(|| {
            let kept = Arc::new(Kept::default());
            let other = {
                let kept = kept.clone();
                thread::spawn(move || {
                    kept.offer(number(1)).unwrap_or_else(|(kept, _)| kept).load(Ordering::Relaxed)
                })
            };
            assert!(kept.get().is_none_or(|seen| seen.load(Ordering::Relaxed) == 1));
            let here = match kept.offer(number(2)) {
                Ok(kept) => kept,
                Err((kept, lost)) => {
                    assert_eq!(lost.load(Ordering::Relaxed), 2, "the loser comes back");
                    kept
                }
            };
            let here = here.load(Ordering::Relaxed);
            assert_eq!(other.join().expect("no panic"), here);
            assert_eq!(kept.get().map(|kept| kept.load(Ordering::Relaxed)), Some(here));
        });
    }

    #[test]
    fn what_is_set_stands_in_the_place_of_what_was_kept() {
        model(|| {
            let kept = Kept::default();
            assert!(kept.get().is_none());
            kept.set(Box::leak(number(1)));
            kept.set(Box::leak(number(2)));
            assert_eq!(kept.get().map(|kept| kept.load(Ordering::Relaxed)), Some(2));
        });
    }
}
