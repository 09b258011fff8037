//! The Python that runs, as it says itself, and whether it is about to end.

use core::ffi::CStr;

use pyo3_ffi as py;

use super::attached::Attached;
use super::error::clear;
use super::strong::sys;
use interbind_abi::platform::Host;

/// Asks the running Python for what a build must match.
pub(crate) fn running(at: Attached) -> Host {
    // SAFETY: a static text in every Python.
    let text = unsafe { CStr::from_ptr(py::Py_GetVersion()) }.to_string_lossy().into_owned();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let name = sys(at, c"implementation").and_then(|found| found.attribute(at, c"name").ok());
    let python = name.and_then(|name| name.to_text(at)).unwrap_or_else(|| "unknown".to_owned());
    let refs = sys(at, c"getobjects").is_some();
    clear(at);
    Host { python, version, gil: !text.contains("free-threading"), refs }
}

/// Tells whether the interpreter is past the point where new state may be made.
///
/// CPython clears `sys.meta_path` before it takes an interpreter apart, in every version and for sub-interpreters too.
pub(crate) fn is_ending(at: Attached) -> bool {
    let Some(path) = sys(at, c"meta_path") else { return true };
    // SAFETY: the address of a constant.
    path.as_ptr() == unsafe { py::Py_None() }
}
