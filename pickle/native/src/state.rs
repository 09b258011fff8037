//! What one module holds: the types and names of both engines, for one interpreter. Made when the module starts, freed with
//! it; between `clear` and `free` it is gone, so whoever asks for it gets an error instead of an empty shell.

use core::ffi::{c_int, c_void};

use pyo3_ffi as ffi;

use crate::python::{Object, Raised, Result, Visit};
use crate::{DEFINITION, dropin, writer};

/// What the module holds for each engine.
pub(crate) struct State {
    /// The writer's.
    pub(crate) writer: writer::Held,
    /// The drop-in's.
    pub(crate) dropin: dropin::Held,
}

/// The module's memory, as Python gives it: zeroed, so nothing.
pub(crate) struct Slot(*mut State);

/// Puts the state into a module that has none yet.
pub(crate) fn put(module: &Object, state: State) -> Result<()> {
    let slot = slot(module).ok_or_else(|| Raised::system("interbind._pickle has no memory of its own"))?;
    // SAFETY: `slot` is the module's own memory, which nothing else writes while `exec` runs.
    let old = unsafe { core::mem::replace(&mut *slot, Slot(Box::into_raw(Box::new(state)))) };
    drop_state(old);
    Ok(())
}

/// The state of a module.
pub(crate) fn of(module: &Object) -> Result<&State> {
    let gone = || Raised::runtime("interbind._pickle has been cleared: its interpreter is ending");
    let slot = slot(module).ok_or_else(gone)?;
    // SAFETY: the module's memory lives as long as the module.
    let state = unsafe { (*slot).0 };
    // SAFETY: NULL, or made by `put`; freed with the module, which the caller's reference keeps.
    unsafe { state.as_ref() }.ok_or_else(gone)
}

/// The state behind a type that this module made, or behind a class that inherits from one.
pub(crate) fn of_type(ty: &Object) -> Result<&State> {
    let mut at = ty.ptr().cast::<ffi::PyTypeObject>();
    while !at.is_null() {
        // SAFETY: `at` is a live type: the caller's, or a base of a live one.
        let heap = unsafe { ffi::PyType_HasFeature(at, ffi::Py_TPFLAGS_HEAPTYPE) } != 0;
        if heap {
            // SAFETY: `at` is a heap type; the module is borrowed from it.
            let module = unsafe { ffi::PyType_GetModule(at) };
            if module.is_null() {
                Raised::forget();
            // SAFETY: a type's module is an object that the type keeps.
            } else if unsafe { ffi::PyModule_Check(module) } != 0 {
                // SAFETY: it is a module, as was just asked.
                if unsafe { ffi::PyModule_GetDef(module) } == DEFINITION.as_ptr() {
                    // SAFETY: the type keeps its module, and the caller's reference keeps the type.
                    return of(unsafe { Object::from_ptr(module) });
                }
            }
        }
        // SAFETY: `at` is a live type.
        at = unsafe { (*at).tp_base };
    }
    Err(Raised::system("not a type of interbind._pickle"))
}

fn slot(module: &Object) -> Option<*mut Slot> {
    // SAFETY: the caller's reference keeps the module.
    let slot = unsafe { ffi::PyModule_GetState(module.ptr()) }.cast::<Slot>();
    (!slot.is_null()).then_some(slot)
}

fn drop_state(slot: Slot) {
    if !slot.0.is_null() {
        // SAFETY: made by `Box::into_raw` in `put`, and taken out of the module's memory by the caller.
        drop(unsafe { Box::from_raw(slot.0) });
    }
}

/// Shows Python's collector what the module holds.
pub(crate) unsafe extern "C" fn traverse(
    module: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the collector passes a live module, without calling Python.
    let slot = unsafe { ffi::PyModule_GetState(module) }.cast::<Slot>();
    if slot.is_null() {
        return 0;
    }
    // SAFETY: the module's memory lives as long as the module.
    let state = unsafe { (*slot).0 };
    // SAFETY: NULL, or made by `put`.
    let Some(state) = (unsafe { state.as_ref() }) else { return 0 };
    let mut visit = Visit::new(visit, argument);
    state.writer.visit(&mut visit);
    state.dropin.visit(&mut visit);
    visit.result()
}

/// Lets go of everything that the module holds, while objects may still ask for it.
pub(crate) unsafe extern "C" fn clear(module: *mut ffi::PyObject) -> c_int {
    // SAFETY: Python passes a live module.
    let slot = unsafe { ffi::PyModule_GetState(module) }.cast::<Slot>();
    if !slot.is_null() {
        // SAFETY: the module's memory; what it held is dropped only after it is out of it.
        let old = unsafe { core::mem::replace(&mut *slot, Slot(core::ptr::null_mut())) };
        drop_state(old);
    }
    0
}

/// The end of the module.
pub(crate) unsafe extern "C" fn free(module: *mut c_void) {
    // SAFETY: Python passes the module, whose memory still stands.
    unsafe { clear(module.cast()) };
}
