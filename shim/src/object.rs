//! A Python object as a value of an interface, and as what a stored handle owns.
//!
//! Owned, movable between threads; dropping it is fine anywhere: attached to its own interpreter, where it's given back at
//! once; detached, or attached to another interpreter, where it waits at [home](homes); and after the interpreter's end, when
//! it is given up on purpose.
//!
//! It is one word, because `&Object` crosses as the address of a `PyObject *`. As long as a library serves the main interpreter
//! alone, the word is that pointer, and so it is for the main interpreter's objects later. For another interpreter's it is the
//! address of a pair, pointer and home, with the lowest bit set: no object has an odd address.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use interbind_abi::Piece;
use interbind_abi::values::{Call, InvalidValue, Value};
use interbind_structures::memory::boxed;
use pyo3_ffi as py;

use crate::ffi::{Attached, PyObject};
use crate::interpreters::homes;

/// An owned reference to a Python object.
#[derive(Debug)]
#[repr(transparent)]
pub struct Object(NonNull<PyObject>);

/// What an object of another interpreter than the main one leads to.
struct Away {
    object: NonNull<PyObject>,
    home: u64,
}

/// The bit that tells an [`Away`] from an object.
const AWAY: usize = 1;

// SAFETY: a reference may be moved to and dropped on any thread (see `drop`); using the object needs an attached one.
unsafe impl Send for Object {}
// SAFETY: nothing can be done through `&Object` without being attached.
unsafe impl Sync for Object {}

impl Object {
    /// Takes over a reference; NULL is `None`.
    ///
    /// # Safety
    /// 1. `object` is NULL or a reference that the caller owns and gives away.
    /// 2. The thread is attached to the object's interpreter, unless `object` is NULL.
    pub unsafe fn from_ptr(object: *mut PyObject) -> Option<Self> {
        NonNull::new(object).map(Self::owned)
    }

    /// Adds a reference to a borrowed object.
    ///
    /// # Safety
    /// 1. `object` is a live object and the thread is attached.
    pub unsafe fn from_borrowed_ptr(object: *mut PyObject) -> Self {
        // SAFETY: duty 1.
        unsafe { py::Py_INCREF(object) };
        // SAFETY: duty 1: not NULL.
        Self::owned(unsafe { NonNull::new_unchecked(object) })
    }

    #[inline]
    fn owned(object: NonNull<PyObject>) -> Self {
        if homes::is_alone() { Self(object) } else { Self::at_home(object) }
    }

    /// Notes the current interpreter with the reference.
    #[cold]
    #[inline(never)]
    fn at_home(object: NonNull<PyObject>) -> Self {
        let home = Attached::current().map(homes::here);
        if home == Some(homes::MAIN) {
            return Self(object);
        }
        let Some(away) = home.and_then(|home| boxed(Away { object, home }).ok()) else {
            homes::unname();
            return Self(object);
        };
        let tagged = Box::into_raw(away).cast::<PyObject>().map_addr(|address| address | AWAY);
        // SAFETY: the lowest bit is set.
        Self(unsafe { NonNull::new_unchecked(tagged) })
    }

    /// The pair, for an object of another interpreter than the main one.
    #[inline]
    fn away(&self) -> Option<NonNull<Away>> {
        let word = self.0.as_ptr();
        if word.addr() & AWAY == 0 {
            return None;
        }
        NonNull::new(word.map_addr(|address| address & !AWAY).cast())
    }

    /// Borrows the pointer.
    pub fn as_ptr(&self) -> *mut PyObject {
        self.as_non_null().as_ptr()
    }

    /// Borrows the pointer, which is never NULL.
    pub(crate) fn as_non_null(&self) -> NonNull<PyObject> {
        // SAFETY: `at_home` made the pair, which lives as long as `self`.
        self.away().map_or(self.0, |away| unsafe { away.as_ref() }.object)
    }

    /// Gives the reference away.
    pub fn into_ptr(self) -> *mut PyObject {
        ManuallyDrop::new(self).take_apart().0.as_ptr()
    }

    /// Frees the pair, if there is one. The object isn't used any more. No home: nobody knows where it belongs.
    fn take_apart(&mut self) -> (NonNull<PyObject>, Option<u64>) {
        let Some(away) = self.away() else {
            return (self.0, homes::is_named().then_some(homes::MAIN));
        };
        // SAFETY: `at_home` made it, and it's taken once: this is called last.
        let away = unsafe { Box::from_raw(away.as_ptr()) };
        (away.object, Some(away.home))
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if homes::is_alone() {
            return self.release_in_main();
        }
        if let (object, Some(home)) = self.take_apart() {
            homes::give_back(object, home);
        }
    }
}

impl Object {
    /// Gives the reference back, from wherever, while there is no interpreter but the main one.
    #[cfg(feature = "pyo3")]
    fn release_in_main(&mut self) {
        // SAFETY: `Py` is `repr(transparent)` around this very pointer, and the reference is given away here. PyO3 knows
        // whether the thread is attached and keeps the reference for later when it isn't.
        drop(unsafe { core::mem::transmute::<NonNull<PyObject>, ::pyo3::Py<::pyo3::PyAny>>(self.0) });
    }

    /// As above.
    #[cfg(all(not(feature = "pyo3"), not(interbind_pypy)))]
    fn release_in_main(&mut self) {
        // A thread that isn't attached doesn't attach for this: while Python ends, that would never return.
        homes::give_back(self.0, homes::MAIN);
    }

    /// As above. PyPy doesn't tell whether the thread is attached.
    #[cfg(all(not(feature = "pyo3"), interbind_pypy))]
    fn release_in_main(&mut self) {
        // SAFETY: may be asked anywhere.
        if unsafe { py::Py_IsInitialized() } == 0 {
            return;
        }
        // SAFETY: the interpreter lives; this attaches the thread if it isn't.
        let state = unsafe { py::PyGILState_Ensure() };
        // SAFETY: attached; the reference is ours.
        unsafe { py::Py_DECREF(self.0.as_ptr()) };
        // SAFETY: pairs with the call above.
        unsafe { py::PyGILState_Release(state) };
    }
}

// SAFETY: (1) its word; (2) a pointer; (3) NULL is refused, and only attached threads call such methods.
unsafe impl Value for Object {
    type Wire = *mut PyObject;
    type On<'call>
        = Self
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("object")];
    const NEEDS_ATTACHED: bool = true;

    fn lower(self) -> *mut PyObject {
        self.into_ptr()
    }

    unsafe fn lift(wire: *mut PyObject) -> Result<Self, InvalidValue> {
        // SAFETY: duty 1: a reference that `lower` gave away; such methods are called attached.
        unsafe { Self::from_ptr(wire) }.ok_or(InvalidValue { expected: "a Python object" })
    }

    fn on<'call>(self, _: &'call Call) -> Self
    where
        Self: 'call,
    {
        self
    }
}

// SAFETY: (1) its word; (2) the address of a `PyObject *`, which is what `Object` or its pair has in memory; (3) NULL is refused twice.
unsafe impl<'a> Value for &'a Object {
    type Wire = *const *mut PyObject;
    type On<'call>
        = &'call Object
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("objectref")];
    const NEEDS_ATTACHED: bool = true;

    fn lower(self) -> *const *mut PyObject {
        let Some(away) = self.away() else { return core::ptr::from_ref(self).cast() };
        // SAFETY: `at_home` made the pair, which lives as long as the object.
        let object: *const NonNull<PyObject> = unsafe { &raw const (*away.as_ptr()).object };
        object.cast()
    }

    unsafe fn lift(wire: *const *mut PyObject) -> Result<&'a Object, InvalidValue> {
        let invalid = InvalidValue { expected: "a Python object" };
        if wire.is_null() || !wire.is_aligned() {
            return Err(invalid);
        }
        // SAFETY: duty 2: readable during the call.
        if unsafe { *wire }.is_null() {
            return Err(invalid);
        }
        // SAFETY: `Object` is `repr(transparent)` around a pointer that isn't NULL; the caller keeps it during the call. It is
        // only borrowed, so what the word would say of its home is never asked.
        Ok(unsafe { &*wire.cast::<Object>() })
    }

    fn on<'call>(self, _: &'call Call) -> &'call Object
    where
        Self: 'call,
    {
        self
    }
}
