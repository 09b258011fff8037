//! Numbers, text, bytes, tuples, lists and dicts.

use core::ffi::c_long;
use core::ptr;

use pyo3_ffi as ffi;

use super::attributes::done;
use super::object::{Object, Owned};
use super::raised::{Raised, Result};
use super::sign::Sign;

/// `None`.
pub(crate) fn none() -> Owned {
    // SAFETY: Python's own.
    let none = unsafe { ffi::Py_None() };
    // SAFETY: it lives as long as the interpreter.
    unsafe { Object::from_ptr(none) }.own()
}

/// `True` or `False`.
pub(crate) fn truth(value: bool) -> Owned {
    let get = if value { ffi::Py_True } else { ffi::Py_False };
    // SAFETY: Python's own.
    let found = unsafe { get() };
    // SAFETY: they live as long as the interpreter.
    unsafe { Object::from_ptr(found) }.own()
}

/// A `str`.
pub(crate) fn text(text: &str) -> Result<Owned> {
    let length = length(text.len())?;
    // SAFETY: that many bytes of UTF-8; new, or an exception is set.
    let found = unsafe { ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), length) };
    // SAFETY: new, or an exception is set.
    unsafe { Owned::from_new(found) }
}

/// A `str` that Python keeps once.
pub(crate) fn interned(name: &str) -> Result<Owned> {
    let mut pointer = text(name)?.into_ptr();
    // SAFETY: a `str` whose reference is ours; another one may stand there afterwards.
    unsafe { ffi::PyUnicode_InternInPlace(&mut pointer) };
    // SAFETY: a reference of ours.
    unsafe { Owned::from_new(pointer) }
}

/// A `bytes`.
pub(crate) fn bytes(bytes: &[u8]) -> Result<Owned> {
    let length = length(bytes.len())?;
    // SAFETY: that many bytes; new, or an exception is set.
    let found = unsafe { ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), length) };
    // SAFETY: new, or an exception is set.
    unsafe { Owned::from_new(found) }
}

/// An `int`.
pub(crate) fn int(value: i64) -> Result<Owned> {
    // SAFETY: new, or an exception is set.
    let found = unsafe { ffi::PyLong_FromLongLong(value) };
    // SAFETY: new, or an exception is set.
    unsafe { Owned::from_new(found) }
}

/// A tuple.
pub(crate) fn tuple(items: &[&Object]) -> Result<Owned> {
    // SAFETY: new, or an exception is set.
    let found = unsafe { ffi::PyTuple_New(length(items.len())?) };
    // SAFETY: new, or an exception is set.
    let tuple = unsafe { Owned::from_new(found) }?;
    for (at, item) in items.iter().enumerate() {
        // SAFETY: a fresh tuple that long; takes a reference of ours.
        unsafe { ffi::PyTuple_SET_ITEM(tuple.ptr(), at.turned(), item.own().into_ptr()) };
    }
    Ok(tuple)
}

/// An empty dict.
pub(crate) fn dict() -> Result<Owned> {
    // SAFETY: new, or an exception is set.
    let found = unsafe { ffi::PyDict_New() };
    // SAFETY: new, or an exception is set.
    unsafe { Owned::from_new(found) }
}

/// An empty list.
pub(crate) fn list() -> Result<Owned> {
    // SAFETY: new, or an exception is set.
    let found = unsafe { ffi::PyList_New(0) };
    // SAFETY: new, or an exception is set.
    unsafe { Owned::from_new(found) }
}

fn length(length: usize) -> Result<ffi::Py_ssize_t> {
    ffi::Py_ssize_t::try_from(length).map_err(|_| Raised::memory())
}

impl Object {
    /// The text of a `str`.
    ///
    /// # Errors
    /// It isn't a `str`, or holds surrogates.
    pub(crate) fn utf8(&self) -> Result<&str> {
        let mut length = 0;
        // SAFETY: alive; Python checks that it's a `str`.
        let text = unsafe { ffi::PyUnicode_AsUTF8AndSize(self.ptr(), &mut length) };
        if text.is_null() {
            // SAFETY: NULL says that an exception is set.
            return Err(unsafe { Raised::already() });
        }
        // SAFETY: that many bytes, which the `str` keeps.
        let bytes = unsafe { core::slice::from_raw_parts(text.cast::<u8>(), length.turned()) };
        // SAFETY: Python has just encoded them as UTF-8.
        Ok(unsafe { core::str::from_utf8_unchecked(bytes) })
    }

    /// The content of a `bytes`.
    pub(crate) fn bytes(&self) -> Result<&[u8]> {
        let (mut start, mut length) = (ptr::null_mut(), 0);
        // SAFETY: alive; Python checks that it's a `bytes`.
        done(unsafe { ffi::PyBytes_AsStringAndSize(self.ptr(), &mut start, &mut length) })?;
        // SAFETY: that many bytes, which the object keeps and nobody changes.
        Ok(unsafe { core::slice::from_raw_parts(start.cast::<u8>(), length.turned()) })
    }

    /// The value of an `int`, or nothing where it is outside `i64`.
    pub(crate) fn small_int(&self) -> Result<Option<i64>> {
        let mut overflow = 0;
        // SAFETY: alive; Python checks what it is.
        let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(self.ptr(), &mut overflow) };
        if overflow != 0 {
            return Ok(None);
        }
        if value == -1 {
            Raised::check()?;
        }
        Ok(Some(value))
    }

    /// The value of an `int`.
    pub(crate) fn int(&self) -> Result<c_long> {
        // SAFETY: alive; Python checks what it is.
        let value = unsafe { ffi::PyLong_AsLong(self.ptr()) };
        if value == -1 {
            Raised::check()?;
        }
        Ok(value)
    }

    /// How long a tuple is; 0 for what is none.
    pub(crate) fn tuple_len(&self) -> usize {
        if !self.is_tuple() {
            return 0;
        }
        // SAFETY: a tuple.
        unsafe { ffi::PyTuple_GET_SIZE(self.ptr()) }.turned()
    }

    /// An item of a tuple, which keeps it.
    pub(crate) fn tuple_item(&self, at: usize) -> Option<&Object> {
        if at >= self.tuple_len() {
            return None;
        }
        // SAFETY: a tuple that long.
        let item = unsafe { ffi::PyTuple_GET_ITEM(self.ptr(), at.turned()) };
        // SAFETY: NULL where whoever makes the tuple hasn't put anything in yet; else the tuple keeps it, for good.
        unsafe { Object::from_ptr_or_none(item) }
    }

    /// `self[key]` of a dict, or nothing; never `__missing__`.
    pub(crate) fn dict_find(&self, key: &Object) -> Result<Option<Owned>> {
        #[cfg(Py_3_13)]
        {
            let mut found = ptr::null_mut();
            // SAFETY: alive; Python checks that it's a dict. A place for a reference.
            let said = unsafe { ffi::PyDict_GetItemRef(self.ptr(), key.ptr(), &mut found) };
            done(said)?;
            if found.is_null() {
                return Ok(None);
            }
            // SAFETY: not NULL, so a new reference.
            unsafe { Owned::from_new(found) }.map(Some)
        }
        #[cfg(not(Py_3_13))]
        {
            // SAFETY: alive; Python checks that it's a dict.
            let found = unsafe { ffi::PyDict_GetItemWithError(self.ptr(), key.ptr()) };
            if found.is_null() {
                return Raised::check().map(|()| None);
            }
            // SAFETY: the dict keeps it, and nothing ran since.
            Ok(Some(unsafe { Object::from_ptr(found) }.own()))
        }
    }

    /// `self[key] = value` of a dict.
    pub(crate) fn dict_set(&self, key: &Object, value: &Object) -> Result<()> {
        // SAFETY: all are alive; Python checks that it's a dict.
        done(unsafe { ffi::PyDict_SetItem(self.ptr(), key.ptr(), value.ptr()) })
    }

    /// `self.append(item)` of a list.
    pub(crate) fn list_append(&self, item: &Object) -> Result<()> {
        // SAFETY: both are alive; Python checks that it's a list.
        done(unsafe { ffi::PyList_Append(self.ptr(), item.ptr()) })
    }
}

/// A list from what can be iterated.
pub(crate) fn list_from(items: &Object) -> Result<Owned> {
    // SAFETY: alive; new, or an exception is set.
    let found = unsafe { ffi::PySequence_List(items.ptr()) };
    // SAFETY: new, or an exception is set.
    unsafe { Owned::from_new(found) }
}

/// Numbers, text and bytes.
impl Object {
    /// The value of an exact `float`.
    pub(crate) fn float(&self) -> f64 {
        // SAFETY: alive; anything but a float gives -1 and an exception, which the caller rules out by its kind.
        unsafe { ffi::PyFloat_AsDouble(self.ptr()) }
    }

    /// The value of an exact `int`, or nothing where it is outside 64 bits.
    #[inline]
    pub(crate) fn exact_int(&self) -> Option<i64> {
        let mut overflow = 0;
        // SAFETY: alive; an `int` has no other way to fail.
        let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(self.ptr(), &mut overflow) };
        (overflow == 0).then_some(value)
    }

    /// The two's complement of an exact `int`, little-endian, no longer than it must be.
    pub(crate) fn int_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        #[cfg(Py_3_13)]
        {
            let flags = ffi::Py_ASNATIVEBYTES_LITTLE_ENDIAN;
            // SAFETY: alive; no place is given, so it says how much it needs.
            let size = unsafe { ffi::PyLong_AsNativeBytes(self.ptr(), ptr::null_mut(), 0, flags) };
            done(core::ffi::c_int::from(size < 0).wrapping_neg())?;
            bytes.try_reserve_exact(size.turned()).map_err(|_| Raised::memory())?;
            bytes.resize(size.turned(), 0);
            // SAFETY: a place of that size.
            let wrote =
                unsafe { ffi::PyLong_AsNativeBytes(self.ptr(), bytes.as_mut_ptr().cast(), size, flags) };
            done(core::ffi::c_int::from(wrote < 0).wrapping_neg())?;
        }
        #[cfg(not(Py_3_13))]
        {
            // SAFETY: an `int`.
            let bits = unsafe { super::declared::_PyLong_NumBits(self.ptr()) };
            if bits == usize::MAX {
                Raised::check()?;
            }
            let size = (bits >> 3) + 1;
            bytes.try_reserve_exact(size).map_err(|_| Raised::memory())?;
            bytes.resize(size, 0);
            // SAFETY: an `int`, and a place of that size, which holds it: a bit more than it has.
            done(unsafe {
                super::declared::_PyLong_AsByteArray(self.ptr().cast(), bytes.as_mut_ptr(), size, 1, 1)
            })?;
        }
        // A byte that only repeats the sign.
        while let [.., before, last] = bytes[..] {
            if (last == 0xff && before & 0x80 != 0) || (last == 0 && before & 0x80 == 0) {
                bytes.pop();
            } else {
                break;
            }
        }
        Ok(bytes)
    }

    /// `str(self)`.
    pub(crate) fn to_text(&self) -> Result<Owned> {
        // SAFETY: alive; new, or an exception is set.
        let found = unsafe { ffi::PyObject_Str(self.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// How many characters a `str` has.
    pub(crate) fn text_len(&self) -> usize {
        // SAFETY: alive; what is no `str` gives -1.
        unsafe { ffi::PyUnicode_GetLength(self.ptr()) }.max(0).turned()
    }

    /// A character of a `str`, as a number: it may be a surrogate.
    pub(crate) fn text_char(&self, at: usize) -> Result<u32> {
        // SAFETY: alive; Python checks what it is, and its length.
        let found = unsafe { ffi::PyUnicode_ReadChar(self.ptr(), at.turned()) };
        if found == u32::MAX {
            Raised::check()?;
        }
        Ok(found)
    }

    /// A `str` as UTF-8, surrogates as they are.
    pub(crate) fn encode_with_surrogates(&self) -> Result<Owned> {
        let (encoding, errors) = (c"utf-8".as_ptr(), c"surrogatepass".as_ptr());
        // SAFETY: alive, and two C strings; new, or an exception is set.
        let found = unsafe { ffi::PyUnicode_AsEncodedString(self.ptr(), encoding, errors) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// A `str` in ASCII or UTF-8.
    pub(crate) fn encode(&self, ascii: bool) -> Result<Owned> {
        let encode = if ascii { ffi::PyUnicode_AsASCIIString } else { ffi::PyUnicode_AsUTF8String };
        // SAFETY: alive; Python checks that it's a `str`. New, or an exception is set.
        let found = unsafe { encode(self.ptr()) };
        // SAFETY: as said.
        unsafe { Owned::from_new(found) }
    }

    /// `self.split(separator)` of a `str`.
    pub(crate) fn split(&self, separator: &Object) -> Result<Owned> {
        // SAFETY: both are alive; Python checks what they are. New, or an exception is set.
        let found = unsafe { ffi::PyUnicode_Split(self.ptr(), separator.ptr(), -1) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// `bytes.decode("latin-1")`.
    pub(crate) fn decode_latin1(&self) -> Result<Owned> {
        let bytes = self.bytes()?;
        let length = length(bytes.len())?;
        // SAFETY: that many bytes; new, or an exception is set.
        let found = unsafe { ffi::PyUnicode_DecodeLatin1(bytes.as_ptr().cast(), length, ptr::null()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// `bytes(self)` of what has a buffer.
    pub(crate) fn to_bytes(&self) -> Result<Owned> {
        // SAFETY: alive; new, or an exception is set.
        let found = unsafe { ffi::PyBytes_FromObject(self.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }
}

/// Lists and dicts, which may change between two calls.
impl Object {
    /// An item of a list, or nothing behind its end.
    #[inline]
    pub(crate) fn list_get(&self, at: usize) -> Option<Owned> {
        #[cfg(Py_GIL_DISABLED)]
        {
            // SAFETY: alive; Python checks what it is, and its length.
            let item = unsafe { ffi::PyList_GetItemRef(self.ptr(), at.turned()) };
            if item.is_null() {
                Raised::forget();
                return None;
            }
            // SAFETY: not NULL, so a new reference.
            unsafe { Owned::from_new(item) }.ok()
        }
        #[cfg(not(Py_GIL_DISABLED))]
        {
            if at >= self.list_len() {
                return None;
            }
            // SAFETY: a list that long; nothing of Python's ran since.
            let item = unsafe { ffi::PyList_GET_ITEM(self.ptr(), at.turned()) };
            // SAFETY: NULL where whoever makes the list hasn't put anything in yet; else the list keeps it.
            unsafe { Object::from_ptr_or_none(item) }.map(Object::own)
        }
    }

    /// The items of a list, as a tuple.
    pub(crate) fn list_tuple(&self) -> Result<Owned> {
        // SAFETY: alive; Python checks that it's a list. New, or an exception is set.
        let found = unsafe { ffi::PyList_AsTuple(self.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// How long a list is.
    pub(crate) fn list_len(&self) -> usize {
        // SAFETY: alive; what is no list gives -1.
        unsafe { ffi::PyList_Size(self.ptr()) }.max(0).turned()
    }

    /// How many members a set or frozenset has.
    pub(crate) fn set_len(&self) -> usize {
        // SAFETY: alive; what is no set gives -1.
        unsafe { ffi::PySet_Size(self.ptr()) }.max(0).turned()
    }

    /// How many pairs a dict has.
    pub(crate) fn dict_len(&self) -> usize {
        // SAFETY: alive; what is no dict gives -1.
        unsafe { ffi::PyDict_Size(self.ptr()) }.max(0).turned()
    }

    /// The next pair of a dict; `at` starts with 0.
    #[inline]
    pub(crate) fn dict_next(&self, at: &mut ffi::Py_ssize_t) -> Option<(Owned, Owned)> {
        let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
        #[cfg(Py_GIL_DISABLED)]
        // SAFETY: zeroes are what it starts with.
        let mut section = unsafe { core::mem::zeroed::<ffi::PyCriticalSection>() };
        #[cfg(Py_GIL_DISABLED)]
        // SAFETY: the section ends below, before anything of Python's runs.
        unsafe {
            ffi::PyCriticalSection_Begin(&mut section, self.ptr());
        };
        // SAFETY: a dict by its kind, locked against other threads.
        let more = unsafe { ffi::PyDict_Next(self.ptr(), at, &mut key, &mut value) };
        let pair = (more != 0).then(|| {
            // SAFETY: the dict keeps both, and nothing of Python's ran since.
            let key = unsafe { Object::from_ptr(key) };
            // SAFETY: as above.
            let value = unsafe { Object::from_ptr(value) };
            (key.own(), value.own())
        });
        #[cfg(Py_GIL_DISABLED)]
        // SAFETY: begun above.
        unsafe {
            ffi::PyCriticalSection_End(&mut section);
        };
        pair
    }

    /// `key in self` of a dict.
    pub(crate) fn dict_has(&self, key: &Object) -> Result<bool> {
        // SAFETY: both are alive; Python checks that it's a dict.
        let said = unsafe { ffi::PyDict_Contains(self.ptr(), key.ptr()) };
        done(said).map(|()| said != 0)
    }

    /// A copy of a dict.
    pub(crate) fn dict_copy(&self) -> Result<Owned> {
        // SAFETY: alive; Python checks that it's a dict. New, or an exception is set.
        let found = unsafe { ffi::PyDict_Copy(self.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// `self[from:]` of a tuple.
    pub(crate) fn tuple_from(&self, from: usize) -> Result<Owned> {
        let end = self.tuple_len();
        // SAFETY: alive; Python checks that it's a tuple. New, or an exception is set.
        let found = unsafe { ffi::PyTuple_GetSlice(self.ptr(), from.turned(), end.turned()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }
}

/// The bytes of what has a buffer, while they can neither move nor go.
pub(crate) struct View(ffi::Py_buffer);

impl View {
    /// Takes the buffer of an object.
    pub(crate) fn of(object: &Object) -> Result<Self> {
        let mut view = ffi::Py_buffer::new();
        // SAFETY: alive, and a place for the view.
        done(unsafe { ffi::PyObject_GetBuffer(object.ptr(), &mut view, ffi::PyBUF_FULL_RO) })?;
        Ok(Self(view))
    }

    /// Tells whether the bytes lie one behind the other.
    pub(crate) fn is_contiguous(&self) -> bool {
        // SAFETY: a view that was taken, `A` is one of the three letters it knows.
        self.0.suboffsets.is_null()
            && unsafe { ffi::PyBuffer_IsContiguous(&self.0, b'A' as core::ffi::c_char) } != 0
    }

    /// Tells whether they may not be changed.
    pub(crate) fn is_read_only(&self) -> bool {
        self.0.readonly != 0
    }

    /// Where they are, and how many.
    pub(crate) fn span(&self) -> (*const u8, usize) {
        (self.0.buf.cast_const().cast(), self.0.len.max(0).turned())
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: taken by `of`, released once.
        unsafe { ffi::PyBuffer_Release(&mut self.0) };
    }
}
