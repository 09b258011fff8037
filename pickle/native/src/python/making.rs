//! Making classes whose instances hold a value of Rust's.

use core::ffi::{CStr, c_int, c_uint, c_void};
use core::marker::PhantomData;
use core::ptr;

use pyo3_ffi as ffi;

use super::entry::Visit;
use super::functions::{Function, Functions};
use super::object::{Object, Owned};
use super::raised::{Raised, Result};
use super::shared::Shared;
use crate::room::Room as _;

/// What an instance holds. Other threads may use it at the same time, so it guards itself.
pub(crate) trait Content: Default {
    /// Shows the collector what is held.
    fn visit(&self, visit: &mut Visit);
    /// Lets go of what may be part of a cycle.
    fn clear(&self);
}

/// An instance, as Python sees its memory.
#[repr(C)]
struct Instance<T> {
    base: ffi::PyObject,
    content: T,
}

/// The getter of an attribute.
pub(crate) type Getter = unsafe extern "C" fn(*mut ffi::PyObject, *mut c_void) -> *mut ffi::PyObject;
/// The setter of an attribute; the value is NULL when it is deleted.
pub(crate) type Setter = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject, *mut c_void) -> c_int;
/// `__init__`.
pub(crate) type Init =
    unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject, *mut ffi::PyObject) -> c_int;

/// A table of attributes; the last entry is empty.
pub(crate) struct Attributes<const N: usize>(Shared<[ffi::PyGetSetDef; N]>);

impl<const N: usize> Attributes<N> {
    /// The end of a table.
    pub(crate) const END: ffi::PyGetSetDef = Self::entry_or_end(None);

    /// An attribute.
    pub(crate) const fn entry(name: &'static CStr, get: Getter, set: Option<Setter>) -> ffi::PyGetSetDef {
        Self::entry_or_end(Some((name, get, set)))
    }

    const fn entry_or_end(entry: Option<(&'static CStr, Getter, Option<Setter>)>) -> ffi::PyGetSetDef {
        let (name, get, set) = match entry {
            Some((name, get, set)) => (name.as_ptr(), Some(get), set),
            None => (ptr::null(), None, None),
        };
        ffi::PyGetSetDef { name, get, set, doc: ptr::null(), closure: ptr::null_mut() }
    }

    pub(crate) const fn new(entries: [ffi::PyGetSetDef; N]) -> Self {
        assert!(N > 0 && entries[N - 1].name.is_null(), "a table ends with `Attributes::END`");
        Self(Shared::new(entries))
    }
}

/// A class to be made; `T` is what its instances hold.
pub(crate) struct Class<T> {
    pub(crate) name: &'static CStr,
    pub(crate) text: &'static CStr,
    pub(crate) init: Option<Init>,
    pub(crate) methods: *mut ffi::PyMethodDef,
    pub(crate) attributes: *mut ffi::PyGetSetDef,
    pub(crate) inherited: bool,
    content: PhantomData<T>,
}

impl<T: Content + 'static> Class<T> {
    pub(crate) fn new<const M: usize, const A: usize>(
        name: &'static CStr,
        text: &'static CStr,
        methods: &'static Functions<M>,
        attributes: &'static Attributes<A>,
    ) -> Self {
        Self {
            name,
            text,
            init: None,
            methods: methods.as_ptr(),
            attributes: attributes.0.ptr().cast(),
            inherited: false,
            content: PhantomData,
        }
    }

    /// Makes the class for a module.
    pub(crate) fn make(self, module: &Object) -> Result<Owned> {
        let slot = |slot: c_int, pfunc: *mut c_void| ffi::PyType_Slot { slot, pfunc };
        let mut slots = vec![
            slot(ffi::Py_tp_doc, self.text.as_ptr().cast_mut().cast()),
            slot(ffi::Py_tp_new, new::<T> as ffi::newfunc as *mut c_void),
            slot(ffi::Py_tp_dealloc, dealloc::<T> as ffi::destructor as *mut c_void),
            slot(ffi::Py_tp_traverse, traverse::<T> as ffi::traverseproc as *mut c_void),
            slot(ffi::Py_tp_clear, clear::<T> as ffi::inquiry as *mut c_void),
            slot(ffi::Py_tp_methods, self.methods.cast()),
            slot(ffi::Py_tp_getset, self.attributes.cast()),
        ];
        if let Some(init) = self.init {
            slots.room()?.push(slot(ffi::Py_tp_init, init as *mut c_void));
        }
        slots.room()?.push(slot(0, ptr::null_mut()));
        let inherited = if self.inherited { ffi::Py_TPFLAGS_BASETYPE } else { 0 };
        let mut spec = ffi::PyType_Spec {
            name: self.name.as_ptr(),
            basicsize: size_of::<Instance<T>>() as c_int,
            itemsize: 0,
            flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC | inherited) as c_uint,
            slots: slots.as_mut_ptr(),
        };
        // SAFETY: a live module; the slots fit an instance that begins with Python's head, and the tables they point to are
        // static. New, or an exception is set.
        let found = unsafe { ffi::PyType_FromModuleAndSpec(module.ptr(), &mut spec, ptr::null_mut()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }
}

/// Makes an instance of a class that [`Class::make`] made for `T`.
///
/// # Safety
/// 1. `class` is such a class.
pub(crate) unsafe fn instance<T: Content>(class: &Object, content: T) -> Result<Owned> {
    // SAFETY: duty 1.
    let made = unsafe { new::<T>(class.ptr().cast(), ptr::null_mut(), ptr::null_mut()) };
    // SAFETY: new, or an exception is set.
    let made = unsafe { Owned::from_new(made) }?;
    // SAFETY: just made, with a `T` that nobody has seen yet.
    unsafe { (*made.ptr().cast::<Instance<T>>()).content = content };
    Ok(made)
}

/// What an instance holds.
///
/// # Safety
/// 1. The object's class is one that [`Class::make`] made for `T`, or inherits from it.
pub(crate) unsafe fn content<T: Content>(object: &Object) -> &T {
    // SAFETY: duty 1: `new` has put a `T` there, which stays until the object is freed.
    unsafe { &(*object.ptr().cast::<Instance<T>>()).content }
}

unsafe extern "C" fn new<T: Content>(
    class: *mut ffi::PyTypeObject,
    _arguments: *mut ffi::PyObject,
    _keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    super::entry(ptr::null_mut(), || {
        // Made first: between the allocation and what is put there, nothing may run.
        let content = T::default();
        // SAFETY: a live class that is ours, or inherits from ours.
        let Some(allocate) = (unsafe { (*class).tp_alloc }) else {
            return Err(Raised::system("a class that can't make instances"));
        };
        // SAFETY: as its documentation wants.
        let object = unsafe { allocate(class, 0) };
        if object.is_null() {
            // SAFETY: NULL says that an exception is set.
            return Err(unsafe { Raised::already() });
        }
        // SAFETY: new memory of that size.
        let place = unsafe { &raw mut (*object.cast::<Instance<T>>()).content };
        // SAFETY: no `T` stands there yet.
        unsafe { place.write(content) };
        Ok(object)
    })
}

unsafe extern "C" fn dealloc<T: Content>(object: *mut ffi::PyObject) {
    // SAFETY: an object of ours that is being freed.
    let class = unsafe { ffi::Py_TYPE(object) };
    // SAFETY: its class has the collector's flag.
    unsafe { ffi::PyObject_GC_UnTrack(object.cast()) };
    super::entry((), || {
        // SAFETY: the object's memory still stands.
        let place = unsafe { &raw mut (*object.cast::<Instance<T>>()).content };
        // SAFETY: nobody sees the object any more, and `new` has put a `T` there.
        unsafe { ptr::drop_in_place(place) };
        Ok(())
    });
    // SAFETY: a live class.
    if let Some(free) = unsafe { (*class).tp_free } {
        // SAFETY: the memory that `tp_alloc` gave.
        unsafe { free(object.cast()) };
    }
    // SAFETY: each instance of a heap type keeps it.
    unsafe { ffi::Py_DECREF(class.cast()) };
}

unsafe extern "C" fn traverse<T: Content>(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    let mut visit = Visit::new(visit, argument);
    // SAFETY: the collector passes a live object, without calling Python.
    let object = unsafe { Object::from_ptr(object) };
    // SAFETY: a live class.
    visit.see(unsafe { Object::from_ptr(object.type_ptr().cast()) });
    // SAFETY: this slot is only in classes for `T`.
    unsafe { content::<T>(object) }.visit(&mut visit);
    visit.result()
}

unsafe extern "C" fn clear<T: Content>(object: *mut ffi::PyObject) -> c_int {
    super::entry(0, || {
        // SAFETY: the collector passes a live object.
        let object = unsafe { Object::from_ptr(object) };
        // SAFETY: this slot is only in classes for `T`.
        unsafe { content::<T>(object) }.clear();
        Ok(0)
    })
}

/// A table without attributes.
pub(crate) static NO_ATTRIBUTES: Attributes<1> = Attributes::new([Attributes::<1>::END]);
/// A table without methods.
pub(crate) static NO_METHODS: Functions<1> = Functions::new([Function::END]);
