//! pybind11's conduit: whether a method of a class is one, calling it, and whether an object has a value. Nothing here runs
//! Python code, whatever the class's metaclass is: classes are read as `type` itself reads them.

use core::ffi::{CStr, c_void};

use pyo3_ffi as py;

use super::attached::Attached;
use super::live::Live;
use super::raised::Raised;
use super::strong::Strong;
use super::type_object;
use crate::sync::{AtomicPtr, Ordering};

/// The conduit's name.
pub(crate) const CONDUIT: &str = "_pybind11_conduit_v1_";

/// Bytes of pybind11's `struct instance`, the same from 2.11.2 to 3.1.0: the object's head, three words, the weak references, and
/// a word whose first byte has flags.
const SIZE: usize = size_of::<py::PyObject>() + 5 * size_of::<usize>();
const FLAGS: usize = SIZE - size_of::<usize>();
/// The pointer to the states of the parts, in an object with several or with a large holder.
const STATES: usize = size_of::<py::PyObject>() + size_of::<usize>();
const IS_SIMPLE: u8 = 2;
const IS_REGISTERED: u8 = 8;
const PART_IS_REGISTERED: u8 = 2;

/// What `type` gives all classes of Python code to free their objects; NULL: not known yet.
static DEALLOCATOR: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());

/// Whether the objects of a class lie as this file knows them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// They are pybind11's, of the known size.
    Known,
    /// They are pybind11's, of another size.
    Unknown,
    /// Nothing of pybind11 is among what the class inherits from.
    Foreign,
}

/// What a conduit is asked with, and its function: owned, never dropped.
#[derive(Debug)]
pub(crate) struct Conduit {
    function: *mut py::PyObject,
    arguments: [*mut py::PyObject; 3],
}

/// The classes that a class inherits from, itself first.
pub(crate) fn ancestors(at: Attached, class: &Strong) -> Vec<Strong> {
    elements(at, class, "__mro__")
}

fn elements(at: Attached, class: &Strong, part: &str) -> Vec<Strong> {
    let found = type_object::own_part(at, class, part);
    at.clear();
    let mut all = Vec::new();
    let Ok(tuple) = found else { return all };
    // SAFETY: attached, a live object; -1 with an exception for what is no tuple.
    let count = unsafe { py::PyTuple_Size(tuple.as_ptr()) };
    at.clear();
    for index in 0..count {
        // SAFETY: a tuple, which nobody else changes; borrowed.
        let element = unsafe { py::PyTuple_GetItem(tuple.as_ptr(), index) };
        if element.is_null() || all.try_reserve(1).is_err() {
            at.clear();
            return Vec::new();
        }
        // SAFETY: the tuple holds it.
        all.push(unsafe { Strong::from_borrowed(at, element) });
    }
    all
}

/// An entry of a class's own dict.
pub(crate) fn own_entry(at: Attached, class: &Strong, name: &Strong) -> Option<Strong> {
    let found =
        type_object::own_part(at, class, "__dict__").and_then(|dict| type_object::item(at, &dict, name));
    at.clear();
    found.ok()
}

/// Tells whether Python code made a class: such a class may have any name, any size and any class's conduit. pybind11's have its own
/// deallocator. Without memory to know it, true.
pub(crate) fn is_of_python(at: Attached, class: &Strong) -> bool {
    let mut known = DEALLOCATOR.load(Ordering::Relaxed);
    if known.is_null() {
        let made = type_object::empty(at);
        at.clear();
        known = made.map_or(core::ptr::null_mut(), |made| deallocator(&made));
        DEALLOCATOR.store(known, Ordering::Relaxed);
    }
    // SAFETY: attached, a live class.
    let flags = unsafe { py::PyType_GetFlags(class.as_ptr().cast()) };
    known.is_null() || (flags & py::Py_TPFLAGS_HEAPTYPE != 0 && deallocator(class) == known)
}

/// The deallocator of a class that was made at run time.
fn deallocator(class: &Strong) -> *mut c_void {
    // SAFETY: attached, a live class on the heap, a slot that each has.
    unsafe { py::PyType_GetSlot(class.as_ptr().cast(), py::Py_tp_dealloc) }
}

/// The function of the conduit that pybind11 gave a class of its own.
pub(crate) fn own_function(at: Attached, class: &Strong, name: &Strong) -> Option<Strong> {
    if is_of_python(at, class) { None } else { function(at, &own_entry(at, class, name)?) }
}

/// The function of a conduit that is pybind11's own: a builtin function of its C name inside an `instancemethod`.
fn function(at: Attached, found: &Strong) -> Option<Strong> {
    // SAFETY: attached, a live object.
    let class = unsafe { type_object::class_of(found.as_ptr()) };
    // SAFETY: attached, a live class.
    let flags = unsafe { py::PyType_GetFlags(class.cast()) };
    // SAFETY: an object keeps its class.
    let class = unsafe { Strong::from_borrowed(at, class) };
    // Types of Python code are on the heap, so one that isn't has the name that C code gave it.
    let is_method = flags & py::Py_TPFLAGS_HEAPTYPE == 0
        && type_object::own_part(at, &class, "__name__")
            .is_ok_and(|name| is_text(at, &name, "instancemethod"));
    at.clear();
    if !is_method {
        return None;
    }
    let function = found.attribute(at, "__func__");
    at.clear();
    let function = function.ok()?;
    // SAFETY: attached, a live object.
    let class = unsafe { type_object::class_of(function.as_ptr()) };
    if class != (&raw mut py::PyCFunction_Type).cast() {
        return None;
    }
    let name = function.attribute(at, "__name__");
    at.clear();
    name.is_ok_and(|name| is_text(at, &name, CONDUIT)).then_some(function)
}

fn is_text(at: Attached, object: &Strong, text: &str) -> bool {
    object.to_text(at).is_some_and(|found| *found == *text)
}

/// How the objects of a class lie, which these are the ancestors of.
pub(crate) fn layout(at: Attached, ancestors: &[Strong]) -> Layout {
    for class in ancestors {
        let name = type_object::own_part(at, class, "__name__");
        at.clear();
        if name.is_ok_and(|name| is_text(at, &name, "pybind11_object")) && !is_of_python(at, class) {
            let size = type_object::basic_size(at, class);
            at.clear();
            return if size.is_ok_and(|size| size == SIZE) { Layout::Known } else { Layout::Unknown };
        }
    }
    Layout::Foreign
}

/// Tells whether an object has its value: a conduit would make memory for one that hasn't. `known` is the address of a class
/// that is pybind11's.
///
/// # Safety
/// 1. The layout of the object's class is [`Layout::Known`].
#[inline]
pub(crate) unsafe fn has_value(object: Live<'_>, known: *mut c_void) -> bool {
    // SAFETY: duty 1: the object is that large.
    let flags = unsafe { object.as_ptr().cast::<u8>().wrapping_add(FLAGS).read() };
    if flags & IS_SIMPLE != 0 {
        return flags & IS_REGISTERED != 0;
    }
    // SAFETY: duty 1.
    unsafe { has_values(object, known) }
}

/// # Safety
/// 1. As [`has_value`], and the object's parts stand outside of it.
#[cold]
#[inline(never)]
unsafe fn has_values(object: Live<'_>, known: *mut c_void) -> bool {
    let at = object.at();
    let class = object.class().held(at);
    let parts = Strong::text(at, CONDUIT).map_or(0, |name| parts(at, class, known, &name));
    at.clear();
    // SAFETY: duty 1: the object is that large.
    let states = unsafe { object.as_ptr().cast::<u8>().wrapping_add(STATES).cast::<*const u8>().read() };
    // SAFETY: duty 1: there is a byte for each part.
    !states.is_null()
        && parts > 0
        && (0..parts).all(|i| (unsafe { states.wrapping_add(i).read() }) & PART_IS_REGISTERED != 0)
}

/// The word that an object of the very class has for its value; none for one of another class, and one that has several parts or a
/// large holder.
///
/// # Safety
/// 1. As [`has_value`].
#[cfg(feature = "known-layouts")]
#[inline]
pub(crate) unsafe fn word(object: Live<'_>, known: *mut c_void) -> Option<core::ptr::NonNull<c_void>> {
    // SAFETY: duty 1: the object is that large.
    let flags = unsafe { object.as_ptr().cast::<u8>().wrapping_add(FLAGS).read() };
    if flags & IS_SIMPLE == 0 || !object.class().is(known.cast()) {
        return None;
    }
    // SAFETY: duty 1: the first word behind the object's head.
    core::ptr::NonNull::new(unsafe { object.as_ptr().wrapping_add(1).cast::<*mut c_void>().read() })
}

/// Counts the parts of a class's objects as pybind11 does: the nearest of its classes above, each once. Those have a conduit of
/// their own. 0 without memory.
fn parts(at: Attached, class: Strong, known: *mut c_void, name: &Strong) -> usize {
    let (mut reached, mut count, mut next) = (Vec::new(), 0, 0);
    if reached.try_reserve(1).is_err() {
        return 0;
    }
    reached.push(class);
    while let Some(class) = reached.get(next).map(|class: &Strong| class.share(at)) {
        next += 1;
        if class.as_ptr().cast() == known || own_function(at, &class, name).is_some() {
            count += 1;
            continue;
        }
        let bases = elements(at, &class, "__bases__");
        if bases.is_empty() && class.as_ptr() != (&raw mut py::PyBaseObject_Type).cast() {
            return 0;
        }
        for base in bases {
            if reached.iter().all(|one| one.as_ptr() != base.as_ptr()) {
                if reached.try_reserve(1).is_err() {
                    return 0;
                }
                reached.push(base);
            }
        }
    }
    count
}

/// A `bytes` object.
pub(crate) fn bytes(at: Attached, bytes: &[u8]) -> Result<Strong, Raised> {
    let len = bytes.len().try_into().unwrap_or(isize::MAX);
    // SAFETY: attached; `len` is at most the length of the slice.
    let made = unsafe { py::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), len) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, made) }
}

/// A capsule around the address of a C++ type.
pub(crate) fn type_capsule(at: Attached, address: *mut c_void) -> Result<Strong, Raised> {
    // SAFETY: attached; the address isn't NULL, the name is static.
    let made = unsafe { py::PyCapsule_New(address, c"St9type_info".as_ptr(), None) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, made) }
}

/// The address in a capsule of a name, or without one; NULL for anything else, and no exception.
pub(crate) fn address(at: Attached, capsule: &Strong, name: Option<&CStr>) -> *mut c_void {
    let wanted = name.map_or(core::ptr::null(), CStr::as_ptr);
    // SAFETY: attached, a live object; a NULL, and an exception, for what is no capsule of that name.
    let found = unsafe { py::PyCapsule_GetPointer(capsule.as_ptr(), wanted) };
    if found.is_null() {
        at.clear();
    }
    found
}

/// The C++ type of a class that is local to its module, by the record that stands in this capsule.
pub(crate) fn local_type(at: Attached, capsule: &Strong, class: &Strong, name: &CStr) -> Option<*mut c_void> {
    // SAFETY: attached, a live object.
    if unsafe { py::PyCapsule_CheckExact(capsule.as_ptr()) } == 0 {
        return None;
    }
    let record = address(at, capsule, None).cast::<*mut c_void>();
    // SAFETY: pybind11's own capsules have no name, and lead to more than a word.
    if record.is_null() || unsafe { record.read() } != class.as_ptr().cast() {
        return None;
    }
    // SAFETY: a record of pybind11: the class, its `type_info`, …
    let found = unsafe { record.wrapping_add(1).read() };
    if found.is_null() {
        return None;
    }
    // SAFETY: a `type_info`: what it has of virtual functions, then the name.
    let said = unsafe { found.cast::<*const core::ffi::c_char>().wrapping_add(1).read() };
    // SAFETY: a terminated text of the library that has the class.
    let is_named = !said.is_null() && unsafe { CStr::from_ptr(said) } == name;
    is_named.then_some(found)
}

/// The keys of a mapping that are texts.
pub(crate) fn keys(at: Attached, mapping: &Strong) -> Vec<Strong> {
    // SAFETY: attached, a live object; an exception for what is no mapping.
    let keys = unsafe { py::PyMapping_Keys(mapping.as_ptr()) };
    // SAFETY: a new reference or NULL.
    let keys = unsafe { Strong::from_new(at, keys) };
    at.clear();
    let mut all = Vec::new();
    let Ok(keys) = keys else { return all };
    // SAFETY: attached, a live object; -1 with an exception for what is no list.
    let count = unsafe { py::PyList_Size(keys.as_ptr()) };
    for index in 0..count {
        // SAFETY: a list that nobody else has; borrowed.
        let key = unsafe { py::PyList_GetItem(keys.as_ptr(), index) };
        if key.is_null() || all.try_reserve(1).is_err() {
            break;
        }
        // SAFETY: attached, a live object.
        if unsafe { py::PyUnicode_CheckExact(key) } != 0 {
            // SAFETY: the list holds it.
            all.push(unsafe { Strong::from_borrowed(at, key) });
        }
    }
    at.clear();
    all
}

/// Asks a conduit for the address in an object: none, and no exception, where it gives none.
pub(crate) fn ask(object: Live<'_>, with: [&Strong; 4], name: &CStr) -> Result<Option<*mut c_void>, Raised> {
    let [function, id, cpp_type, kind] = with.map(Strong::as_ptr);
    // SAFETY: (1) the caller holds them.
    unsafe { call(object, function, [id, cpp_type, kind], name) }
}

/// # Safety
/// 1. `function` and the arguments are live objects.
#[inline]
unsafe fn call(
    object: Live<'_>,
    function: *mut py::PyObject,
    [id, cpp_type, kind]: [*mut py::PyObject; 3],
    name: &CStr,
) -> Result<Option<*mut c_void>, Raised> {
    let (at, end) = (object.at(), core::ptr::null_mut::<py::PyObject>());
    // SAFETY: attached; duty 1; a NULL ends them.
    let answer =
        unsafe { py::PyObject_CallFunctionObjArgs(function, object.as_ptr(), id, cpp_type, kind, end) };
    // SAFETY: a new reference or NULL with an exception.
    let answer = unsafe { Strong::from_new(at, answer) }?;
    // SAFETY: attached, a live object.
    if unsafe { py::PyCapsule_CheckExact(answer.as_ptr()) } == 0 {
        return Ok(None);
    }
    let found = address(at, &answer, Some(name));
    Ok((!found.is_null()).then_some(found))
}

impl Conduit {
    /// Keeps what one is asked with: the function, the id, the type and the kind of pointer.
    pub(crate) fn new(at: Attached, with: [&Strong; 4]) -> Self {
        let [function, id, cpp_type, kind] = with.map(|one| one.share(at).into_ptr());
        Self { function, arguments: [id, cpp_type, kind] }
    }

    /// Tells whether its function is this one.
    pub(crate) fn is(&self, function: &Strong) -> bool {
        self.function == function.as_ptr()
    }

    /// As [`ask`], in the interpreter that this was made in.
    #[inline]
    pub(crate) fn ask(&self, object: Live<'_>, name: &CStr) -> Result<Option<*mut c_void>, Raised> {
        // SAFETY: (1) this owns them.
        unsafe { call(object, self.function, self.arguments, name) }
    }
}
