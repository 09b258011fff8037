//! As much of Python's C API as this participant needs: arguments, results, a dict, an exception, the module.

use std::ffi::{CString, c_char};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicI64, Ordering};

use interbind::Raised;
use interbind::raw::RawModule;
use pyo3_ffi::*;

/// A new reference, or an exception that is set.
pub type Result<T = *mut PyObject> = std::result::Result<T, Raised>;

/// The positional arguments of a call, and the module whose function it is.
pub struct Args {
    args: *mut PyObject,
    module: *mut PyObject,
}

impl Args {
    /// The argument, borrowed; asking for one too many is an IndexError.
    pub fn object(&self, index: isize) -> Result {
        // SAFETY: attached, as every function of the module is called; a live tuple.
        checked(unsafe { PyTuple_GetItem(self.args, index) })
    }

    /// Arguments that aren't a call's.
    #[allow(dead_code)]
    pub fn of(args: *mut PyObject) -> Self {
        Self { args, module: ptr::null_mut() }
    }

    /// What the module keeps in this interpreter.
    pub fn state<M: RawModule>(&self) -> Result<&M::State> {
        let module = NonNull::new(self.module).ok_or_else(failed)?;
        // SAFETY: attached; Python passes the module, and holds it during the call.
        unsafe { interbind::raw::try_state::<M>(module) }
    }

    /// Whether there is such an argument.
    #[allow(dead_code)]
    pub fn has(&self, index: isize) -> bool {
        // SAFETY: as above.
        index < unsafe { PyTuple_Size(self.args) }
    }

    pub fn text(&self, index: isize) -> Result<&str> {
        let object = self.object(index)?;
        // No text of a case is freed during a call: the tuple holds the `str`, which keeps its UTF-8.
        // SAFETY: attached; a live object, which the tuple holds.
        let bytes = checked(unsafe { PyUnicode_AsUTF8String(object) })?;
        let text = String::from_utf8_lossy(bytes_of(bytes)?).into_owned();
        give_back(bytes);
        Ok(intern(text))
    }

    pub fn bytes(&self, index: isize) -> Result<&[u8]> {
        bytes_of(self.object(index)?)
    }

    pub fn number(&self, index: isize) -> Result<usize> {
        let object = self.object(index)?;
        // SAFETY: attached; a live object, which the tuple holds.
        let number = unsafe { PyLong_AsSize_t(object) };
        if number == usize::MAX && is_raised() { Err(failed()) } else { Ok(number) }
    }

    #[allow(dead_code)]
    pub fn truth(&self, index: isize) -> Result<bool> {
        let object = self.object(index)?;
        // SAFETY: attached; a live object, which the tuple holds.
        let truth = unsafe { PyObject_IsTrue(object) };
        if truth < 0 { Err(failed()) } else { Ok(truth == 1) }
    }
}

/// Words of cases are few: each is kept once.
fn intern(text: String) -> &'static str {
    static WORDS: std::sync::Mutex<Vec<&'static str>> = std::sync::Mutex::new(Vec::new());
    let mut words = WORDS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(known) = words.iter().find(|known| **known == text) {
        return known;
    }
    let word: &'static str = text.leak();
    words.push(word);
    word
}

fn bytes_of<'a>(object: *mut PyObject) -> Result<&'a [u8]> {
    // SAFETY: attached; the callers pass a live object.
    let start = checked(unsafe { PyBytes_AsString(object) })?;
    // SAFETY: as above.
    let len = unsafe { PyBytes_Size(object) };
    // SAFETY: Python says where they are; the caller's object keeps them.
    Ok(unsafe { std::slice::from_raw_parts(start.cast(), len.max(0) as usize) })
}

/// What Python has just raised.
pub fn failed() -> Raised {
    // SAFETY: attached, as every function of the module is called.
    unsafe { Raised::pending() }
}

/// NULL means that an exception is set.
pub fn checked<T>(pointer: *mut T) -> Result<*mut T> {
    if pointer.is_null() { Err(failed()) } else { Ok(pointer) }
}

/// Tells whether an exception is set.
pub fn is_raised() -> bool {
    // SAFETY: attached.
    !unsafe { PyErr_Occurred() }.is_null()
}

/// One more reference.
pub fn again(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: attached; the callers pass a live object.
    unsafe { Py_INCREF(object) };
    object
}

/// Drops a reference.
pub fn give_back(object: *mut PyObject) {
    // SAFETY: attached; the callers own the reference and don't use it again.
    unsafe { Py_DECREF(object) };
}

/// Calls a Python function without arguments.
pub fn call(function: *mut PyObject) -> Result {
    // SAFETY: attached; the callers pass a live object; NULL stands for no arguments.
    checked(unsafe { PyObject_CallObject(function, ptr::null_mut()) })
}

pub fn text(text: &str) -> *mut PyObject {
    // SAFETY: attached; that many bytes are readable.
    unsafe { PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as isize) }
}

pub fn bytes(data: &[u8]) -> *mut PyObject {
    // SAFETY: as above.
    unsafe { PyBytes_FromStringAndSize(data.as_ptr().cast::<c_char>(), data.len() as isize) }
}

pub fn number(number: usize) -> *mut PyObject {
    // SAFETY: attached.
    unsafe { PyLong_FromSize_t(number) }
}

pub fn count(of: &AtomicI64) -> *mut PyObject {
    // SAFETY: attached.
    unsafe { PyLong_FromLongLong(of.load(Ordering::Relaxed)) }
}

pub fn none() -> *mut PyObject {
    // SAFETY: attached; it lives as long as Python.
    again(unsafe { Py_None() })
}

/// A dict in the making.
pub struct Dict(*mut PyObject);

impl Dict {
    pub fn new() -> Self {
        // SAFETY: attached.
        Self(unsafe { PyDict_New() })
    }

    /// Takes over the value.
    pub fn set(&self, name: &str, value: *mut PyObject) {
        let name = text(name);
        // SAFETY: attached; our own dict, a name just made, a value that the caller gives away: no case runs out of
        // memory, so none is NULL.
        unsafe { PyDict_SetItem(self.0, name, value) };
        give_back(name);
        give_back(value);
    }

    pub fn into_ptr(self) -> *mut PyObject {
        self.0
    }
}

/// A ValueError: the case asks for what isn't there.
pub fn usage<T>(what: &str) -> Result<T> {
    // SAFETY: Python set it when it started, and never changes it.
    raise(unsafe { PyExc_ValueError }, None, what)
}

/// A RuntimeError with a reason.
pub fn refuse<T>(reason: &str, message: &str) -> Result<T> {
    // SAFETY: as above.
    raise(unsafe { PyExc_RuntimeError }, Some(reason), message)
}

/// Raises, with a reason if there is one.
pub fn raise<T>(class: *mut PyObject, reason: Option<&str>, message: &str) -> Result<T> {
    let message = CString::new(message.replace('\0', "?")).unwrap_or_default();
    // SAFETY: attached; the callers pass an exception class; a terminated text.
    unsafe { PyErr_SetString(class, message.as_ptr()) };
    if let Some(reason) = reason {
        // SAFETY: attached; an exception is set; its references are fetched, and given back at the end.
        #[allow(deprecated)]
        unsafe {
            let (mut class, mut value, mut trace) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            PyErr_Fetch(&mut class, &mut value, &mut trace);
            PyErr_NormalizeException(&mut class, &mut value, &mut trace);
            let slug = text(reason);
            PyObject_SetAttrString(value, c"interbind_reason".as_ptr(), slug);
            give_back(slug);
            PyErr_Restore(class, value, trace);
        }
    }
    Err(failed())
}

/// Runs a function of the module; nothing unwinds into Python.
pub fn enter(module: *mut PyObject, args: *mut PyObject, body: fn(&Args) -> Result) -> *mut PyObject {
    match std::panic::catch_unwind(|| body(&Args { args, module })) {
        Ok(Ok(object)) => object,
        Ok(Err(_)) => ptr::null_mut(),
        Err(_) => {
            // SAFETY: Python set it when it started, and never changes it.
            let _: Result = raise(unsafe { PyExc_SystemError }, None, "the participant itself panicked");
            ptr::null_mut()
        }
    }
}

/// `entries! { name = path, … }`: the functions that Python calls.
macro_rules! entries {
    ($($(#[$meta:meta])* $function:ident = $path:path),+ $(,)?) => {
        $($(#[$meta])* pub unsafe extern "C" fn $function(
            module: *mut pyo3_ffi::PyObject,
            args: *mut pyo3_ffi::PyObject,
        ) -> *mut pyo3_ffi::PyObject {
            $crate::python::enter(module, args, $path)
        })+
    };
}
pub(crate) use entries;
