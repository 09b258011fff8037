//! As much of Python's C API as this participant needs: arguments, results, a dict, an exception, the module.

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::atomic::{AtomicI64, Ordering};

use interbind::Raised;
use pyo3_ffi::*;

/// A new reference, or an exception that is set.
pub type Result<T = *mut PyObject> = std::result::Result<T, Raised>;

/// The positional arguments of a call.
pub struct Args(pub *mut PyObject);

impl Args {
    /// The argument, borrowed; asking for one too many is an IndexError.
    pub fn object(&self, index: isize) -> Result {
        // SAFETY: attached, as every function of the module is called; a live tuple.
        checked(unsafe { PyTuple_GetItem(self.0, index) })
    }

    /// Whether there is such an argument.
    #[allow(dead_code)]
    pub fn has(&self, index: isize) -> bool {
        // SAFETY: as above.
        index < unsafe { PyTuple_Size(self.0) }
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
        if number == usize::MAX && is_raised() { Err(Raised) } else { Ok(number) }
    }

    #[allow(dead_code)]
    pub fn truth(&self, index: isize) -> Result<bool> {
        let object = self.object(index)?;
        // SAFETY: attached; a live object, which the tuple holds.
        Ok(unsafe { PyObject_IsTrue(object) } == 1)
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

/// NULL means that an exception is set.
pub fn checked<T>(pointer: *mut T) -> Result<*mut T> {
    if pointer.is_null() { Err(Raised) } else { Ok(pointer) }
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
    Err(Raised)
}

/// Runs a function of the module; nothing unwinds into Python.
pub fn enter(args: *mut PyObject, body: fn(&Args) -> Result) -> *mut PyObject {
    match std::panic::catch_unwind(|| body(&Args(args))) {
        Ok(Ok(object)) => object,
        Ok(Err(Raised)) => ptr::null_mut(),
        Err(_) => {
            // SAFETY: Python set it when it started, and never changes it.
            let _: Result = raise(unsafe { PyExc_SystemError }, None, "the participant itself panicked");
            ptr::null_mut()
        }
    }
}

/// A static that Python writes under its own rules.
pub struct Static<T>(pub std::cell::UnsafeCell<T>);
// SAFETY: only Python and the module's entry point touch it, and that never runs twice at once.
unsafe impl<T> Sync for Static<T> {}

pub const fn method(name: &'static CStr, function: PyCFunction) -> PyMethodDef {
    PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: function },
        ml_flags: METH_VARARGS,
        ml_doc: ptr::null(),
    }
}

/// `module! { PyInit_x c"x" |module| exec; name = path, … }`
macro_rules! module {
    ($init:ident $name:literal |$module:ident| $exec:expr; $($(#[$meta:meta])* $function:ident = $path:path),+ $(,)?) => {
        mod entry {
            $($(#[$meta])* pub unsafe extern "C" fn $function(
                _: *mut pyo3_ffi::PyObject,
                args: *mut pyo3_ffi::PyObject,
            ) -> *mut pyo3_ffi::PyObject {
                $crate::python::enter(args, $path)
            })+
        }

        unsafe extern "C" fn exec($module: *mut pyo3_ffi::PyObject) -> std::ffi::c_int {
            std::panic::set_hook(Box::new(|_| {}));
            let done: $crate::python::Result<()> = $exec;
            if done.is_ok() { 0 } else { -1 }
        }

        /// Python's entry point.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub unsafe extern "C" fn $init() -> *mut pyo3_ffi::PyObject {
            use pyo3_ffi::*;
            use $crate::python::{Static, method};
            // Made once and leaked: Python keeps them for ever.
            let mut methods: Vec<PyMethodDef> = Vec::new();
            $($(#[$meta])* methods.push(method(
                const { match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($function), "\0").as_bytes()) {
                    Ok(name) => name,
                    Err(_) => c"?",
                } },
                entry::$function,
            ));)+
            methods.push(PyMethodDef::zeroed());
            let slots = vec![
                PyModuleDef_Slot { slot: Py_mod_exec, value: exec as *mut std::ffi::c_void },
                // Free-threaded hosts want to be told that the module needs no GIL.
                #[cfg(free_threaded)]
                PyModuleDef_Slot { slot: Py_mod_gil, value: Py_MOD_GIL_NOT_USED },
                PyModuleDef_Slot { slot: 0, value: std::ptr::null_mut() },
            ];
            static DEFINITION: Static<PyModuleDef> = Static(std::cell::UnsafeCell::new(PyModuleDef {
                m_base: PyModuleDef_HEAD_INIT,
                m_name: $name.as_ptr(),
                m_doc: std::ptr::null(),
                m_size: 0,
                m_methods: std::ptr::null_mut(),
                m_slots: std::ptr::null_mut(),
                m_traverse: None,
                m_clear: None,
                m_free: None,
            }));
            let definition = DEFINITION.0.get();
            // SAFETY: Python calls this attached, and never twice at once.
            unsafe {
                if (*definition).m_methods.is_null() {
                    (*definition).m_methods = methods.leak().as_mut_ptr();
                    (*definition).m_slots = slots.leak().as_mut_ptr();
                }
                PyModuleDef_Init(definition)
            }
        }
    };
}
pub(crate) use module;
