//! An object whose class is known to be one of functions, with this build's layout: its fields.
//!
//! What Python code can change is read and written in the object's section. Calls no Python while it's in there.
//!
//! **Boundary**: the record in a function's object, its overloads and entries, which other builds may have written.

use core::mem::{offset_of, replace};
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use interbind_abi::Str;
use interbind_abi::services::functions::FUNCTION_IS_MODULE;
use interbind_abi::services::{FunctionRecord, NativeEntry, Overload, Parameter};

use crate::ffi::live::Live;
use crate::ffi::{Attached, PyObject, Strong, section};

/// A field that owns an object.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Name,
    Qualname,
    Module,
    Doc,
    Dict,
}

impl Field {
    /// Bytes from the start of the record.
    pub(super) const fn offset(self) -> usize {
        match self {
            Self::Name => offset_of!(FunctionRecord, name),
            Self::Qualname => offset_of!(FunctionRecord, qualname),
            Self::Module => offset_of!(FunctionRecord, module),
            Self::Doc => offset_of!(FunctionRecord, doc),
            Self::Dict => offset_of!(FunctionRecord, dict),
        }
    }
}

/// A function of a class that this build knows.
#[derive(Clone, Copy)]
pub(super) struct Function<'a>(Live<'a>);

impl<'a> Function<'a> {
    /// # Safety
    /// 1. The object's class is a function class of this build's version and platform text, and it's alive and attached during
    ///    `'a`; or it's being made or taken apart by this thread.
    pub(super) unsafe fn new(object: *mut PyObject) -> Self {
        // SAFETY: duty 1: not NULL.
        let object = unsafe { NonNull::new_unchecked(object) };
        // SAFETY: duty 1.
        Self(unsafe { Live::new(object) })
    }

    pub(super) fn at(self) -> Attached<'a> {
        self.0.at()
    }

    pub(super) fn live(self) -> Live<'a> {
        self.0
    }

    pub(super) fn as_ptr(self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// A reference to the function.
    pub(super) fn held(self) -> Strong {
        // SAFETY: a live object.
        unsafe { Strong::from_borrowed(self.at(), self.as_ptr()) }
    }

    /// Where the record is: behind Python's own head.
    pub(super) fn record(self) -> *mut FunctionRecord {
        self.as_ptr().wrapping_add(1).cast()
    }

    fn place(self, field: Field) -> *mut *mut PyObject {
        self.record().wrapping_byte_add(field.offset()).cast()
    }

    /// What stands in a field, within a section: one in another of the same object gives the outer one up.
    pub(super) fn peek(self, field: Field) -> Option<Strong> {
        // SAFETY: `new`'s duty: a field of the record, which others change in its section alone.
        let value = unsafe { self.place(field).read() };
        // SAFETY: the field owns it, and the section keeps that so.
        NonNull::new(value).map(|value| unsafe { Strong::from_borrowed(self.at(), value.as_ptr()) })
    }

    /// What stands in a field, in one section with what `otherwise` looks for when it's nothing.
    pub(super) fn take_or(self, field: Field, otherwise: impl FnOnce() -> Option<Strong>) -> Option<Strong> {
        section::locked(self.0, || self.peek(field).or_else(otherwise))
    }

    /// What stands in a field.
    pub(super) fn take(self, field: Field) -> Option<Strong> {
        self.take_or(field, || None)
    }

    /// Exchanges what stands in a field; within a section.
    pub(super) fn exchange(self, field: Field, value: Option<Strong>) -> Option<Strong> {
        let value = value.map_or(ptr::null_mut(), Strong::into_ptr);
        // SAFETY: `new`'s duty: a field of the record, which owns what it has, in its section.
        let before = unsafe { self.place(field).replace(value) };
        // SAFETY: it was the field's.
        NonNull::new(before).map(|before| unsafe { Strong::owned(self.at(), before) })
    }

    /// Puts something into a field. What was there is dropped outside of the section.
    pub(super) fn put(self, field: Field, value: Option<Strong>) {
        drop(section::locked(self.0, || self.exchange(field, value)));
    }

    /// Tells whether it stands for a module, in a pickle.
    pub(super) fn is_module(self) -> bool {
        // SAFETY: `new`'s duty; never changed.
        (unsafe { (*self.record()).flags }) & FUNCTION_IS_MODULE != 0
    }

    /// The overloads, in the order in which they're tried.
    pub(super) fn overloads(self) -> impl Iterator<Item = Way<'a>> {
        // SAFETY: `new`'s duty; never changed.
        let mut next = unsafe { (*self.record()).first };
        core::iter::from_fn(move || {
            let way = NonNull::new(next)?;
            // SAFETY: the function owns its overloads until it dies; what others write in one is atomic, or read through a pointer.
            let overload = unsafe { way.as_ref() };
            next = overload.next.load(Ordering::Acquire);
            Some(Way { function: self, overload })
        })
    }

    /// The native entries, the newest first.
    pub(super) fn natives(self) -> *mut NativeEntry {
        // SAFETY: `new`'s duty.
        (unsafe { &(*self.record()).natives }).load(Ordering::Acquire)
    }

    /// Adds an entry before those that are there.
    ///
    /// # Safety
    /// 1. It is whole, nobody else has it, and it can be freed as it says.
    pub(super) unsafe fn add_native(self, entry: NonNull<NativeEntry>) {
        // SAFETY: `new`'s duty.
        let newest = unsafe { &(*self.record()).natives };
        let mut known = newest.load(Ordering::Acquire);
        loop {
            // SAFETY: duty 1.
            unsafe { (*entry.as_ptr()).next = known };
            match newest.compare_exchange(known, entry.as_ptr(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(other) => known = other,
            }
        }
    }

    /// What keeps the code of its overloads: only the address counts.
    pub(super) fn home(self) -> *mut PyObject {
        // SAFETY: `new`'s duty; never changed.
        (unsafe { (*self.record()).home }).cast()
    }
}

/// An overload of a function.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    function: Function<'a>,
    pub(super) overload: &'a Overload,
}

impl<'a> Way<'a> {
    pub(super) fn parameters(self) -> impl ExactSizeIterator<Item = Place<'a>> {
        let first = self.overload.parameters;
        (0..self.overload.count as usize)
            .map(move |place| Place { function: self.function, parameter: first.wrapping_add(place) })
    }

    /// A text of the record.
    pub(super) fn text(self, text: &Str) -> &'a [u8] {
        // SAFETY: the maker's texts are valid as long as the function.
        unsafe { bytes(text) }
    }
}

/// A parameter of an overload.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    function: Function<'a>,
    parameter: *mut Parameter,
}

impl<'a> Place<'a> {
    /// One of `PARAMETER_…`.
    pub(super) fn kind(self) -> u32 {
        // SAFETY: an overload has as many as it says; never changed.
        unsafe { (*self.parameter).kind }
    }

    pub(super) fn name(self) -> Option<Strong> {
        // SAFETY: as above.
        let name = unsafe { (*self.parameter).name };
        // SAFETY: the parameter owns it.
        (!name.is_null()).then(|| unsafe { Strong::from_borrowed(self.function.at(), name.cast()) })
    }

    /// What people call its type.
    pub(super) fn text(self) -> &'a [u8] {
        // SAFETY: as above.
        let text = unsafe { &(*self.parameter).text };
        // SAFETY: the maker's texts are valid as long as the function.
        unsafe { bytes(text) }
    }

    /// Tells whether its default stays as long as the function.
    pub(super) fn stays(self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.parameter).stays != 0 }
    }

    /// What it is when it isn't given. The collector may take it away meanwhile.
    pub(super) fn fallback(self) -> Option<Strong> {
        section::locked(self.function.live(), || {
            // SAFETY: as above; others change it in this section alone.
            let fallback = unsafe { (*self.parameter).fallback };
            // SAFETY: the parameter owns it, and the section keeps that so.
            (!fallback.is_null())
                .then(|| unsafe { Strong::from_borrowed(self.function.at(), fallback.cast()) })
        })
    }

    /// Lets go of what it is when it isn't given.
    pub(super) fn take_fallback(self) -> Option<Strong> {
        section::locked(self.function.live(), || {
            // SAFETY: as above, in its section.
            let fallback = unsafe { &mut (*self.parameter).fallback };
            let before = NonNull::new(replace(fallback, ptr::null_mut()).cast());
            // SAFETY: it was the parameter's.
            before.map(|before| unsafe { Strong::owned(self.function.at(), before) })
        })
    }

    /// The default, for the collector, which stops everybody else.
    pub(super) fn seen(self) -> *mut PyObject {
        // SAFETY: as above.
        (unsafe { (*self.parameter).fallback }).cast()
    }
}

/// The bytes of a text.
///
/// # Safety
/// 1. They are valid during `'a`.
unsafe fn bytes<'a>(text: &Str) -> &'a [u8] {
    let len = usize::try_from(text.len).unwrap_or(0);
    if text.ptr.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: duty 1.
    unsafe { core::slice::from_raw_parts(text.ptr, len) }
}
