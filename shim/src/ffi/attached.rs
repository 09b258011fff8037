//! What is true of this thread: that it may call Python, in which interpreter, and whether an exception is set.

use core::marker::PhantomData;

/// This thread is attached to an interpreter during `'py`.
///
/// Made where Python calls in, and passed on from there: what needs it says so in its signature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attached<'py>(PhantomData<(&'py (), *mut ())>);

impl Attached<'_> {
    /// # Safety
    /// 1. The thread is attached, and stays so during the lifetime that the caller chooses.
    pub(crate) unsafe fn assume() -> Self {
        Self(PhantomData)
    }

    /// The proof, if this thread is attached; may be asked anywhere, also when Python doesn't run.
    ///
    /// `PyGILState_Check` would do, but knows one interpreter only.
    #[cfg(not(interbind_pypy))]
    pub(crate) fn current() -> Option<Self> {
        // A build for 3.12 or newer links names that an older Python does not have.
        #[cfg(not(interbind_raised))]
        if let (3, minor @ ..12) = super::host::running() {
            return super::before_3_12::is_attached(minor).then_some(Self(PhantomData));
        }
        // SAFETY: callable without a thread state: that is what its NULL says.
        let dict = unsafe { pyo3_ffi::PyThreadState_GetDict() };
        (!dict.is_null()).then_some(Self(PhantomData))
    }

    /// The proof, if this thread is attached; PyPy doesn't tell.
    #[cfg(interbind_pypy)]
    pub(crate) fn current() -> Option<Self> {
        None
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

    /// Returns the interpreter's number, counted from 0: no other interpreter has it, ever, until Python is initialised anew.
    #[cfg(not(interbind_pypy))]
    pub(crate) fn number(self) -> u64 {
        // SAFETY: `self`: the thread is attached, so there is a current interpreter.
        let interpreter = unsafe { pyo3_ffi::PyInterpreterState_Get() };
        // SAFETY: as above.
        (unsafe { pyo3_ffi::PyInterpreterState_GetID(interpreter) }) as u64
    }

    /// Returns the interpreter's number: PyPy has one.
    #[cfg(interbind_pypy)]
    pub(crate) fn number(self) -> u64 {
        0
    }

    /// Drops the exception that is set, if any.
    pub(crate) fn clear(self) {
        #[cfg(interbind_raised)]
        drop(super::error::take(self));
        #[cfg(not(interbind_raised))]
        // SAFETY: `self`.
        unsafe {
            pyo3_ffi::PyErr_Clear();
        }
    }

    /// Tells whether an exception is set.
    pub(crate) fn has_raised(self) -> bool {
        // SAFETY: `self`.
        !unsafe { pyo3_ffi::PyErr_Occurred() }.is_null()
    }
}
