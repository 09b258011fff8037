//! `interbind._runtime`: brings the implementation into an interpreter in which no other module has.
//!
//! Imported by `interbind_import` of a module that has headers alone, in each interpreter anew. When it was executed, the core
//! and its services are there, and stay whatever becomes of the module. Its functions are the `interbind` command, for the
//! package around it; nothing of them is prepared at the import. A build without the feature `command` has none.

#[cfg(feature = "command")]
mod command;

use std::ptr::NonNull;

use interbind::__private::{COMPILER, PLATFORM, VERSION};
use interbind::Raised;
use interbind::abi::Str;
use interbind::abi::owner::{OWNER, OwnerRecord};
#[cfg(feature = "command")]
use command::{_document, _run};
use pyo3_ffi::PyObject;

interbind::raw_module! {
    name = "interbind._runtime",
    doc = "The implementation of interbind for extensions that have its headers alone.",
    interpreters = per_interpreter_gil,
    gil_used = false,
    // It shares nothing itself.
    bind = on_first_use,
    methods = [
        #[cfg(feature = "command")]
        _run: O "Do what a command line says, a tuple of words; its exit code.",
        #[cfg(feature = "command")]
        _document: O "The JSON that the same words print with --json.",
    ],
    exec = execute,
}

/// Who makes what it brings. Its file is empty: whoever names it looks into `sys.modules`.
static RUNTIME: OwnerRecord = OwnerRecord {
    header: OWNER.header::<OwnerRecord>(),
    name: Str::new("interbind._runtime"),
    version: Str::new(env!("CARGO_PKG_VERSION")),
    file: Str::new(""),
    platform: Str::new(PLATFORM),
    interbind: Str::new(VERSION),
    compiler: Str::new(COMPILER),
};

/// Brings core and services into the interpreter that imports the module.
unsafe fn execute(_module: NonNull<PyObject>) -> Result<(), Raised> {
    // SAFETY: (1) Python executes modules attached; (2) a static.
    unsafe { interbind::provide(&RUNTIME) }.map(|_| ())
}
