//! What a class says about its instances, read without asking its metaclass.

use pyo3_ffi as ffi;

use super::declared::_PyType_Lookup;
use super::object::{Object, Owned};
use super::raised::Result;
use super::sign::Sign;

/// An attribute of a class as instances find it, to be compared with another one and for nothing else: it may be gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found(*mut ffi::PyObject);

impl Found {
    /// The class has no such attribute.
    pub(crate) const NOTHING: Self = Self(core::ptr::null_mut());

    /// Tells whether it's this one.
    pub(crate) fn is(self, object: &Object) -> bool {
        self.0 == object.ptr()
    }
}

impl Object {
    fn as_class(&self) -> *mut ffi::PyTypeObject {
        debug_assert!(self.is_class());
        self.ptr().cast()
    }

    /// What instances of this class find under a name, except in themselves.
    pub(crate) fn class_lookup(&self, name: &Object) -> Found {
        // SAFETY: a live class and a `str`; lent, and only compared.
        Found(unsafe { _PyType_Lookup(self.as_class(), name.ptr()) })
    }

    /// What a descriptor gives for this object, as for an attribute that has been found.
    pub(crate) fn through(&self, descriptor: &Object) -> Result<Owned> {
        // SAFETY: a live class.
        let Some(get) = (unsafe { (*descriptor.type_ptr()).tp_descr_get }) else {
            return Err(super::raised::Raised::system("an attribute of `type` is no descriptor"));
        };
        // SAFETY: the slot of the descriptor's class, with a live object and its class. New, or an exception is set.
        let found = unsafe { get(descriptor.ptr(), self.ptr(), self.type_ptr().cast()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(found) }
    }

    /// Tells whether it is asked when an attribute is set that its class has it under.
    pub(crate) fn sets_attributes(&self) -> bool {
        // SAFETY: a live class.
        unsafe { (*self.type_ptr()).tp_descr_set }.is_some()
    }

    /// Tells whether it is the descriptor of an attribute that is written in C.
    pub(crate) fn is_getset(&self) -> bool {
        self.type_ptr() == &raw mut ffi::PyGetSetDescr_Type
    }

    /// Tells whether it is a `staticmethod`, a `classmethod` or a `property`, and of no class that inherits from one.
    pub(crate) fn is_method_maker(&self) -> bool {
        let class = self.type_ptr();
        class == &raw mut ffi::PyProperty_Type
            || class == &raw mut super::declared::PyStaticMethod_Type
            || class == &raw mut super::declared::PyClassMethod_Type
    }

    /// A function that is bound to something.
    pub(crate) fn is_method(&self) -> bool {
        self.type_ptr() == &raw mut super::declared::PyMethod_Type
    }

    /// A `property`, and of no class that inherits from it.
    pub(crate) fn is_property(&self) -> bool {
        self.type_ptr() == &raw mut ffi::PyProperty_Type
    }

    /// A `classmethod`, and of no class that inherits from it.
    pub(crate) fn is_class_method(&self) -> bool {
        self.type_ptr() == &raw mut super::declared::PyClassMethod_Type
    }

    /// The number that Python gives a class until it changes, or nothing where it has none at this moment.
    pub(crate) fn class_version(&self) -> Option<u32> {
        // SAFETY: a live class.
        let tag = unsafe { &raw const (*self.as_class()).tp_version_tag };
        // SAFETY: a field of a live class, read as a whole while others may set it.
        let tag = unsafe { core::ptr::read_volatile(tag) };
        (tag != 0).then_some(tag)
    }

    /// Tells whether instances of this class look attributes up as those of `object` do.
    pub(crate) fn class_is_generic(&self) -> bool {
        // SAFETY: a live class.
        let getter = unsafe { (*self.as_class()).tp_getattro };
        let generic = ffi::PyObject_GenericGetAttr as ffi::getattrofunc;
        getter.is_some_and(|getter| core::ptr::fn_addr_eq(getter, generic))
    }

    /// Tells whether instances of this class look attributes up as `object` does, are of one size, hold a dict and nothing
    /// else that pickling would lose; that's what `object.__reduce_ex__` asks of them.
    pub(crate) fn class_is_plain(&self) -> bool {
        let class = self.as_class();
        // SAFETY: a live class.
        let makes = unsafe { (*class).tp_new }.is_some();
        // SAFETY: a live class.
        let varies = unsafe { (*class).tp_itemsize } != 0;
        // SAFETY: a live class.
        let dict = unsafe { (*class).tp_dictoffset };
        // SAFETY: a live class.
        let weak = unsafe { (*class).tp_weaklistoffset };
        // SAFETY: a live class.
        let size = unsafe { (*class).tp_basicsize };
        let word = size_of::<*mut ffi::PyObject>();
        #[cfg(Py_3_11)]
        // SAFETY: a live class.
        let managed = unsafe { ffi::PyType_HasFeature(class, MANAGED_DICT) } != 0;
        #[cfg(not(Py_3_11))]
        let managed = false;
        let mut needed = size_of::<ffi::PyObject>();
        needed += if dict != 0 && !managed { word } else { 0 };
        needed += if weak > 0 { word } else { 0 };
        self.class_is_generic() && makes && !varies && (dict != 0 || managed) && size <= needed.turned()
    }

    /// Tells whether there are weak references to an object: its count says nothing of those.
    pub(crate) fn has_weak_references(&self) -> bool {
        // SAFETY: a live class.
        let offset = unsafe { (*self.type_ptr()).tp_weaklistoffset };
        if offset == 0 {
            return false;
        }
        // SAFETY: the class says that its instances have such a place, which may stand before them.
        let place = unsafe { self.ptr().cast::<u8>().offset(offset) }.cast::<*mut ffi::PyObject>();
        // SAFETY: as said; read as a whole while others may set it.
        !unsafe { core::ptr::read_volatile(place) }.is_null()
    }

    /// The dict of an instance, or nothing where `__dict__` is something else: before Python 3.11, `object.__reduce_ex__` takes
    /// the attribute.
    pub(crate) fn instance_dict(&self, name: &Object) -> Result<Option<Owned>> {
        // SAFETY: a live instance of a class with a place for a dict; new, or an exception is set.
        let found = unsafe { ffi::PyObject_GenericGetDict(self.ptr(), core::ptr::null_mut()) };
        // SAFETY: new, or an exception is set.
        let dict = unsafe { Owned::from_new(found) }?;
        if cfg!(Py_3_11) || self.find(name)?.is_some_and(|found| found.is(&dict)) {
            Ok(Some(dict))
        } else {
            Ok(None)
        }
    }
}

/// `Py_TPFLAGS_MANAGED_DICT`, which pyo3-ffi doesn't have for every version.
#[cfg(Py_3_11)]
const MANAGED_DICT: core::ffi::c_ulong = 1 << 4;
