//! `interbind._runtime`: brings the implementation into an interpreter in which no other module has.
//!
//! Imported by `interbind_import` of a module that has headers alone, in each interpreter anew. It has no functions: when it
//! was executed, the core and its services are there, and stay whatever becomes of the module.

use std::ffi::{CStr, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, addr_of_mut};
use std::sync::Once;

use interbind::__private::{COMPILER, PLATFORM, VERSION};
use interbind::abi::Str;
use interbind::abi::owner::{OWNER, OwnerRecord};
use pyo3_ffi::{
    Py_GetVersion, Py_mod_exec, PyErr_SetString, PyExc_SystemError, PyModuleDef, PyModuleDef_HEAD_INIT,
    PyModuleDef_Init, PyModuleDef_Slot, PyObject,
};

/// Who this module is. Its file is empty: whoever names it looks into `sys.modules`.
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
unsafe extern "C" fn execute(_module: *mut PyObject) -> c_int {
    // Unwind safety: nothing of what a panic leaves half-done is looked at afterwards.
    let provided = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: (1) Python executes modules attached; (2) a static.
        unsafe { interbind::provide(&RUNTIME) }
    }));
    match provided {
        Ok(Ok(_)) => 0,
        Ok(Err(interbind::Raised)) => -1,
        Err(payload) => {
            // A payload's destructor may panic again.
            std::mem::forget(payload);
            // SAFETY: classes of exceptions are initialised before any module is.
            let class = unsafe { PyExc_SystemError };
            // SAFETY: attached, a static text.
            unsafe { PyErr_SetString(class, c"interbind._runtime panicked".as_ptr()) };
            -1
        }
    }
}

/// Room for the module's function, two tags that depend on the running Python, and the end.
static mut SLOTS: [PyModuleDef_Slot; 4] = [
    PyModuleDef_Slot { slot: Py_mod_exec, value: execute as *mut c_void },
    PyModuleDef_Slot { slot: 0, value: ptr::null_mut() },
    PyModuleDef_Slot { slot: 0, value: ptr::null_mut() },
    PyModuleDef_Slot { slot: 0, value: ptr::null_mut() },
];

static mut DEFINITION: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"_runtime".as_ptr(),
    m_doc: c"The implementation of interbind for extensions that have its headers alone.".as_ptr(),
    m_size: 0,
    m_methods: ptr::null_mut(),
    m_slots: addr_of_mut!(SLOTS).cast(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// `Py_mod_multiple_interpreters` and `Py_mod_gil`, as every version from 3.12 and 3.13 on reads them in a limited build;
/// each with the value 2 or 1 for "every interpreter" and "not used".
const TAGS: [(u32, c_int, usize); 2] = [(12, 3, 2), (13, 4, 1)];

/// Says which interpreters will do, to a Python that asks.
fn tag() {
    // SAFETY: callable at any time; a static text.
    let version = unsafe { Py_GetVersion() };
    // SAFETY: as above.
    let version = unsafe { CStr::from_ptr(version) }.to_str().unwrap_or("");
    let minor: u32 = version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
    let known = TAGS.iter().filter(|(since, ..)| minor >= *since);
    for (place, (_, slot, value)) in known.enumerate() {
        let tag = PyModuleDef_Slot { slot: *slot, value: ptr::without_provenance_mut(*value) };
        let first = addr_of_mut!(SLOTS).cast::<PyModuleDef_Slot>();
        // SAFETY: inside the array, which has room for all tags and the end.
        let place = unsafe { first.add(place + 1) };
        // SAFETY: as above; nobody reads it before this is done.
        unsafe { place.write(tag) };
    }
}

/// Python's entry point.
///
/// # Safety
/// 1. Called by Python, attached.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name that Python looks for")]
pub unsafe extern "C" fn PyInit__runtime() -> *mut PyObject {
    static TAGGED: Once = Once::new();
    // Interpreters with GILs of their own may come here at the same time.
    TAGGED.call_once(tag);
    let definition = addr_of_mut!(DEFINITION);
    // SAFETY: duty 1; the definition is a static.
    unsafe { PyModuleDef_Init(definition) }
}
