//! The anchor: what lets the registry never miss a class's death, without being told of it.
//!
//! An anchor owns a class and is itself an attribute of that class, so the two are an ordinary cycle and the class dies when
//! it would have died. But the class can't go before the anchor has let go of it, and the anchor first says so to the
//! registry: by a plain call, without memory, without a level of recursion, whatever Python code does. Python code may take
//! the anchor away: then the record dies early. It may keep the anchor: then the class lives. Belongs to the internals
//! contract; the specification's conduit chapter says what the registry does with it.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::{self, NonNull};

use pyo3_ffi as py;

use super::PyObject;
use super::attached::Attached;
use super::collected;
use super::raised::Raised;
use super::strong::Strong;
use super::type_object;
use crate::sync::{AtomicPtr, Ordering};

/// The attribute that holds a class's anchor.
pub(crate) const ATTRIBUTE: &str = "__interbind_v1__";

/// Is told, attached and once, before a class is let go of; calls nothing of Python.
pub(crate) type Leave = unsafe fn(context: NonNull<c_void>, class: NonNull<PyObject>);

/// What stands behind the object's head.
#[repr(C)]
struct Data {
    /// Owned; NULL once the anchor has let go.
    class: AtomicPtr<PyObject>,
    /// Whom to tell; NULL: nobody.
    context: AtomicPtr<c_void>,
    leave: Leave,
}

/// An anchor that isn't in its class yet.
pub(crate) struct Anchor(Strong);

/// The anchors' type in one interpreter.
pub(crate) struct Anchors(Strong);

/// The size that the specification of the type states: of everything, or, where the head has no known size, of what follows.
const BASIC_SIZE: c_int = if cfg!(interbind_module_slots) {
    -(size_of::<Data>() as c_int)
} else {
    (size_of::<PyObjectHead>() + size_of::<Data>()) as c_int
};

#[cfg(not(interbind_module_slots))]
type PyObjectHead = PyObject;
#[cfg(interbind_module_slots)]
type PyObjectHead = [usize; 0];

/// # Safety
/// 1. `object` is an anchor, alive or being taken apart by Python.
unsafe fn place(object: *mut PyObject) -> *mut Data {
    #[cfg(not(interbind_module_slots))]
    // SAFETY: duty 1: the data follows the head.
    let found = unsafe { object.add(1) };
    #[cfg(interbind_module_slots)]
    let found = {
        // SAFETY: duty 1.
        let own = unsafe { py::Py_TYPE(object) };
        // SAFETY: duty 1; nobody inherits from the type.
        unsafe { py::PyObject_GetTypeData_DuringGC(object, own) }
    };
    found.cast()
}

/// Which class an anchor owns. One that `make` hasn't made (3.9 lets Python code make some) is zeroed, and owns none.
///
/// # Safety
/// 1. As [`place`].
unsafe fn owned<'a>(object: *mut PyObject) -> &'a AtomicPtr<PyObject> {
    // SAFETY: duty 1.
    let place = unsafe { place(object) };
    // SAFETY: duty 1: inside the object.
    let class = unsafe { &raw const (*place).class };
    // SAFETY: duty 1: zeroed by Python.
    unsafe { &*class }
}

/// Lets go of the class, and tells before that.
///
/// # Safety
/// 1. As [`place`]; attached.
unsafe fn let_go(object: *mut PyObject) {
    // SAFETY: duty 1.
    let class = unsafe { owned(object) };
    let Some(class) = NonNull::new(class.swap(ptr::null_mut(), Ordering::AcqRel)) else { return };
    // SAFETY: duty 1.
    let place = unsafe { place(object) };
    // SAFETY: it owned a class, so `make` wrote it whole.
    let anchor = unsafe { &*place };
    let context = NonNull::new(anchor.context.swap(ptr::null_mut(), Ordering::AcqRel));
    if let Some(context) = context {
        // SAFETY: `arm`'s duty; the class is still owned.
        unsafe { (anchor.leave)(context, class) };
    }
    // SAFETY: owned until here.
    unsafe { py::Py_DECREF(class.as_ptr()) };
}

super::thunk! {
    fn traverse(object: *mut PyObject, visit: py::visitproc, context: *mut c_void) -> c_int, else 0, {
        // SAFETY: Python passes an anchor.
        let own = unsafe { py::Py_TYPE(object) };
        // SAFETY: the collector's own function and argument. From 3.9 on an object of a heap type visits its type.
        let answer = unsafe { visit(own.cast(), context) };
        // SAFETY: as above.
        let class = unsafe { owned(object) }.load(Ordering::Acquire);
        if answer != 0 || class.is_null() {
            return answer;
        }
        // SAFETY: as above; owned by the anchor.
        unsafe { visit(class, context) }
    }

    fn clear(object: *mut PyObject) -> c_int, else 0, {
        // SAFETY: Python passes an anchor, attached.
        unsafe { let_go(object) };
        0
    }

    fn dealloc(object: *mut PyObject) -> (), else (), {
        // SAFETY: as in `clear`.
        let give_up = || unsafe { let_go(object) };
        // SAFETY: (1) Python passes an anchor that nobody refers to any more.
        unsafe { collected::free(object, give_up) };
    }
}

impl Anchors {
    /// Makes the type.
    pub(crate) fn new(at: Attached) -> Result<Self, Raised> {
        const NAME: &CStr = c"interbind.anchor";
        let slot = |slot, function| py::PyType_Slot { slot, pfunc: function };
        let mut slots = [
            slot(py::Py_tp_traverse, traverse as *mut c_void),
            slot(py::Py_tp_clear, clear as *mut c_void),
            slot(py::Py_tp_dealloc, dealloc as *mut c_void),
            slot(0, ptr::null_mut()),
        ];
        let spec = py::PyType_Spec {
            name: NAME.as_ptr(),
            basicsize: BASIC_SIZE,
            itemsize: 0,
            flags: (py::Py_TPFLAGS_DEFAULT | py::Py_TPFLAGS_HAVE_GC) as u32 | type_object::CLOSED,
            slots: slots.as_mut_ptr(),
        };
        // SAFETY: a literal for a name; the slots end with 0, and are functions for objects of that size.
        unsafe { type_object::from_spec(at, spec) }.map(Self)
    }

    /// Makes an anchor that owns a class, and will call `leave` once it's armed.
    pub(crate) fn make(&self, at: Attached, class: &Strong, leave: Leave) -> Result<Anchor, Raised> {
        // SAFETY: attached; the type takes part in garbage collection, so this is how its objects are made: zeroed, tracked.
        let made = unsafe { py::PyType_GenericAlloc(self.0.as_ptr().cast(), 0) };
        // SAFETY: a new reference or NULL.
        let made = unsafe { Strong::from_new(at, made) }?;
        // SAFETY: just made.
        let place = unsafe { place(made.as_ptr()) };
        // SAFETY: inside the object; nobody reads it before there is a class.
        let told = unsafe { &raw mut (*place).leave };
        // SAFETY: as above.
        unsafe { told.write(leave) };
        // SAFETY: just made. The class comes last: the collector may look already.
        unsafe { owned(made.as_ptr()) }.store(class.share(at).into_ptr(), Ordering::Release);
        Ok(Anchor(made))
    }

    /// Gives the type away.
    pub(crate) fn into_ptr(self) -> *mut PyObject {
        self.0.into_ptr()
    }

    /// Borrows a type that somebody keeps.
    ///
    /// # Safety
    /// 1. It was made by [`new`](Self::new), in the current interpreter, and is alive.
    pub(crate) unsafe fn borrowed(at: Attached, kept: NonNull<PyObject>) -> Self {
        // SAFETY: duty 1.
        Self(unsafe { Strong::from_borrowed(at, kept.as_ptr()) })
    }
}

impl Anchor {
    /// Says whom to tell.
    ///
    /// # Safety
    /// 1. `context` stays valid until `leave` was called with it, which happens once, attached. No lock is held then.
    pub(crate) unsafe fn arm(&self, context: NonNull<c_void>) {
        // SAFETY: an anchor that is alive.
        let place = unsafe { place(self.0.as_ptr()) };
        // SAFETY: `make` wrote it whole.
        unsafe { &*place }.context.store(context.as_ptr(), Ordering::Release);
    }

    /// Ends what [`arm`](Self::arm) began: nobody is told. False when somebody was already.
    pub(crate) fn disarm(&self) -> bool {
        // SAFETY: an anchor that is alive.
        let place = unsafe { place(self.0.as_ptr()) };
        // SAFETY: `make` wrote it whole.
        !unsafe { &*place }.context.swap(ptr::null_mut(), Ordering::AcqRel).is_null()
    }

    /// Gives the anchor to its class, past the metaclass.
    ///
    /// # Errors
    /// An exception is set: a TypeError where a class takes no attributes.
    pub(crate) fn drop_into(&self, at: Attached, class: &Strong) -> Result<(), Raised> {
        type_object::set_attribute(at, class, ATTRIBUTE, &self.0)
    }
}
