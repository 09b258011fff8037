//! Python exceptions: setting one with a reason, taking one, dropping one.

use core::ffi::CStr;
use core::ptr::NonNull;

use pyo3_ffi as py;

use super::PyObject;
use super::attached::Attached;
use super::raised::Raised;
use super::strong::Strong;
use crate::text::Text;
use interbind_abi::keys;
use interbind_abi::runtime::{IMPORT_ERROR, RUNTIME_ERROR, TYPE_ERROR};

/// Which class of exception is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Class {
    /// While a module is imported.
    Import = IMPORT_ERROR,
    /// An object or type that doesn't fit.
    Type = TYPE_ERROR,
    /// A state that excludes the operation now.
    Runtime = RUNTIME_ERROR,
}

impl Class {
    fn object(self) -> *mut PyObject {
        // SAFETY (all three): exception classes are initialised before any extension is, and never replaced.
        match self {
            // SAFETY: as above.
            Self::Import => unsafe { py::PyExc_ImportError },
            // SAFETY: as above.
            Self::Type => unsafe { py::PyExc_TypeError },
            // SAFETY: as above.
            Self::Runtime => unsafe { py::PyExc_RuntimeError },
        }
    }
}

/// Raises an exception that carries its reason's slug as `interbind_reason`.
pub(crate) fn raise(at: Attached, class: Class, reason: &str, text: &str, cause: Option<Strong>) -> Raised {
    // Without memory for the exception, Python has set a MemoryError: that one is raised then.
    let exception = match build(at, class, reason, text) {
        Ok(exception) => exception,
        Err(raised) => return raised,
    };
    // A caller can give any object as the cause.
    // SAFETY: attached, a live object.
    if let Some(cause) = cause.filter(|cause| unsafe { py::PyExceptionInstance_Check(cause.as_ptr()) } != 0) {
        // SAFETY: attached; both are exceptions; the cause's reference is given away.
        unsafe { py::PyException_SetCause(exception.as_ptr(), cause.into_ptr()) };
    }
    // SAFETY: attached; an exception class and an instance of it.
    unsafe { py::PyErr_SetObject(class.object(), exception.as_ptr()) };
    Raised::at(at)
}

fn build(at: Attached, class: Class, reason: &str, text: &str) -> Result<Strong, Raised> {
    // SAFETY: exception classes live as long as the interpreter.
    let class = unsafe { Strong::from_borrowed(at, class.object()) };
    let exception = class.call1(at, &Strong::text(at, text)?)?;
    set_attribute(at, &exception, keys::REASON_ATTRIBUTE, &Strong::text(at, reason)?)?;
    Ok(exception)
}

fn set_attribute(at: Attached, object: &Strong, name: &CStr, value: &Strong) -> Result<(), Raised> {
    // SAFETY: attached, live objects, terminated name.
    let status = unsafe { py::PyObject_SetAttrString(object.as_ptr(), name.as_ptr(), value.as_ptr()) };
    if status == 0 { Ok(()) } else { Err(Raised::at(at)) }
}

/// The slug that an exception carries as its reason.
pub(crate) fn reason_of(at: Attached, exception: &Strong) -> Option<Text> {
    let name = keys::REASON_ATTRIBUTE.to_str().unwrap_or_default();
    let found = exception.attribute(at, name);
    at.clear();
    found.ok()?.to_text(at)
}

/// Raises an exception with nothing but a text.
pub(crate) fn say(at: Attached, class: Class, text: &str) -> Raised {
    if let Ok(text) = Strong::text(at, text) {
        // SAFETY: attached; an exception class and an object.
        unsafe { py::PyErr_SetObject(class.object(), text.as_ptr()) };
    }
    Raised::at(at)
}

/// Raises an exception of a class of ours with a text of Python's.
#[cfg(interbind_records)]
pub(crate) fn say_text(at: Attached, class: Class, text: &Strong) -> Raised {
    // SAFETY: attached; an exception class and an object.
    unsafe { py::PyErr_SetObject(class.object(), text.as_ptr()) };
    Raised::at(at)
}

/// Raises an exception of any class with a text of Python's.
#[cfg(interbind_records)]
pub(crate) fn raise_of(at: Attached, class: &Strong, text: &Strong) -> Raised {
    // SAFETY: attached; any object and a text: what is no exception class is a SystemError.
    unsafe { py::PyErr_SetObject(class.as_ptr(), text.as_ptr()) };
    Raised::at(at)
}

/// Raises an AttributeError.
#[cfg(interbind_records)]
pub(crate) fn no_attribute(at: Attached, text: &str) -> Raised {
    if let Ok(text) = Strong::text(at, text) {
        // SAFETY: a class that lives as long as Python.
        let class = unsafe { py::PyExc_AttributeError };
        // SAFETY: attached; an exception class and an object.
        unsafe { py::PyErr_SetObject(class, text.as_ptr()) };
    }
    Raised::at(at)
}

/// Tells whether the exception that is set is a KeyError.
#[cfg(interbind_records)]
pub(crate) fn is_key_error(_at: Attached) -> bool {
    // SAFETY: a class that lives as long as Python.
    let class = unsafe { py::PyExc_KeyError };
    // SAFETY: attached.
    (unsafe { py::PyErr_ExceptionMatches(class) }) != 0
}

/// Tells whether the exception that is set says that a value has no text: not that memory ran out, and of a literal not that the stack
/// did.
#[cfg(interbind_records)]
pub(crate) fn says_no_text(_at: Attached, is_literal: bool) -> bool {
    // SAFETY: a class that lives as long as Python.
    let any = unsafe { py::PyExc_Exception };
    // SAFETY: as above.
    let value = unsafe { py::PyExc_ValueError };
    // SAFETY: as above.
    let memory = unsafe { py::PyExc_MemoryError };
    // SAFETY: attached.
    let is_it = unsafe { py::PyErr_ExceptionMatches(if is_literal { value } else { any }) };
    // SAFETY: as above.
    is_it != 0 && (unsafe { py::PyErr_ExceptionMatches(memory) }) == 0
}

/// Tells `sys.unraisablehook` of a panic where nobody can be told otherwise; what is set stays set.
#[cold]
#[inline(never)]
pub(crate) fn report_panic(at: Attached, message: &str) {
    let before = take(at);
    let mut text = Text::of("the extension's code panicked: ");
    text.push(&[message]);
    let _ = if text.is_lost() { no_memory(at) } else { say(at, Class::Runtime, &text) };
    // SAFETY: attached, an exception is set; nobody is named.
    unsafe { py::PyErr_WriteUnraisable(core::ptr::null_mut()) };
    if let Some(before) = before {
        let _ = restore(at, before);
    }
}

/// Tells whether a TypeError is set.
pub(crate) fn is_type_error(_at: Attached) -> bool {
    // SAFETY: attached; a class that lives as long as Python.
    (unsafe { py::PyErr_ExceptionMatches(Class::Type.object()) }) != 0
}

/// Tells whether an AttributeError is set.
pub(crate) fn is_attribute_error(_at: Attached) -> bool {
    // SAFETY: a class that lives as long as Python.
    let class = unsafe { py::PyExc_AttributeError };
    // SAFETY: attached.
    (unsafe { py::PyErr_ExceptionMatches(class) }) != 0
}

/// Tells whether a MemoryError is set.
pub(crate) fn is_memory_error(at: Attached) -> bool {
    // SAFETY: a class that lives as long as Python.
    let class = unsafe { py::PyExc_MemoryError };
    // SAFETY: attached.
    at.has_raised() && (unsafe { py::PyErr_ExceptionMatches(class) }) != 0
}

/// Raises a MemoryError.
pub(crate) fn no_memory(at: Attached) -> Raised {
    // SAFETY: attached.
    unsafe { py::PyErr_NoMemory() };
    Raised::at(at)
}

/// Takes the exception that is set, normalised and with its traceback.
#[cfg(interbind_raised)]
pub(crate) fn take(at: Attached) -> Option<Strong> {
    // SAFETY: attached.
    let raised = NonNull::new(unsafe { py::PyErr_GetRaisedException() })?;
    // SAFETY: a new reference.
    Some(unsafe { Strong::owned(at, raised) })
}

/// Takes the exception that is set, normalised and with its traceback.
#[cfg(not(interbind_raised))]
#[allow(
    deprecated,
    reason = "the replacement came with 3.12; this is the only way under the limited API of 3.9"
)]
pub(crate) fn take(at: Attached) -> Option<Strong> {
    let (mut class, mut value, mut trace) =
        (core::ptr::null_mut(), core::ptr::null_mut(), core::ptr::null_mut());
    // SAFETY: attached; three places to write.
    unsafe { py::PyErr_Fetch(&mut class, &mut value, &mut trace) };
    if class.is_null() {
        return None;
    }
    // SAFETY: as fetched.
    unsafe { py::PyErr_NormalizeException(&mut class, &mut value, &mut trace) };
    if !trace.is_null() && !value.is_null() {
        // SAFETY: an exception and a traceback.
        unsafe { py::PyException_SetTraceback(value, trace) };
    }
    for owned in [class, trace] {
        // SAFETY: owned by us since the fetch; NULL is allowed.
        unsafe { py::Py_XDECREF(owned) };
    }
    // SAFETY: owned by us since the fetch.
    NonNull::new(value).map(|value| unsafe { Strong::owned(at, value) })
}

/// Sets an exception that was taken.
pub(crate) fn restore(at: Attached, exception: Strong) -> Raised {
    // SAFETY: attached, live exception.
    let class = unsafe { py::Py_TYPE(exception.as_ptr()) };
    // SAFETY: an exception class and an instance of it.
    unsafe { py::PyErr_SetObject(class.cast(), exception.as_ptr()) };
    Raised::at(at)
}
