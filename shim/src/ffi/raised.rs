//! The proof that a Python exception is set.
//!
//! Nothing but this file makes one, and it looks before it does: so no function of this crate fails without a word, whatever
//! Python forgot to say.

use pyo3_ffi as py;

use super::attached::Attached;

/// A Python exception is set on this thread. Return to Python with the value that means failure, or take the exception.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:failed -->
/// ```
/// /// What Python has just raised.
/// fn failed() -> Raised {
///     // SAFETY: attached, and the function of Python that was called before has failed.
///     unsafe { Raised::pending() }
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a Python exception is set: return to Python, or take it"]
pub struct Raised(());

impl Raised {
    /// Says that the last call of Python failed. Where Python set no exception, a SystemError is set.
    ///
    /// # Safety
    /// 1. The thread is attached.
    pub unsafe fn pending() -> Self {
        // SAFETY: duty 1.
        Self::at(unsafe { Attached::assume() })
    }

    /// As [`pending`](Self::pending), for this crate.
    #[cold]
    #[inline(never)]
    pub(crate) fn at(at: Attached) -> Self {
        if !at.has_raised() {
            // SAFETY: exception classes are initialised before any extension is.
            let class = unsafe { py::PyExc_SystemError };
            let text = c"a function of Python or of another extension failed without setting an exception";
            // SAFETY: `at`: attached; a class that lives as long as Python, a terminated text.
            unsafe { py::PyErr_SetString(class, text.as_ptr()) };
        }
        Self(())
    }
}
