//! A Python object as a value of an interface, and as what a stored handle owns.
//!
//! Owned, movable between threads; dropping it is fine anywhere: attached to its own interpreter, where it's given back at
//! once; detached, or attached to another interpreter, where it waits at [home](homes); and after the interpreter's end, when
//! it is given up on purpose.
//!
//! It is one word, because `&Object` crosses as the address of a `PyObject *`. As long as a library serves the main interpreter
//! alone, the word is that pointer, and so it is for the main interpreter's objects later. For another interpreter's it is the
//! address of a pair, pointer and home, with the lowest bit set: no object has an odd address.
//!
//! **Boundary**: one tagged word that owns a reference, and crosses to other builds as a pointer.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use interbind_abi::Piece;
use interbind_abi::values::{Call, InvalidValue, Value};
use interbind_structures::memory::boxed;
use pyo3_ffi as py;

use crate::ffi::live::Live;
use crate::ffi::{Attached, Owed, PyObject};
use crate::interpreters::homes;

/// An owned reference to a Python object.
///
/// # Examples
///
/// <!-- examples/stats/src/lib.rs:each -->
/// ```
/// /// Hands a Python function to the provider, and its result back.
/// #[pyfunction]
/// fn each<'py>(
///     py: Python<'py>,
///     s: Foreign<'_, 'py, dyn Series>,
///     function: Bound<'py, PyAny>,
/// ) -> PyResult<Bound<'py, PyAny>> {
///     Ok(s.each(&Object::from(function))?.into_bound(py))
/// }
/// ```
///
/// The provider's side of that call:
///
/// <!-- examples/frame/src/lib.rs:each -->
/// ```
/// fn each(&self, function: &Object) -> Result<Object, Error> {
///     Python::attach(|py| {
///         let mut last = py.None().into_bound(py);
///         for &value in self.values.iter() {
///             last = function.bind(py).call1((value,))?;
///         }
///         Ok(Object::from(last))
///     })
/// }
/// ```
///
/// Without PyO3:
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:objects -->
/// ```
/// /// What an answer of these functions is, as Python wants it: an object, or NULL when an exception is set.
/// fn answer(result: Result<Object, Raised>) -> *mut PyObject {
///     result.map_or(ptr::null_mut(), Object::into_ptr)
/// }
///
/// /// A Python object that a function of Python has made.
/// fn made(object: *mut PyObject) -> Result<Object, Raised> {
///     // SAFETY: a new reference, or NULL when an exception is set; attached.
///     unsafe { Object::from_ptr(object) }.ok_or_else(failed)
/// }
/// ```
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:borrowed -->
/// ```
/// unsafe extern "C" fn refused(_module: *mut PyObject, exception: *mut PyObject) -> *mut PyObject {
///     // SAFETY: Python passes a live object and calls attached.
///     let exception = unsafe { Object::from_borrowed_ptr(exception) };
///     answer(
///         refuse(exception)
///             .map_err(|error| {
///                 assert_eq!(error.reason(), Reason::ProviderRaised);
///                 raise(&error)
///             })
///             .and_then(number),
///     )
/// }
/// ```
///
/// <!-- tests/fixtures/snippets/tour/src/services.rs:wrapped -->
/// ```
/// /// Keeps an object in the interpreter's map as the wrapper of a pointer, finds it there, and takes it out again.
/// ///
/// /// # Safety
/// /// 1. `object` is a live object, and the thread is attached.
/// unsafe fn map(pointer: *const c_void, object: NonNull<PyObject>) -> Result<String, Raised> {
///     // SAFETY: duty 1.
///     let instances = unsafe { Instances::of::<__Interbind>() }?;
///     // SAFETY: duty 1.
///     let key = unsafe { Key::of::<__Interbind>("c++:4Tour") }?.ok_or_else(failed)?;
///     assert!(!key.as_ptr().is_null() && !instances.table().is_null());
///     // SAFETY: duty 1; the object is taken out below, before it can die.
///     let inserted = unsafe { instances.insert(pointer, key, object.as_ptr().cast()) };
///     // SAFETY: duty 1.
///     let found = unsafe { instances.find(pointer, key) };
///     // SAFETY: a new reference, or NULL.
///     let found = unsafe { Object::from_ptr(found.cast()) };
///     let (mut here, mut everywhere) = (0, 0);
///     // SAFETY: duty 1.
///     unsafe {
///         instances.each(pointer, &mut |_, _| {
///             here += 1;
///             true
///         })
///     };
///     // SAFETY: duty 1.
///     unsafe {
///         instances.all(&mut |_, _| {
///             everywhere += 1;
///             true
///         })
///     };
///     // SAFETY: duty 1.
///     let removed = unsafe { instances.remove(pointer, Some(key), object.as_ptr().cast()) };
///     let same = found.is_some_and(|found| found.as_ptr() == object.as_ptr());
///     Ok(format!(
///         "inserted {}, same {same}, at it {here}, in all {everywhere}, removed {removed}",
///         inserted.is_ok()
///     ))
/// }
/// ```
///
/// <!-- tests/fixtures/snippets/tour/src/services.rs:nursed -->
/// ```
/// unsafe extern "C" fn visit(_object: *mut c_void, count: *mut c_void) -> c_int {
///     // SAFETY: `nurse` passes its own count.
///     unsafe { *count.cast::<u32>() += 1 };
///     0
/// }
///
/// unsafe extern "C" fn free(_payload: *mut c_void) {}
///
/// /// Keeps an object and memory of C alive as long as another object, and lets both go again.
/// ///
/// /// # Safety
/// /// 1. Both are live objects, and the thread is attached.
/// unsafe fn nurse(nurse: *mut PyObject, patient: *mut PyObject) -> Result<String, Raised> {
///     // SAFETY: duty 1.
///     let instances = unsafe { Instances::of::<__Interbind>() }?;
///     let (nurse, mut seen) = (nurse.cast(), 0_u32);
///     // SAFETY: duty 1. `true`: the nurse's class visits its patients and releases them, as this function does for it.
///     let kept = unsafe { instances.keep_alive(nurse, patient.cast(), true) };
///     // SAFETY: duty 1; `free` takes anything.
///     let attached = unsafe { instances.attach(nurse, ptr::null_mut(), free, true) };
///     // SAFETY: duty 1; `visit` takes a count.
///     let stopped = unsafe { instances.traverse(nurse, visit, (&raw mut seen).cast()) };
///     // SAFETY: duty 1.
///     let counts = unsafe { instances.count() };
///     // SAFETY: duty 1.
///     let released = unsafe { instances.release(nurse) };
///     // SAFETY: duty 1: attached, so the service lives.
///     let maker = unsafe { instances.maker() };
///     assert!(maker.header.struct_size >= 112);
///     let (kept, attached) = (kept.is_ok(), attached.is_ok());
///     Ok(format!("{kept} {attached} {stopped} {released}, {seen} seen, {} nurses", counts.nurses))
/// }
/// ```
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

    /// Takes a reference to a live object.
    pub(crate) fn of(object: Live<'_>) -> Self {
        // SAFETY: a `Live` is alive, and its thread attached.
        unsafe { Self::from_borrowed_ptr(object.as_ptr()) }
    }

    /// The object, as an attached thread sees it.
    pub(crate) fn live<'a>(&'a self, _at: Attached<'a>) -> Live<'a> {
        // SAFETY: `self` keeps the object during `'a`, and the thread is attached.
        unsafe { Live::new(self.as_non_null()) }
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
            // SAFETY: `self`'s reference, and nobody uses that any more.
            homes::give_back(unsafe { Owed::new(object) }, home);
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
        // SAFETY: as in `drop`.
        homes::give_back(unsafe { Owed::new(self.0) }, homes::MAIN);
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
