//! Definitions that Python wants to find at one place for ever.

use core::cell::UnsafeCell;

/// A static that Python reads and writes: each interpreter does so under its own rules.
#[repr(transparent)]
pub(crate) struct Shared<T>(UnsafeCell<T>);

impl<T> Shared<T> {
    pub(crate) const fn new(content: T) -> Self {
        Self(UnsafeCell::new(content))
    }
}

impl<T> Shared<T> {
    /// Where it stands.
    pub(crate) const fn ptr(&self) -> *mut T {
        self.0.get()
    }
}

impl Shared<pyo3_ffi::PyModuleDef> {
    /// Where the definition stands.
    pub(crate) const fn as_ptr(&self) -> *mut pyo3_ffi::PyModuleDef {
        self.ptr()
    }
}

impl<T, const N: usize> Shared<[T; N]> {
    /// Where the first stands.
    pub(crate) const fn as_ptr(&self) -> *mut T {
        self.ptr().cast()
    }
}

// SAFETY: none of our code reads or writes the content; Python does, and guards it: a `PyModuleDef` is shared by the
// interpreters of a process in every extension.
unsafe impl<T> Sync for Shared<T> {}
