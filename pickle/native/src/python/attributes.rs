//! Attributes, calls, comparisons and iteration.

use core::ptr;

use pyo3_ffi as ffi;

use super::object::{Object, Owned};
use super::raised::{Raised, Result};

impl Object {
    /// `self.name`.
    pub(crate) fn get(&self, name: &Object) -> Result<Owned> {
        // SAFETY: both are alive; the result is new, or an exception is set.
        let found = unsafe { ffi::PyObject_GetAttr(self.ptr(), name.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// `self.name`, or nothing where that is an `AttributeError`.
    pub(crate) fn find(&self, name: &Object) -> Result<Option<Owned>> {
        #[cfg(Py_3_13)]
        {
            let mut found = ptr::null_mut();
            // SAFETY: both are alive; a place for a reference.
            let said = unsafe { ffi::PyObject_GetOptionalAttr(self.ptr(), name.ptr(), &mut found) };
            if said < 0 {
                // SAFETY: negative says that an exception is set.
                return Err(unsafe { Raised::already() });
            }
            if found.is_null() {
                return Ok(None);
            }
            // SAFETY: not NULL, so a new reference.
            unsafe { Owned::from_new(found) }.map(Some)
        }
        #[cfg(not(Py_3_13))]
        match self.get(name) {
            Ok(found) => Ok(Some(found)),
            Err(raised) if raised.is_attribute_error() => {
                raised.dismiss();
                Ok(None)
            }
            Err(raised) => Err(raised),
        }
    }

    /// `self.name = value`.
    pub(crate) fn set(&self, name: &Object, value: &Object) -> Result<()> {
        // SAFETY: all three are alive.
        done(unsafe { ffi::PyObject_SetAttr(self.ptr(), name.ptr(), value.ptr()) })
    }

    /// `self(*arguments)`.
    pub(crate) fn call(&self, arguments: &[&Object]) -> Result<Owned> {
        // SAFETY: so many live objects; `&Object` is the pointer that Python expects. No keywords.
        let result = unsafe {
            ffi::PyObject_Vectorcall(self.ptr(), arguments.as_ptr().cast(), arguments.len(), ptr::null_mut())
        };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(result) }
    }

    /// `self(*arguments, **keywords)` with a tuple and a dict.
    pub(crate) fn call_with(&self, arguments: &Object, keywords: Option<&Object>) -> Result<Owned> {
        let keywords = keywords.map_or(ptr::null_mut(), Object::ptr);
        // SAFETY: all are alive; Python checks what they are.
        let result = unsafe { ffi::PyObject_Call(self.ptr(), arguments.ptr(), keywords) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(result) }
    }

    /// `self.name(*arguments)`.
    pub(crate) fn call_method(&self, name: &Object, arguments: &[&Object]) -> Result<Owned> {
        self.get(name)?.call(arguments)
    }

    /// `bool(self)`.
    pub(crate) fn truth(&self) -> Result<bool> {
        // SAFETY: alive.
        let said = unsafe { ffi::PyObject_IsTrue(self.ptr()) };
        // SAFETY: negative says that an exception is set.
        if said < 0 { Err(unsafe { Raised::already() }) } else { Ok(said != 0) }
    }

    /// `self == other`.
    pub(crate) fn equals(&self, other: &Object) -> Result<bool> {
        // SAFETY: both are alive.
        let said = unsafe { ffi::PyObject_RichCompareBool(self.ptr(), other.ptr(), ffi::Py_EQ) };
        // SAFETY: negative says that an exception is set.
        if said < 0 { Err(unsafe { Raised::already() }) } else { Ok(said != 0) }
    }

    /// `hash(self)`.
    pub(crate) fn hash(&self) -> Result<u64> {
        // SAFETY: alive.
        let hash = unsafe { ffi::PyObject_Hash(self.ptr()) };
        if hash == -1 {
            Raised::check()?;
        }
        Ok(hash as u64)
    }

    /// `iter(self)`.
    pub(crate) fn iterate(&self) -> Result<Owned> {
        // SAFETY: alive; new, or an exception is set.
        let found = unsafe { ffi::PyObject_GetIter(self.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// `next(self)`, or nothing at the end.
    pub(crate) fn next(&self) -> Result<Option<Owned>> {
        // SAFETY: alive; Python checks nothing: `self` is an iterator, see `is_iterator`.
        let item = unsafe { ffi::PyIter_Next(self.ptr()) };
        if item.is_null() {
            return Raised::check().map(|()| None);
        }
        // SAFETY: not NULL, so a new reference.
        unsafe { Owned::from_new(item) }.map(Some)
    }

    /// Tells whether it has a `__next__`.
    pub(crate) fn is_iterator(&self) -> bool {
        // SAFETY: alive.
        unsafe { ffi::PyIter_Check(self.ptr()) != 0 }
    }

    /// `callable(self)`.
    pub(crate) fn is_callable(&self) -> bool {
        // SAFETY: alive.
        unsafe { ffi::PyCallable_Check(self.ptr()) != 0 }
    }

    /// `repr(self)`.
    pub(crate) fn repr(&self) -> Result<Owned> {
        // SAFETY: alive; new, or an exception is set.
        let found = unsafe { ffi::PyObject_Repr(self.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// `self[key]`.
    pub(crate) fn item(&self, key: &Object) -> Result<Owned> {
        // SAFETY: both are alive; new, or an exception is set.
        let found = unsafe { ffi::PyObject_GetItem(self.ptr(), key.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// `self[key] = value`.
    pub(crate) fn item_set(&self, key: &Object, value: &Object) -> Result<()> {
        // SAFETY: all are alive; Python checks what `self` is.
        done(unsafe { ffi::PyObject_SetItem(self.ptr(), key.ptr(), value.ptr()) })
    }

    /// `self[key]`, or nothing where that is a `KeyError`.
    pub(crate) fn find_item(&self, key: &Object) -> Result<Option<Owned>> {
        match self.item(key) {
            Ok(found) => Ok(Some(found)),
            Err(raised) => {
                // SAFETY: Python's own.
                let missing = unsafe { ffi::PyExc_KeyError };
                // SAFETY: it lives as long as the interpreter.
                let missing = unsafe { Object::from_ptr(missing) };
                if raised.is_a(missing) {
                    raised.dismiss();
                    return Ok(None);
                }
                Err(raised)
            }
        }
    }
}

/// What Python's functions with a number say.
pub(super) fn done(said: core::ffi::c_int) -> Result<()> {
    // SAFETY: negative says that an exception is set.
    if said < 0 { Err(unsafe { Raised::already() }) } else { Ok(()) }
}
