//! A `bytes` that is still being written: Python's memory from the start, so that the end copies nothing, and so that a
//! failed allocation is Python's `MemoryError`.

use core::ptr::{self, NonNull};

use pyo3_ffi as ffi;

use super::declared::_PyBytes_Resize;
use super::object::Owned;
use super::raised::{Raised, Result};

/// Bytes that grow at their end. Invariant: `bytes` is NULL, or a `bytes` of `capacity` that nobody else knows, with its
/// content at `start`; `length <= capacity`.
pub(crate) struct Growing {
    bytes: *mut ffi::PyObject,
    start: NonNull<u8>,
    length: usize,
    capacity: usize,
}

impl Default for Growing {
    fn default() -> Self {
        Self { bytes: ptr::null_mut(), start: NonNull::dangling(), length: 0, capacity: 0 }
    }
}

impl Growing {
    /// Takes room for that many.
    pub(crate) fn new(capacity: usize) -> Result<Self> {
        let mut growing = Self::default();
        growing.resize(capacity.max(1))?;
        Ok(growing)
    }

    /// How many have been written.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// What has been written.
    pub(crate) fn written(&self) -> &[u8] {
        // SAFETY: `length` of the invariant: that many bytes have been written, and nobody changes them meanwhile.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    /// Sets the size of the room.
    fn resize(&mut self, capacity: usize) -> Result<()> {
        let size = ffi::Py_ssize_t::try_from(capacity).map_err(|_| Raised::memory())?;
        if self.bytes.is_null() {
            // SAFETY: no content is given; new, or an exception is set.
            self.bytes = unsafe { ffi::PyBytes_FromStringAndSize(ptr::null(), size) };
        } else {
            // SAFETY: a `bytes` that nobody else knows. When it fails, it has freed it and put NULL there.
            unsafe { _PyBytes_Resize(&mut self.bytes, size) };
        }
        if self.bytes.is_null() {
            (self.start, self.length, self.capacity) = (NonNull::dangling(), 0, 0);
            // SAFETY: NULL says that an exception is set.
            return Err(unsafe { Raised::already() });
        }
        // SAFETY: a `bytes`.
        let start = unsafe { ffi::PyBytes_AsString(self.bytes) }.cast::<u8>();
        self.start = NonNull::new(start).unwrap_or(NonNull::dangling());
        self.capacity = capacity;
        Ok(())
    }

    /// Makes room for that many more.
    #[inline]
    fn reserve(&mut self, more: usize) -> Result<()> {
        if self.capacity - self.length < more { self.grow(more) } else { Ok(()) }
    }

    #[cold]
    fn grow(&mut self, more: usize) -> Result<()> {
        let needed = self.length.checked_add(more).ok_or_else(Raised::memory)?;
        self.resize(needed.max(64) / 2 * 3)
    }

    /// Writes some bytes.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        // SAFETY: a slice is that many readable bytes, which aren't ours.
        unsafe { self.put_from(bytes.as_ptr(), bytes.len()) }
    }

    /// Writes bytes that somebody else may be changing.
    ///
    /// # Safety
    /// 1. `from` is `length` readable bytes, none of them in here.
    #[inline]
    pub(crate) unsafe fn put_from(&mut self, from: *const u8, length: usize) -> Result<()> {
        self.reserve(length)?;
        // SAFETY: `length` of the invariant is within the room.
        let to = unsafe { self.start.add(self.length) };
        // SAFETY: duty 1; `reserve` has made room for as many.
        unsafe { ptr::copy_nonoverlapping(from, to.as_ptr(), length) };
        self.length += length;
        Ok(())
    }

    /// Writes over what stands at a place.
    pub(crate) fn put_at(&mut self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.length, "only what has been written is written over");
        // SAFETY: within what has been written.
        let to = unsafe { self.start.add(at) };
        // SAFETY: as many bytes are there, and a slice of others isn't part of them.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to.as_ptr(), bytes.len()) };
    }

    /// Makes room for bytes at a place, and writes them there.
    pub(crate) fn insert(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        let length = self.length;
        assert!(at <= length, "a place in what has been written");
        self.put(bytes)?;
        // SAFETY: within what has been written.
        let from = unsafe { self.start.add(at) };
        // SAFETY: as many bytes more were just written.
        let to = unsafe { from.add(bytes.len()) };
        // SAFETY: both are within what has been written.
        unsafe { ptr::copy(from.as_ptr(), to.as_ptr(), length - at) };
        self.put_at(at, bytes);
        Ok(())
    }

    /// Takes out `count` bytes at a place.
    pub(crate) fn cut(&mut self, at: usize, count: usize) {
        assert!(at + count <= self.length, "only what has been written is taken out");
        // SAFETY: within what has been written.
        let to = unsafe { self.start.add(at) };
        // SAFETY: as above.
        let from = unsafe { to.add(count) };
        // SAFETY: both are within what has been written.
        unsafe { ptr::copy(from.as_ptr(), to.as_ptr(), self.length - at - count) };
        self.length -= count;
    }

    /// Gives out what has been written, and starts with new room.
    pub(crate) fn take(&mut self, capacity: usize) -> Result<Owned> {
        let fresh = Self::new(capacity)?;
        core::mem::replace(self, fresh).finish()
    }

    /// Gives out what has been written.
    pub(crate) fn finish(mut self) -> Result<Owned> {
        if self.length == 0 {
            return super::bytes(b"");
        }
        let length = self.length;
        self.resize(length)?;
        let bytes = core::mem::replace(&mut self.bytes, ptr::null_mut());
        // SAFETY: a reference of ours, which `self` has just forgotten.
        unsafe { Owned::from_new(bytes) }
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        // SAFETY: NULL, or a reference of ours.
        unsafe { ffi::Py_XDECREF(self.bytes) };
    }
}
