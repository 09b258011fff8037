//! `interbind._runtime`: brings the implementation into an interpreter in which no other module has.
//!
//! Imported by a module that has C headers alone or was built without the feature `static`, in each interpreter anew. When it
//! was executed, the core, its services and the [`RUNTIME`] are there, and stay whatever becomes of the module. Its functions are the `interbind` command, for the
//! package around it; nothing of them is prepared at the import. A build without the feature `command` has none.

#[cfg(feature = "command")]
mod command;
mod view;

use std::ptr::NonNull;

#[cfg(feature = "command")]
use command::{_document, _run};
use interbind::__private::{COMPILER, PLATFORM, VERSION};
use interbind::Raised;
use interbind::abi::Str;
use interbind::abi::owner::{OWNER, OwnerRecord};
use interbind::abi::runtime::Runtime;
use pyo3_ffi::PyObject;
use view::{_bridge, _view};

interbind::raw_module! {
    name = "interbind._runtime",
    doc = "The implementation of interbind for extensions that have its headers alone.",
    interpreters = per_interpreter_gil,
    gil_used = false,
    // It shares nothing itself.
    bind = on_first_use,
    methods = [
        _bridge: O "Has pybind11 3.1 take objects of a class of an older pybind11.",
        _view: VARARGS "A nanobind object that refers to the data of another module's object.",
        #[cfg(feature = "command")]
        _run: O "Do what a command line says, a tuple of words; its exit code.",
        #[cfg(feature = "command")]
        _document: O "The JSON that the same words print with --json.",
    ],
    exec = execute,
}

// ANCHOR: runtime
/// Who makes what it brings. Its file is empty: whoever names it looks into `sys.modules`.
static OWNER_RECORD: OwnerRecord = OwnerRecord {
    header: OWNER.header::<OwnerRecord>(),
    name: Str::new("interbind._runtime"),
    version: Str::new(env!("CARGO_PKG_VERSION")),
    file: Str::new(""),
    platform: Str::new(PLATFORM),
    interbind: Str::new(VERSION),
    compiler: Str::new(COMPILER),
};

/// The implementation as a table, for modules in Rust that carry none.
static RUNTIME: Runtime = interbind::runtime(&OWNER_RECORD);

/// Brings core, services and the table into the interpreter that imports the module.
unsafe fn execute(_module: NonNull<PyObject>) -> Result<(), Raised> {
    // SAFETY: Python executes modules attached.
    unsafe { interbind::serve(&RUNTIME) }
}
// ANCHOR_END: runtime
