//! Rust values inside Python objects: a class whose instances hold one value each, seen by the collector.
//!
//! The value is only ever borrowed shared: two threads of a free-threaded Python may call methods of one object, and a method
//! may be entered again while it runs. What changes in a value stands behind its own lock.

use core::ffi::{CStr, c_int, c_void};
use core::marker::PhantomData;
use core::ptr;

use pyo3_ffi as ffi;

use super::entry::Visit;
use super::object::{Object, Owned};
use super::raised::{Raised, Result};

/// What an object can hold.
pub(crate) trait Content: 'static {
    /// The class's full name.
    const NAME: &'static CStr;

    /// The class's methods, ended by an empty entry.
    fn methods() -> *mut ffi::PyMethodDef;

    /// Shows the collector what the value holds. It must not wait for a lock: a stopped thread may have it.
    fn visit(&self, visit: &mut Visit);
}

/// The memory of an instance.
#[repr(C)]
struct Holder<T> {
    base: ffi::PyObject,
    content: *mut T,
}

/// A class whose instances hold a `T`: made by [`Class::make`] alone.
pub(crate) struct Class<T> {
    class: Owned,
    holds: PhantomData<T>,
}

impl<T: Content> Class<T> {
    /// Makes the class, for a module that it keeps.
    pub(crate) fn make(module: &Object) -> Result<Self> {
        let slot = |slot: c_int, pfunc: *mut c_void| ffi::PyType_Slot { slot, pfunc };
        let mut slots = [
            slot(ffi::Py_tp_dealloc, dealloc::<T> as unsafe extern "C" fn(_) as *mut c_void),
            slot(ffi::Py_tp_traverse, traverse::<T> as unsafe extern "C" fn(_, _, _) -> _ as *mut c_void),
            slot(ffi::Py_tp_clear, clear::<T> as unsafe extern "C" fn(_) -> _ as *mut c_void),
            slot(ffi::Py_tp_methods, T::methods().cast()),
            slot(0, ptr::null_mut()),
        ];
        #[cfg(Py_3_10)]
        let flags =
            ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION;
        // Without that flag Python can make an empty instance, whose methods say so.
        #[cfg(not(Py_3_10))]
        let flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC;
        let mut spec = ffi::PyType_Spec {
            name: T::NAME.as_ptr(),
            basicsize: size_of::<Holder<T>>() as c_int,
            itemsize: 0,
            flags: flags as core::ffi::c_uint,
            slots: slots.as_mut_ptr(),
        };
        // SAFETY: the sizes are those of `Holder<T>`, the functions are for it, and the name and the methods are static.
        let class = unsafe { module.make_class(&mut spec, None) }?;
        Ok(Self { class, holds: PhantomData })
    }

    /// Makes an instance that holds a value.
    pub(crate) fn hold(&self, content: T) -> Result<Owned> {
        // SAFETY: a live class whose instances are as large as `Holder<T>`; zeroed, so without a value yet.
        let answer = unsafe { ffi::PyType_GenericAlloc(self.class.ptr().cast(), 0) };
        // SAFETY: new, or an exception is set.
        let object = unsafe { Owned::from_new(answer) }?;
        let holder = object.ptr().cast::<Holder<T>>();
        // SAFETY: a fresh instance, which nobody else knows.
        unsafe { (*holder).content = Box::into_raw(Box::new(content)) };
        Ok(object)
    }

    /// The value of an instance of such a class, in whichever interpreter it was made.
    pub(crate) fn content(object: &Object) -> Result<&T> {
        // SAFETY: a live object's class is alive.
        let methods = unsafe { (*object.type_ptr()).tp_methods };
        // A class that `make` made is told by its methods: nobody else has them, and no class inherits from it.
        if methods != T::methods() {
            return Err(Raised::type_error("not an object of this module's own"));
        }
        let holder = object.ptr().cast::<Holder<T>>();
        // SAFETY: an instance of a class that `make` made for this `T`.
        let content = unsafe { (*holder).content };
        // SAFETY: NULL, or made by `hold`. It goes when the object goes, or when the collector has found that nobody holds it.
        unsafe { content.as_ref() }.ok_or_else(|| Raised::runtime("this object has been cleared"))
    }

    /// The class as an object.
    pub(crate) fn as_object(&self) -> &Object {
        &self.class
    }
}

/// Takes the value out of an instance, and drops it there.
///
/// # Safety
/// 1. `object` is an instance of a `Class<T>`, and nobody borrows its value.
unsafe fn empty<T>(object: *mut ffi::PyObject) {
    let holder = object.cast::<Holder<T>>();
    // SAFETY: duty 1: the place of the value.
    let place = unsafe { &raw mut (*holder).content };
    // SAFETY: duty 1: nobody else looks at it.
    let content = unsafe { ptr::replace(place, ptr::null_mut()) };
    if !content.is_null() {
        // SAFETY: made by `Box::into_raw` in `hold`, and out of the object now.
        drop(unsafe { Box::from_raw(content) });
    }
}

unsafe extern "C" fn dealloc<T: Content>(object: *mut ffi::PyObject) {
    // SAFETY: Python passes an instance that nobody holds any more.
    unsafe { ffi::PyObject_GC_UnTrack(object.cast()) };
    // SAFETY: duty 1: as above.
    unsafe { empty::<T>(object) };
    // SAFETY: alive until it is freed below.
    let class = unsafe { ffi::Py_TYPE(object) };
    // SAFETY: a class always has it.
    if let Some(free) = unsafe { (*class).tp_free } {
        // SAFETY: the object's memory came from the class's `tp_alloc`.
        unsafe { free(object.cast()) };
    }
    // SAFETY: the instance counted its class.
    unsafe { ffi::Py_DECREF(class.cast()) };
}

unsafe extern "C" fn traverse<T: Content>(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    let mut visit = Visit::new(visit, argument);
    // SAFETY: the collector passes a live instance.
    let class = unsafe { ffi::Py_TYPE(object) };
    // SAFETY: the instance keeps its class.
    visit.see(unsafe { Object::from_ptr(class.cast()) });
    // SAFETY: an instance of a `Class<T>`.
    let content = unsafe { (*object.cast::<Holder<T>>()).content };
    // SAFETY: NULL, or made by `hold`.
    if let Some(content) = unsafe { content.as_ref() } {
        content.visit(&mut visit);
    }
    visit.result()
}

unsafe extern "C" fn clear<T: Content>(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: duty 1: the collector clears only what nobody holds, so no method runs that borrows the value.
    unsafe { empty::<T>(object) };
    0
}
