//! How a service learns that an object of somebody else's class has died: a weak reference that tells, and one that is asked.
//!
//! The one that tells has a notice for its callback, an object with vectorcall: so it is called at the recursion limit too,
//! where CPython calls no function. Without memory CPython skips every callback. So a notice is never believed, and never
//! waited for: there is a second reference, without a callback, which CPython clears in any case, and anyone who finds something
//! under an object's address asks that one.

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

/// Is called, attached, when the object may have died; Python code can call it at any time, too.
pub(crate) type Told = unsafe fn(at: Attached, context: NonNull<c_void>);

/// A notice in memory: a callable that carries a context.
#[repr(C)]
struct Notice {
    head: PyObject,
    vectorcall: Option<Vectorcall>,
    /// NULL: it does nothing.
    context: AtomicPtr<c_void>,
    told: Option<Told>,
}

type Vectorcall =
    unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, usize, *mut PyObject) -> *mut PyObject;

/// The notices' type in one interpreter.
pub(crate) struct Notices(Strong);

/// Both references to one object, each owned.
pub(crate) struct Pair {
    /// The one that tells.
    pub(crate) telling: Strong,
    /// Its callback.
    pub(crate) notice: Strong,
    /// The one that is asked.
    pub(crate) asked: Strong,
}

/// `None`, as a new reference.
fn none() -> *mut PyObject {
    // SAFETY: the address of a constant.
    let none = unsafe { py::Py_None() };
    // SAFETY: attached: Python calls the callers; a live object.
    unsafe { py::Py_INCREF(none) };
    none
}

/// # Safety
/// 1. `object` is a notice that Python calls, attached.
unsafe fn tell(object: *mut PyObject) {
    // SAFETY: duty 1: zeroed by Python, then written by `make`.
    let notice = unsafe { &*object.cast::<Notice>() };
    if let (Some(context), Some(told)) = (NonNull::new(notice.context.load(Ordering::Acquire)), notice.told) {
        // SAFETY: duty 1.
        let at = unsafe { Attached::assume() };
        // SAFETY: `watch`'s duty.
        unsafe { told(at, context) };
    }
}

super::thunk! {
    /// As Python calls a callback.
    fn vectorcall(
        object: *mut PyObject,
        _arguments: *const *mut PyObject,
        _count: usize,
        _names: *mut PyObject,
    ) -> *mut PyObject, else none(), {
        // SAFETY: Python calls its own object, attached.
        unsafe { tell(object) };
        none()
    }

    /// As Python code may call it.
    fn call(object: *mut PyObject, _arguments: *mut PyObject, _names: *mut PyObject) -> *mut PyObject, else none(), {
        // SAFETY: as above.
        unsafe { tell(object) };
        none()
    }

    fn traverse(object: *mut PyObject, visit: py::visitproc, context: *mut c_void) -> c_int, else 0, {
        // SAFETY: Python passes a notice.
        let own = unsafe { py::Py_TYPE(object) };
        // SAFETY: the collector's own function and argument.
        unsafe { visit(own.cast(), context) }
    }

    fn dealloc(object: *mut PyObject) -> (), else (), {
        // SAFETY: (1) Python passes a notice that nobody refers to any more.
        unsafe { collected::free(object, || ()) };
    }
}

impl Notices {
    /// Makes the type.
    pub(crate) fn new(at: Attached) -> Result<Self, Raised> {
        const NAME: &CStr = c"interbind.notice";
        /// `Py_T_PYSSIZET`, `Py_READONLY` and `Py_TPFLAGS_HAVE_VECTORCALL`, which pyo3-ffi has for some Pythons only.
        const WORD: c_int = 19;
        const READ_ONLY: c_int = 1;
        const HAVE_VECTORCALL: u32 = 1 << 11;
        let mut members = [
            py::PyMemberDef {
                name: c"__vectorcalloffset__".as_ptr(),
                type_code: WORD,
                offset: core::mem::offset_of!(Notice, vectorcall) as py::Py_ssize_t,
                flags: READ_ONLY,
                doc: ptr::null(),
            },
            py::PyMemberDef::default(),
        ];
        let slot = |slot, function| py::PyType_Slot { slot, pfunc: function };
        let mut slots = [
            slot(py::Py_tp_call, call as *mut c_void),
            slot(py::Py_tp_traverse, traverse as *mut c_void),
            slot(py::Py_tp_dealloc, dealloc as *mut c_void),
            slot(py::Py_tp_members, members.as_mut_ptr().cast()),
            slot(0, ptr::null_mut()),
        ];
        let spec = py::PyType_Spec {
            name: NAME.as_ptr(),
            basicsize: size_of::<Notice>() as c_int,
            itemsize: 0,
            flags: (py::Py_TPFLAGS_DEFAULT | py::Py_TPFLAGS_HAVE_GC) as u32
                | HAVE_VECTORCALL
                | type_object::CLOSED,
            slots: slots.as_mut_ptr(),
        };
        // SAFETY: a literal for a name; the slots end with 0, and are functions for objects of that size.
        unsafe { type_object::from_spec(at, spec) }.map(Self)
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

    fn make(&self, at: Attached, told: Told, context: NonNull<c_void>) -> Result<Strong, Raised> {
        // SAFETY: attached; the type takes part in garbage collection, so this is how its objects are made: zeroed, tracked.
        let made = unsafe { py::PyType_GenericAlloc(self.0.as_ptr().cast(), 0) };
        // SAFETY: a new reference or NULL.
        let made = unsafe { Strong::from_new(at, made) }?;
        let place = made.as_ptr().cast::<Notice>();
        // SAFETY: just made; nobody calls it yet.
        unsafe { (*place).told = Some(told) };
        // SAFETY: as above.
        unsafe { (*place).context = AtomicPtr::new(context.as_ptr()) };
        // SAFETY: as above.
        unsafe { (*place).vectorcall = Some(vectorcall) };
        Ok(made)
    }

    /// Begins to watch an object.
    ///
    /// # Errors
    /// An exception is set: a TypeError for an object that can't be weakly referenced.
    ///
    /// # Safety
    /// 1. `object` is a live object.
    /// 2. `context` stays valid until [`retire`] is called with the pair's notice.
    pub(crate) unsafe fn watch(
        &self,
        at: Attached,
        object: *mut PyObject,
        told: Told,
        context: NonNull<c_void>,
    ) -> Result<Pair, Raised> {
        // SAFETY: attached, duty 1, no callback.
        let asked = unsafe { py::PyWeakref_NewRef(object, ptr::null_mut()) };
        // SAFETY: a new reference or NULL.
        let asked = unsafe { Strong::from_new(at, asked) }?;
        let notice = self.make(at, told, context)?;
        // SAFETY: attached, duty 1, a callable.
        let telling = unsafe { py::PyWeakref_NewRef(object, notice.as_ptr()) };
        // SAFETY: a new reference or NULL.
        match unsafe { Strong::from_new(at, telling) } {
            Ok(telling) => Ok(Pair { telling, notice, asked }),
            Err(raised) => {
                retire(at, &notice);
                Err(raised)
            }
        }
    }
}

/// Takes the context out of a notice: a later call of it does nothing.
pub(crate) fn retire(_at: Attached, notice: &Strong) {
    // SAFETY: notices are made here alone, and are whole.
    unsafe { &*notice.as_ptr().cast::<Notice>() }.context.store(ptr::null_mut(), Ordering::Release);
}

/// Tells whether a weak reference still leads to this object; NULL asks whether it leads nowhere.
pub(crate) fn leads_to(at: Attached, reference: &Strong, object: *mut PyObject) -> bool {
    let mut found = ptr::null_mut();
    // SAFETY: attached, a weak reference of this file's, a place to write.
    if unsafe { py::compat::PyWeakref_GetRef(reference.as_ptr(), &mut found) } < 0 {
        at.clear();
        return false;
    }
    let same = ptr::eq(found, object);
    // SAFETY: a new reference or NULL.
    unsafe { py::Py_XDECREF(found) };
    same
}

/// Tells whether an object is `None`.
pub(crate) fn is_none(_at: Attached, object: *mut PyObject) -> bool {
    // SAFETY: the address of a constant.
    object == unsafe { py::Py_None() }
}
