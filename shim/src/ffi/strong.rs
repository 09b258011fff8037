//! Owned references, and the calls that return them.

use core::ffi::CStr;
use core::ptr::NonNull;

use pyo3_ffi as py;

use super::PyObject;
use super::attached::Attached;
use super::raised::Raised;
use crate::text::Text;

/// An owned reference; dropped while attached.
#[derive(Debug)]
pub(crate) struct Strong(NonNull<PyObject>);

impl Strong {
    /// Takes over a new reference; NULL means failure.
    ///
    /// # Safety
    /// 1. `object` is NULL, or a reference that the caller owns and gives away.
    #[inline]
    pub(crate) unsafe fn from_new(at: Attached, object: *mut PyObject) -> Result<Self, Raised> {
        NonNull::new(object).map(Self).ok_or_else(|| Raised::at(at))
    }

    /// Takes over a reference that somebody kept as a pointer.
    ///
    /// # Safety
    /// 1. The caller owns a reference and gives it away.
    pub(crate) unsafe fn owned(_at: Attached, object: NonNull<PyObject>) -> Self {
        Self(object)
    }

    /// Adds a reference to a borrowed one.
    ///
    /// # Safety
    /// 1. `object` is a live object, not NULL.
    pub(crate) unsafe fn from_borrowed(_at: Attached, object: *mut PyObject) -> Self {
        // SAFETY: duty 1; attached.
        unsafe { py::Py_INCREF(object) };
        // SAFETY: duty 1: not NULL.
        Self(unsafe { NonNull::new_unchecked(object) })
    }

    /// Adds a reference.
    pub(crate) fn share(&self, at: Attached) -> Self {
        // SAFETY: `self` holds the object.
        unsafe { Self::from_borrowed(at, self.as_ptr()) }
    }

    /// Makes a `str`.
    #[inline(never)]
    pub(crate) fn text(at: Attached, text: &str) -> Result<Self, Raised> {
        let len = text.len().try_into().unwrap_or(isize::MAX);
        // SAFETY: attached; `len` bytes are readable.
        let object = unsafe { py::PyUnicode_FromStringAndSize(text.as_ptr().cast(), len) };
        // SAFETY: a new reference or NULL with an exception.
        unsafe { Self::from_new(at, object) }
    }

    /// Borrows the pointer.
    pub(crate) fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// Borrows the pointer.
    pub(crate) fn as_non_null(&self) -> NonNull<PyObject> {
        self.0
    }

    /// Gives the reference away.
    pub(crate) fn into_ptr(self) -> *mut PyObject {
        core::mem::ManuallyDrop::new(self).0.as_ptr()
    }

    /// Reads an attribute, as Python code would.
    #[inline(never)]
    pub(crate) fn attribute(&self, at: Attached, name: &str) -> Result<Self, Raised> {
        self.attribute_of(at, &Self::text(at, name)?)
    }

    /// Reads an attribute of any name.
    pub(crate) fn attribute_of(&self, at: Attached, name: &Self) -> Result<Self, Raised> {
        // SAFETY: attached, live objects; a TypeError where the name is no `str`.
        let value = unsafe { py::PyObject_GetAttr(self.as_ptr(), name.as_ptr()) };
        // SAFETY: a new reference or NULL with an exception.
        unsafe { Self::from_new(at, value) }
    }

    /// Calls with one positional argument.
    pub(crate) fn call1(&self, at: Attached, a: &Self) -> Result<Self, Raised> {
        self.call_tuple(at, &[a])
    }

    /// Calls with positional arguments; a tuple, because nothing quicker is in the limited API of 3.9.
    #[inline(never)]
    pub(crate) fn call_tuple(&self, at: Attached, arguments: &[&Self]) -> Result<Self, Raised> {
        // SAFETY: attached; the length is small and positive.
        let tuple = unsafe { py::PyTuple_New(arguments.len() as isize) };
        // SAFETY: a new reference or NULL.
        let tuple = unsafe { Self::from_new(at, tuple) }?;
        for (i, argument) in arguments.iter().enumerate() {
            // SAFETY: a live object; the tuple takes over this reference.
            unsafe { py::Py_INCREF(argument.as_ptr()) };
            // SAFETY: the tuple is new and not shared, `i` is inside it; errors can't occur then.
            unsafe { py::PyTuple_SetItem(tuple.as_ptr(), i as isize, argument.as_ptr()) };
        }
        // SAFETY: attached, live callable and tuple.
        let value = unsafe { py::PyObject_Call(self.as_ptr(), tuple.as_ptr(), core::ptr::null_mut()) };
        // SAFETY: a new reference or NULL with an exception.
        unsafe { Self::from_new(at, value) }
    }

    /// Copies a `str`'s text, which may be lost for want of memory; `None` when it's no `str` or has lone surrogates.
    #[inline(never)]
    pub(crate) fn to_text(&self, at: Attached) -> Option<Text> {
        // SAFETY: attached, live object.
        if unsafe { py::PyUnicode_Check(self.as_ptr()) } == 0 {
            return None;
        }
        let mut len = 0;
        #[cfg(interbind_utf8)]
        // SAFETY: attached, a `str`, which keeps its text.
        let start = unsafe { py::PyUnicode_AsUTF8AndSize(self.as_ptr(), &mut len) };
        #[cfg(not(interbind_utf8))]
        let bytes = {
            // SAFETY: attached, a `str`.
            let bytes = unsafe { py::PyUnicode_AsUTF8String(self.as_ptr()) };
            // SAFETY: a new reference or NULL with an exception.
            unsafe { Self::from_new(at, bytes) }.ok()
        };
        #[cfg(not(interbind_utf8))]
        let start = bytes.as_ref().map_or(core::ptr::null(), |bytes| {
            // SAFETY: attached, a `bytes` object.
            len = unsafe { py::PyBytes_Size(bytes.as_ptr()) };
            // SAFETY: as above; it's kept until the end of this function.
            unsafe { py::PyBytes_AsString(bytes.as_ptr()) }.cast_const()
        });
        if start.is_null() {
            at.clear();
            return None;
        }
        // SAFETY: so many bytes stand there, kept by the `str` or the `bytes`.
        let text = unsafe { core::slice::from_raw_parts(start.cast::<u8>(), len.max(0) as usize) };
        core::str::from_utf8(text).ok().map(Text::of)
    }
}

impl Drop for Strong {
    // One copy: nothing that a call waits for drops one of these.
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: `Strong` is made from and dropped under `Attached` only: it is never stored in anything that outlives a
        // call, except where the file that stores it says who drops it attached.
        unsafe { py::Py_DECREF(self.0.as_ptr()) }
    }
}

/// Finds an object of `sys` by name; `None` when it isn't there.
pub(crate) fn sys(at: Attached, name: &CStr) -> Option<Strong> {
    let find = || {
        // SAFETY: attached, terminated name; the result is borrowed or NULL without an exception.
        let object = unsafe { py::PySys_GetObject(name.as_ptr()) };
        // SAFETY: `sys` holds it; nothing ran in between.
        (!object.is_null()).then(|| unsafe { Strong::from_borrowed(at, object) })
    };
    // Python makes a text of the name, and without memory for that it finds nothing. So once more.
    find().or_else(find)
}
