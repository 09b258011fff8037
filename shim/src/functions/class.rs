//! The class of a build's functions: what Python asks of an object, and how one lives and ends.
//!
//! There is one for each version of the record and each platform text, in each interpreter; its name says both. What it does is what
//! `interbind/function_class.h` does: whichever build made it, the others' functions are its objects too.
//!
//! **Boundary**: the functions by which Python uses objects of the class, and their memory.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use interbind_abi::services::functions::{FUNCTION, FUNCTION_IS_MODULE, Vectorcall};
use interbind_abi::services::{FunctionRecord, NativeEntry, Overload};
use pyo3_ffi as py;

use super::attributes;
use super::function::{Field, Function};
use super::pickle;
use crate::ffi::{Attached, PyObject, Raised, Strong, error, scalar, thunk, type_object, unicode};

/// The class's name: the version of the record, and the platform text as a name.
const NAME: &str = concat!("interbind.function_1_0_", env!("INTERBIND_PLATFORM_NAME"), "\0");
const _: () = assert!(FUNCTION.major == 1 && FUNCTION.minor == 0);

/// Called with the method's object where it's looked up in a class.
const METHOD_DESCRIPTOR: u32 = 1 << 17;
const HAVE_VECTORCALL: u32 = 1 << 11;
const IMMUTABLE: u32 = 1 << 8;

/// What a slot that returns an object answers.
fn answer(result: Result<Strong, Raised>) -> *mut PyObject {
    result.map_or(ptr::null_mut(), Strong::into_ptr)
}

/// What one that sets something does.
fn status(result: Result<(), Raised>) -> c_int {
    if result.is_ok() { 0 } else { -1 }
}

/// A borrowed object that may be NULL.
///
/// # Safety
/// 1. It's NULL or a live object.
unsafe fn given(at: Attached, object: *mut PyObject) -> Option<Strong> {
    // SAFETY: duty 1.
    (!object.is_null()).then(|| unsafe { Strong::from_borrowed(at, object) })
}

/// The field that a property is about.
fn field(closure: *mut c_void) -> Field {
    if closure.is_null() { Field::Name } else { Field::Qualname }
}

thunk! {
    fn get_text(object: *mut PyObject, closure: *mut c_void) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) Python passes an object of the class, attached.
        answer(attributes::text(unsafe { Function::new(object) }, field(closure)))
    }

    fn set_text(object: *mut PyObject, value: *mut PyObject, closure: *mut c_void) -> c_int, else -1, {
        // SAFETY: (1) as above.
        let function = unsafe { Function::new(object) };
        // SAFETY: (1) NULL where it's deleted.
        let value = unsafe { given(function.at(), value) };
        status(attributes::set_text(function, field(closure), value))
    }

    fn get_doc(object: *mut PyObject, _closure: *mut c_void) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        answer(attributes::doc(unsafe { Function::new(object) }))
    }

    fn set_doc(object: *mut PyObject, value: *mut PyObject, _closure: *mut c_void) -> c_int, else -1, {
        // SAFETY: (1) as above.
        let function = unsafe { Function::new(object) };
        // SAFETY: (1) NULL where it's deleted.
        let value = unsafe { given(function.at(), value) };
        status(attributes::set_doc(function, value))
    }

    fn get_signature(object: *mut PyObject, _closure: *mut c_void) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        answer(attributes::signature(unsafe { Function::new(object) }))
    }

    fn get_dict(object: *mut PyObject, _closure: *mut c_void) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        answer(attributes::dict(unsafe { Function::new(object) }))
    }

    fn set_dict(object: *mut PyObject, value: *mut PyObject, _closure: *mut c_void) -> c_int, else -1, {
        // SAFETY: (1) as above.
        let function = unsafe { Function::new(object) };
        // SAFETY: (1) NULL where it's deleted.
        let value = unsafe { given(function.at(), value) };
        status(attributes::set_dict(function, value))
    }

    fn get_class(object: *mut PyObject, _closure: *mut c_void) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        let function = unsafe { Function::new(object) };
        let class = (&raw mut py::PyCFunction_Type).cast();
        // SAFETY: a class of Python's own.
        unsafe { Strong::from_borrowed(function.at(), class) }.into_ptr()
    }

    fn get_attribute(object: *mut PyObject, name: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        let function = unsafe { Function::new(object) };
        // SAFETY: Python passes a `str`.
        let asked = unsafe { Strong::from_borrowed(function.at(), name) };
        // As properties of the class they would hide the class's own.
        if unicode::is(&asked, c"__module__") {
            return answer(attributes::module(function));
        }
        if unicode::is(&asked, c"__call__") {
            // So that `inspect` sees the function's signature and not that of every call.
            return function.held().into_ptr();
        }
        // SAFETY: attached, live objects.
        unsafe { py::PyObject_GenericGetAttr(object, name) }
    }

    fn set_attribute(object: *mut PyObject, name: *mut PyObject, value: *mut PyObject) -> c_int, else -1, {
        // SAFETY: (1) as above.
        let function = unsafe { Function::new(object) };
        // SAFETY: Python passes a `str`.
        let asked = unsafe { Strong::from_borrowed(function.at(), name) };
        if unicode::is(&asked, c"__module__") {
            // SAFETY: (1) NULL where it's deleted.
            let value = unsafe { given(function.at(), value) };
            return status(attributes::set_module(function, value));
        }
        if unicode::is(&asked, c"__call__") {
            let raised = error::no_attribute(function.at(), "the '__call__' of a native function can't be set");
            return status(Err(raised));
        }
        // SAFETY: attached, live objects; NULL where it's deleted.
        unsafe { py::PyObject_GenericSetAttr(object, name, value) }
    }

    fn repr(object: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        answer(attributes::repr(unsafe { Function::new(object) }))
    }

    fn same(object: *mut PyObject, _unused: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        unsafe { Function::new(object) }.held().into_ptr()
    }

    fn reduce_ex(object: *mut PyObject, protocol: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        let function = unsafe { Function::new(object) };
        answer(scalar::long(function.at(), protocol).and_then(|protocol| pickle::reduce(function, protocol)))
    }

    fn reduce(object: *mut PyObject, _unused: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        answer(pickle::reduce(unsafe { Function::new(object) }, 4))
    }

    fn bind(object: *mut PyObject, instance: *mut PyObject, _owner: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) as above.
        let function = unsafe { Function::new(object) };
        if instance.is_null() || unicode::is_none(instance) {
            return function.held().into_ptr();
        }
        method(function, instance)
    }

    fn new(_class: *mut py::PyTypeObject, _arguments: *mut PyObject, _names: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: Python calls this, attached.
        let at = unsafe { Attached::assume() };
        answer(Err(error::say(at, error::Class::Type, "native functions are made by their modules, not by Python code")))
    }

    fn traverse(object: *mut PyObject, visit: py::visitproc, context: *mut c_void) -> c_int, else 0, {
        // SAFETY: (1) as above; the collector runs, and nothing of Python's is called but its own function.
        let function = unsafe { Function::new(object) };
        let visit = |object: *mut PyObject| match object.is_null() {
            true => 0,
            // SAFETY: the collector's own function and argument, and an object that this one owns.
            false => unsafe { visit(object, context) },
        };
        visited(function, &visit)
    }

    fn clear(object: *mut PyObject) -> c_int, else 0, {
        // SAFETY: (1) as above.
        let function = unsafe { Function::new(object) };
        // Gives up what may lead back here; the function stays what it is.
        function.put(Field::Dict, None);
        for way in function.overloads() {
            way.parameters().filter(|place| !place.stays()).for_each(|place| drop(place.take_fallback()));
            if let Some(clear) = way.overload.clear {
                // SAFETY: the maker's own function for its overload.
                unsafe { clear(ptr::from_ref(way.overload).cast_mut()) };
            }
        }
        0
    }

    fn dealloc(object: *mut PyObject) -> (), else (), {
        // SAFETY: as above: Python takes it apart, and nobody else has it.
        unsafe { end(object) };
    }
}

/// Visits what a function owns; stops where the collector says so.
fn visited(function: Function<'_>, visit: &dyn Fn(*mut PyObject) -> c_int) -> c_int {
    // SAFETY: an object of the class, whose record nobody changes while the collector runs.
    let record = unsafe { &*function.record() };
    // SAFETY: a live object.
    let class = unsafe { type_object::class_of(function.as_ptr()) };
    let own = [class, record.home.cast(), record.module.cast(), record.doc.cast(), record.dict.cast()];
    let mut stopped = own.into_iter().map(visit).find(|stopped| *stopped != 0).unwrap_or(0);
    for way in function.overloads() {
        for place in way.parameters() {
            stopped = if stopped == 0 { visit(place.seen()) } else { stopped };
        }
        if let (0, Some(traverse)) = (stopped, way.overload.traverse) {
            let mut each = visit;
            // SAFETY: the maker's own function for its overload; what it calls gets what is passed on here.
            stopped = unsafe {
                traverse(ptr::from_ref(way.overload).cast_mut(), Some(visit_behind), (&raw mut each).cast())
            };
        }
    }
    let mut entry = function.natives().cast_const();
    while let (0, false) = (stopped, entry.is_null()) {
        // SAFETY: the function owns its entries, which never change.
        let native = unsafe { &*entry };
        stopped = visit(native.keep.cast());
        entry = native.next;
    }
    stopped
}

thunk! {
    fn visit_behind(object: *mut interbind_abi::types::record::Object, context: *mut c_void) -> c_int, else 0, {
        // SAFETY: what `visited` passes on.
        let visit = unsafe { &*context.cast::<&dyn Fn(*mut PyObject) -> c_int>() };
        visit(object.cast())
    }
}

#[cfg(not(any(interbind_limited, windows)))]
unsafe extern "C" {
    /// PyO3 names it on no version, so where libraries are linked by name it isn't there.
    fn PyMethod_New(function: *mut PyObject, instance: *mut PyObject) -> *mut PyObject;
}

/// A bound method.
#[cfg(not(any(interbind_limited, windows)))]
fn method(function: Function<'_>, instance: *mut PyObject) -> *mut PyObject {
    // SAFETY: attached, live objects.
    unsafe { PyMethod_New(function.as_ptr(), instance) }
}

/// As above.
#[cfg(any(interbind_limited, windows))]
fn method(function: Function<'_>, instance: *mut PyObject) -> *mut PyObject {
    let at = function.at();
    // SAFETY: a live object.
    let instance = unsafe { Strong::from_borrowed(at, instance) };
    let class = scalar::of_module(at, c"types", "MethodType");
    answer(class.and_then(|class| class.call_tuple(at, &[&function.held(), &instance])))
}

/// Functions may hold each other in a long chain, which must not end one inside the other: the stack would run out. A tuple's own
/// end sees to that.
fn let_go(at: Attached, value: Option<Strong>) {
    let Some(value) = value else { return };
    let held = unicode::tuple(at, &[&value]);
    drop(value);
    // Without memory for one it has ended already.
    drop(held);
}

/// Takes a function apart.
///
/// # Safety
/// 1. As of `tp_dealloc`: attached, and nobody refers to it any more.
unsafe fn end(object: *mut PyObject) {
    // SAFETY: duty 1.
    unsafe { py::PyObject_GC_UnTrack(object.cast()) };
    // SAFETY: duty 1.
    let function = unsafe { Function::new(object) };
    let at = function.at();
    let raised = error::take(at);
    // SAFETY: duty 1; initialised when it was made.
    let record = unsafe { &mut *function.record() };
    if !record.weakrefs.is_null() {
        // SAFETY: duty 1.
        unsafe { py::PyObject_ClearWeakRefs(object) };
    }
    // SAFETY: a field that owns what it has.
    let own = |field: &mut *mut interbind_abi::types::record::Object| {
        let value = core::mem::replace(field, ptr::null_mut());
        // SAFETY: as above.
        NonNull::new(value.cast()).map(|value| unsafe { Strong::owned(at, value) })
    };
    let home = own(&mut record.home);
    let owned =
        [&mut record.dict, &mut record.name, &mut record.qualname, &mut record.module, &mut record.doc]
            .map(own);
    let fallbacks =
        function.overloads().flat_map(|way| way.parameters().filter_map(|place| place.take_fallback()));
    drop(owned);
    fallbacks.for_each(|value| let_go(at, Some(value)));
    let mut overload = core::mem::replace(&mut record.first, ptr::null_mut());
    let mut entry = core::mem::replace(record.natives.get_mut(), ptr::null_mut());
    while !overload.is_null() {
        // SAFETY: the function's own, which each know how they are freed.
        overload = unsafe { free_overload(overload) };
    }
    while !entry.is_null() {
        // SAFETY: as above.
        let (next, keep) = unsafe { free_entry(entry) };
        // SAFETY: it was the entry's.
        let_go(at, NonNull::new(keep).map(|keep| unsafe { Strong::owned(at, keep) }));
        entry = next;
    }
    // SAFETY: duty 1.
    let class = unsafe { py::Py_TYPE(object) };
    // SAFETY: duty 1: made by the allocator of collected objects.
    unsafe { py::PyObject_GC_Del(object.cast()) };
    // SAFETY: an object of a heap type owns a reference to it.
    unsafe { py::Py_DECREF(class.cast()) };
    // Last: the code of the overloads is its.
    drop(home);
    at.clear();
    if let Some(raised) = raised {
        let _ = error::restore(at, raised);
    }
}

/// Frees an overload; returns the next one.
///
/// # Safety
/// 1. Nobody else has it, and it's attached.
unsafe fn free_overload(overload: *mut Overload) -> *mut Overload {
    // SAFETY: duty 1.
    let it = unsafe { &*overload };
    let (next, free) = (it.next.load(Ordering::Acquire), it.free);
    // SAFETY: duty 1.
    unsafe { free(overload) };
    next
}

/// Frees an entry; returns the next one, and what it kept.
///
/// # Safety
/// 1. Nobody else has it, and it's attached.
unsafe fn free_entry(entry: *mut NativeEntry) -> (*mut NativeEntry, *mut PyObject) {
    // SAFETY: duty 1.
    let it = unsafe { &*entry };
    let (next, keep, free) = (it.next.cast_mut(), it.keep.cast(), it.free);
    if let Some(free) = free {
        // SAFETY: duty 1.
        unsafe { free(entry) };
    }
    (next, keep)
}

/// A new function of a class of this layout, all of whose fields are NULL, and which the collector doesn't know yet.
pub(super) fn alloc(at: Attached, class: &Strong, vectorcall: Vectorcall) -> Result<Strong, Raised> {
    // SAFETY: attached; a class of collected objects, of this size: zeroed and tracked.
    let made = unsafe { py::PyType_GenericAlloc(class.as_ptr().cast(), 0) };
    if made.is_null() {
        return Err(Raised::at(at));
    }
    // SAFETY: just made. Until it's whole nobody is to find it.
    unsafe { py::PyObject_GC_UnTrack(made.cast()) };
    let record = FunctionRecord {
        header: FUNCTION.header::<FunctionRecord>(),
        vectorcall,
        first: ptr::null_mut(),
        natives: ptr::null_mut::<NativeEntry>().into(),
        home: ptr::null_mut(),
        name: ptr::null_mut(),
        qualname: ptr::null_mut(),
        module: ptr::null_mut(),
        doc: ptr::null_mut(),
        dict: ptr::null_mut(),
        weakrefs: ptr::null_mut(),
        flags: 0,
        reserved: [0; 4],
        private: ptr::null_mut(),
    };
    let place = made.wrapping_add(1).cast::<FunctionRecord>();
    // SAFETY: the record stands behind the head, and is part of the object.
    unsafe { place.write(record) };
    // SAFETY: a new reference.
    unsafe { Strong::from_new(at, made) }
}

/// Lets the collector see a function that is whole.
///
/// # Safety
/// 1. Made by [`alloc`], and not seen yet.
pub(super) unsafe fn track(function: &Strong) {
    // SAFETY: duty 1.
    unsafe { py::PyObject_GC_Track(function.as_ptr().cast()) };
}

thunk! {
    fn call_module(object: *mut PyObject, _args: *const *mut PyObject, _count: usize, _names: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: (1) Python calls an object of the class.
        let function = unsafe { Function::new(object) };
        let at = function.at();
        let text = attributes::repr(function).and_then(|shown| {
            unicode::concat(at, &[&shown, &Strong::text(at, " stands for a module in a pickle, and isn't called")?])
        });
        answer(text.and_then(|text| Err(error::say_text(at, error::Class::Type, &text))))
    }
}

/// A function that stands for a module, in a pickle: of the class of another.
pub(super) fn for_module(function: Function<'_>, module: &Strong) -> Result<Strong, Raised> {
    let at = function.at();
    let class = function.live().class().held(at);
    // SAFETY: the abi's objects are Python's.
    let call = unsafe { core::mem::transmute::<py::vectorcallfunc, Vectorcall>(call_module) };
    let made = alloc(at, &class, call)?;
    // SAFETY: (1) just made.
    let own = unsafe { Function::new(made.as_ptr()) };
    // SAFETY: nobody else has it.
    unsafe { (*own.record()).flags = FUNCTION_IS_MODULE };
    own.put(Field::Name, Some(module.share(at)));
    own.put(Field::Qualname, Some(module.share(at)));
    // SAFETY: (1) as above.
    unsafe { track(&made) };
    Ok(made)
}

/// Definitions that Python keeps pointers to, and may write in.
struct Kept<T>(UnsafeCell<T>);

// SAFETY: Python reads and writes them under its own rules.
unsafe impl<T> Sync for Kept<T> {}

const fn member(name: &'static CStr, offset: usize) -> py::PyMemberDef {
    py::PyMemberDef {
        name: name.as_ptr(),
        type_code: 19,
        offset: (size_of::<PyObject>() + offset) as isize,
        flags: 1,
        doc: ptr::null(),
    }
}

const fn no_member() -> py::PyMemberDef {
    py::PyMemberDef { name: ptr::null::<c_char>(), type_code: 0, offset: 0, flags: 0, doc: ptr::null() }
}

const fn property(
    name: &'static CStr,
    get: py::getter,
    set: Option<py::setter>,
    closure: usize,
) -> py::PyGetSetDef {
    py::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        set,
        doc: ptr::null(),
        closure: ptr::without_provenance_mut(closure),
    }
}

const fn plain_method(name: &'static CStr, call: py::PyCFunction, flags: c_int) -> py::PyMethodDef {
    py::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: py::PyMethodDefPointer { PyCFunction: call },
        ml_flags: flags,
        ml_doc: ptr::null(),
    }
}

static MEMBERS: Kept<[py::PyMemberDef; 4]> = Kept(UnsafeCell::new([
    member(c"__vectorcalloffset__", offset_of!(FunctionRecord, vectorcall)),
    member(c"__dictoffset__", Field::Dict.offset()),
    member(c"__weaklistoffset__", offset_of!(FunctionRecord, weakrefs)),
    no_member(),
]));

static PROPERTIES: Kept<[py::PyGetSetDef; 7]> = Kept(UnsafeCell::new([
    property(c"__name__", get_text, Some(set_text), 0),
    property(c"__qualname__", get_text, Some(set_text), 1),
    property(c"__doc__", get_doc, Some(set_doc), 0),
    property(c"__text_signature__", get_signature, None, 0),
    property(c"__dict__", get_dict, Some(set_dict), 0),
    property(c"__class__", get_class, None, 0),
    py::PyGetSetDef { name: ptr::null(), get: None, set: None, doc: ptr::null(), closure: ptr::null_mut() },
]));

static METHODS: Kept<[py::PyMethodDef; 5]> = Kept(UnsafeCell::new([
    plain_method(c"__reduce_ex__", reduce_ex, py::METH_O),
    plain_method(c"__reduce__", reduce, py::METH_NOARGS),
    plain_method(c"__copy__", same, py::METH_NOARGS),
    plain_method(c"__deepcopy__", same, py::METH_O),
    py::PyMethodDef::zeroed(),
]));

/// Makes the class in the current interpreter.
pub(super) fn make(at: Attached) -> Result<Strong, Raised> {
    let slot = |slot, pfunc| py::PyType_Slot { slot, pfunc };
    let mut slots = [
        slot(py::Py_tp_dealloc, dealloc as *mut c_void),
        slot(py::Py_tp_traverse, traverse as *mut c_void),
        slot(py::Py_tp_clear, clear as *mut c_void),
        slot(py::Py_tp_call, super::wrap::CALL as *mut c_void),
        slot(py::Py_tp_new, new as *mut c_void),
        slot(py::Py_tp_descr_get, bind as *mut c_void),
        slot(py::Py_tp_repr, repr as *mut c_void),
        slot(py::Py_tp_getattro, get_attribute as *mut c_void),
        slot(py::Py_tp_setattro, set_attribute as *mut c_void),
        slot(py::Py_tp_members, MEMBERS.0.get().cast()),
        slot(py::Py_tp_getset, PROPERTIES.0.get().cast()),
        slot(py::Py_tp_methods, METHODS.0.get().cast()),
        slot(0, ptr::null_mut()),
    ];
    let later = if crate::ffi::host::running() >= (3, 10) { IMMUTABLE } else { 0 };
    let spec = py::PyType_Spec {
        name: NAME.as_ptr().cast(),
        basicsize: (size_of::<PyObject>() + size_of::<FunctionRecord>()) as c_int,
        itemsize: 0,
        flags: (py::Py_TPFLAGS_DEFAULT | py::Py_TPFLAGS_HAVE_GC) as u32
            | HAVE_VECTORCALL
            | METHOD_DESCRIPTOR
            | later,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: a name that ends with NUL; the slots end with 0, and are functions for objects of that size.
    unsafe { type_object::from_spec(at, spec) }
}
