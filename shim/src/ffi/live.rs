//! Borrowed objects and their classes: alive, and looked at by an attached thread.

use core::marker::PhantomData;
use core::ptr::NonNull;

use super::PyObject;
use super::attached::Attached;
use super::strong::Strong;
use super::type_object;
use crate::text::Text;

/// A live object, seen by a thread that is attached, both during `'a`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live<'a> {
    object: NonNull<PyObject>,
    at: Attached<'a>,
}

/// The class of a live object, which keeps it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class<'a> {
    class: *mut PyObject,
    seen: PhantomData<Live<'a>>,
}

impl<'a> Live<'a> {
    /// # Safety
    /// 1. `object` is a live object, and the thread is attached, both during `'a`.
    #[inline(always)]
    pub(crate) unsafe fn new(object: NonNull<PyObject>) -> Self {
        // SAFETY: duty 1.
        Self { object, at: unsafe { Attached::assume() } }
    }

    /// What somebody holds.
    pub(crate) fn of(at: Attached<'a>, object: &'a Strong) -> Self {
        Self { object: object.as_non_null(), at }
    }

    /// The proof that this thread may call Python.
    pub(crate) fn at(self) -> Attached<'a> {
        self.at
    }

    /// The object's address.
    #[inline(always)]
    pub(crate) fn as_non_null(self) -> NonNull<PyObject> {
        self.object
    }

    /// The object's address.
    #[inline(always)]
    pub(crate) fn as_ptr(self) -> *mut PyObject {
        self.object.as_ptr()
    }

    /// The object's class.
    #[inline(always)]
    pub(crate) fn class(self) -> Class<'a> {
        // SAFETY: `self`: a live object, attached.
        let class = unsafe { type_object::class_of(self.as_ptr()) };
        Class { class, seen: PhantomData }
    }

    /// The class's name for messages; see [`type_object::type_name`].
    pub(crate) fn class_name(self) -> Text {
        type_object::type_name(self.at, &self.class().held(self.at))
    }
}

impl<'a> Class<'a> {
    /// A class that somebody holds; none for another object.
    #[cfg(feature = "static")]
    pub(crate) fn of(_at: Attached<'a>, class: &'a Strong) -> Option<Self> {
        // SAFETY: a live object, attached.
        let is_class = unsafe { type_object::is_type(class.as_ptr()) };
        is_class.then_some(Self { class: class.as_ptr(), seen: PhantomData })
    }

    /// A reference to it.
    pub(crate) fn held(self, at: Attached<'a>) -> Strong {
        // SAFETY: the object that it's the class of keeps it.
        unsafe { Strong::from_borrowed(at, self.class) }
    }

    /// Tells whether it is the class at this address.
    #[inline(always)]
    pub(crate) fn is(self, address: *mut PyObject) -> bool {
        self.class == address
    }

    /// Tells whether it is the class at this address or inherits from it, by the real MRO.
    #[inline(always)]
    pub(crate) fn inherits(self, address: *mut PyObject) -> bool {
        // SAFETY: a live class, attached; of the other one only the address is compared with the classes of the MRO.
        !address.is_null() && unsafe { type_object::is_subtype(self.class, address) }
    }

    /// The class at this address, which this one inherits from; none if it doesn't.
    pub(crate) fn ancestor(self, address: *mut PyObject) -> Option<Self> {
        // A class keeps its ancestors.
        self.inherits(address).then_some(Self { class: address, seen: PhantomData })
    }
}
