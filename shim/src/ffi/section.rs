//! An object's section: one thread at a time reads and changes what Python code can change in it.
//!
//! With a GIL the GIL is the section. Without one it's CPython's critical section of the object, which nests, and which is given
//! up while its thread waits: a lock of our own could end in a deadlock with it.

use super::live::Live;

/// Runs `body` in an object's section.
#[cfg(not(interbind_free_threaded))]
pub(crate) fn locked<R>(_object: Live<'_>, body: impl FnOnce() -> R) -> R {
    body()
}

/// As above.
#[cfg(interbind_free_threaded)]
pub(crate) fn locked<R>(object: Live<'_>, body: impl FnOnce() -> R) -> R {
    use core::mem::MaybeUninit;
    use pyo3_ffi::PyCriticalSection;

    /// Ends it, also when what runs inside panics.
    struct Section<'a>(&'a mut MaybeUninit<PyCriticalSection>);

    impl Drop for Section<'_> {
        fn drop(&mut self) {
            // SAFETY: begun below, on this thread, and it hasn't moved since.
            unsafe { pyo3_ffi::PyCriticalSection_End(self.0.as_mut_ptr()) };
        }
    }

    let mut place = MaybeUninit::uninit();
    // SAFETY: attached, a live object; a place that stays where it is until the section has ended.
    unsafe { pyo3_ffi::PyCriticalSection_Begin(place.as_mut_ptr(), object.as_ptr()) };
    let _section = Section(&mut place);
    body()
}
