//! What is done about exceptions of some kinds.

use pyo3_ffi as ffi;

use super::modules::import;
use super::object::{Object, Owned};
use super::raised::Raised;

impl Raised {
    /// Tells whether it is an error in what was run, which leaves the interpreter as able as before: an `Exception`, but neither
    /// out of memory nor out of stack.
    pub(crate) fn is_exception(&self) -> bool {
        // SAFETY: Python's own.
        let all = unsafe { ffi::PyExc_Exception };
        // SAFETY: the same.
        let memory = unsafe { ffi::PyExc_MemoryError };
        // SAFETY: the same.
        let depth = unsafe { ffi::PyExc_RecursionError };
        let is = |class| {
            // SAFETY: they live as long as the interpreter.
            self.is_a(unsafe { Object::from_ptr(class) })
        };
        is(all) && !is(memory) && !is(depth)
    }

    /// Where the recursion went too deep, `PicklingError` because of it; else the exception itself.
    pub(crate) fn or_too_deep(self) -> Self {
        // SAFETY: Python's own.
        let class = unsafe { ffi::PyExc_RecursionError };
        // SAFETY: it lives as long as the interpreter.
        if !self.is_a(unsafe { Object::from_ptr(class) }) {
            return self;
        }
        let Some(cause) = self.take() else { return Self::system("an exception vanished") };
        let made = import(c"_pickle")
            .and_then(|module| module.get(&*super::builtin::interned("PicklingError")?))
            .and_then(|class| {
                let text = "Could not pickle object as excessively deep recursion required.";
                class.call(&[&*super::builtin::text(text)?])
            });
        match made {
            Ok(error) => {
                let reference = cause.into_ptr();
                // SAFETY: an exception that was just made, and one whose reference is given away.
                unsafe { ffi::PyException_SetCause(error.ptr(), reference) };
                raise(&error)
            }
            Err(raised) => raised,
        }
    }
}

/// Raises an exception that there is.
fn raise(error: &Owned) -> Raised {
    Raised::restore(error.clone())
}
