//! An owned handle: stored in a struct, a `Vec`, another thread, and visible to the garbage collector.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::ffi::{Attached, PyObject, Raised};
use crate::foreign::Foreign;
use crate::interpreters::homes;
use crate::object::Object;
use crate::shared::{Consumer, Shared};

/// Names type and module without owning either.
type Roles<T, M> = (fn() -> M, fn() -> Box<T>);

/// A strong reference to another build's object that was judged once.
///
/// May be moved to any thread; using it needs an attached one ([`Held::bind_ptr`]), where the provider's own rules apply.
/// In a class of yours, visit it from `__traverse__`: otherwise a cycle through it leaks.
pub struct Held<T: Shared + ?Sized, M: Consumer<T>> {
    object: Object,
    marker: PhantomData<Roles<T, M>>,
}

impl<T, M> Held<T, M>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    /// Judges an object and keeps it.
    ///
    /// # Errors
    /// As [`Foreign::from_ptr`]; the object is borrowed for the moment.
    ///
    /// # Safety
    /// 1. `object` is a live object and the thread is attached.
    pub unsafe fn from_ptr(object: NonNull<PyObject>) -> Result<Self, Raised> {
        // SAFETY: duty 1.
        drop(unsafe { Foreign::<T, M>::from_ptr(object) }?);
        // SAFETY: duty 1.
        let object = unsafe { Object::from_borrowed_ptr(object.as_ptr()) };
        // What was dropped by detached threads doesn't pile up.
        // SAFETY: duty 1.
        homes::settle_if_any(unsafe { Attached::assume() });
        Ok(Self { object, marker: PhantomData })
    }

    /// Borrows the object.
    ///
    /// # Errors
    /// As [`Foreign::from_ptr`].
    ///
    /// # Safety
    /// 1. The thread is attached during `'py`.
    pub unsafe fn bind_ptr<'a, 'py>(&'a self) -> Result<Foreign<'a, 'py, T, M>, Raised> {
        // SAFETY: duty 1; `self` keeps the object alive during `'a`.
        unsafe { Foreign::from_ptr(self.object.as_non_null()) }
    }

    /// Returns the object.
    pub fn object(&self) -> &Object {
        &self.object
    }
}

impl<T: Shared + ?Sized, M: Consumer<T>> fmt::Debug for Held<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({:p})", self.object.as_ptr())
    }
}
