//! The proof that this thread may call Python, and the question which interpreter it is in.

use core::marker::PhantomData;

/// This thread is attached to an interpreter, for as long as the value lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attached(PhantomData<*mut ()>);

impl Attached {
    /// # Safety
    /// 1. The thread is attached, and stays so as long as the value or a copy of it is used.
    pub(crate) unsafe fn assume() -> Self {
        Self(PhantomData)
    }

    /// Returns the interpreter's address: different for any two interpreters that live at the same time.
    ///
    /// 0 on PyPy, which has one.
    #[cfg(not(interbind_pypy))]
    pub(crate) fn interpreter(self) -> usize {
        // SAFETY: `self`: the thread is attached, so there is a current interpreter.
        unsafe { pyo3_ffi::PyInterpreterState_Get() as usize }
    }

    /// Returns the interpreter's address: 0 on PyPy, which has one.
    #[cfg(interbind_pypy)]
    pub(crate) fn interpreter(self) -> usize {
        0
    }
}
