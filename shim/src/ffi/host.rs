//! The Python that runs, as it says itself, and whether it is about to end.

use core::ffi::CStr;
use core::sync::atomic::{AtomicU32, Ordering};

use pyo3_ffi as py;

use super::attached::Attached;
use super::error;
use super::raised::Raised;
use super::strong::{Strong, sys};
use crate::text::Text;
use interbind_abi::diff::Sink;
use interbind_abi::platform::{Host, against_host, numbers};
use interbind_abi::text::cut;

/// Holds a build's platform text against the running Python; `sink` is told what differs.
///
/// # Errors
/// MemoryError: Python can't say what it is.
#[inline(never)]
pub(crate) fn compare(at: Attached, build: &str, sink: Sink<'_>) -> Result<(), Raised> {
    // SAFETY: callable at any time.
    let version = unsafe { py::Py_GetVersion() };
    // SAFETY: a static text in every Python.
    let version = unsafe { CStr::from_ptr(version) }.to_str().unwrap_or("");
    let name = sys(at, c"implementation").and_then(|found| found.attribute(at, "name").ok());
    let python = name.and_then(|name| name.to_text(at)).unwrap_or_default();
    if python.is_lost() || error::is_memory_error(at) {
        return Err(error::no_memory(at));
    }
    let refs = sys(at, c"getobjects").is_some();
    at.clear();
    let gil = cut(version, "free-threading").is_none();
    against_host(build, &Host { python: &python, version, gil, refs }, sink);
    Ok(())
}

/// Returns the file of a module that has been imported.
#[inline(never)]
pub(crate) fn file_of(at: Attached, module: &str) -> Option<Text> {
    let (modules, name) = (sys(at, c"modules")?, Strong::text(at, module).ok());
    let found = name.and_then(|name| {
        // SAFETY: attached, any object and a `str`; borrowed, or NULL with or without an exception.
        let found = unsafe { py::PyDict_GetItemWithError(modules.as_ptr(), name.as_ptr()) };
        // SAFETY: the dict holds it and nothing ran in between.
        (!found.is_null()).then(|| unsafe { Strong::from_borrowed(at, found) })
    });
    let file = found.and_then(|found| found.attribute(at, "__file__").ok()?.to_text(at));
    at.clear();
    file
}

/// Imports a module.
#[cfg(any(not(feature = "static"), interbind_records))]
pub(crate) fn import(at: Attached, name: &CStr) -> Result<Strong, Raised> {
    let name = Strong::text(at, name.to_str().unwrap_or(""))?;
    // SAFETY: attached, a `str`.
    let module = unsafe { py::PyImport_Import(name.as_ptr()) };
    // SAFETY: a new reference or NULL with an exception.
    unsafe { Strong::from_new(at, module) }
}

/// The running Python's major and minor version; may be asked on any thread.
///
/// Python is asked once, by whoever is first: that is the import of a module, which is attached. Before 3.12 each call writes the
/// text anew, beginning with its end, so that another thread would read nothing.
pub(crate) fn running() -> (u32, u32) {
    static KNOWN: AtomicU32 = AtomicU32::new(0);
    let known = KNOWN.load(Ordering::Relaxed);
    if known != 0 {
        return (known >> 16, known & 0xffff);
    }
    // SAFETY: callable at any time.
    let text = unsafe { py::Py_GetVersion() };
    // SAFETY: a static text in every Python.
    let (major, minor) = numbers(unsafe { CStr::from_ptr(text) }.to_str().unwrap_or(""));
    KNOWN.store(major << 16 | minor & 0xffff, Ordering::Relaxed);
    (major, minor)
}

/// Tells whether the current interpreter is the main one.
pub(crate) fn is_main(at: Attached) -> bool {
    at.number() == 0
}

/// Tells whether the interpreter is past the point where new state may be made.
///
/// CPython clears `sys.meta_path` before it takes an interpreter apart, in every version and for sub-interpreters too.
pub(crate) fn is_ending(at: Attached) -> bool {
    let Some(path) = sys(at, c"meta_path") else { return true };
    // SAFETY: the address of a constant.
    path.as_ptr() == unsafe { py::Py_None() }
}
