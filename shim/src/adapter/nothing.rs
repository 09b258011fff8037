//! The adapter where none can work: it takes no objects, and nothing is answered.
//!
//! **Boundary**: what the wheel's runtime calls attached.

use core::ffi::CStr;
#[cfg(feature = "static")]
use core::ptr::NonNull;

use super::{Declared, Opened};
#[cfg(feature = "static")]
use crate::ffi::PyObject;
#[cfg(feature = "static")]
use crate::ffi::error::{self, Class};
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised, Strong};
use crate::interpreters::Binding;
#[cfg(feature = "static")]
use crate::shared::Module;
use crate::shared::Shared;

/// What takes no objects.
#[derive(Debug)]
pub struct Adapter(());

impl Adapter {
    /// Names a C++ class.
    pub const fn new(_: &'static CStr, _: usize, _: usize) -> Self {
        Self(())
    }

    /// Publishes nothing.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) fn adapt(
        &'static self,
        _: &Declared,
        _: Live<'_>,
        _: &Binding,
        refusal: Raised,
    ) -> Result<(), Raised> {
        Err(refusal)
    }
}

/// What answers nobody.
#[derive(Debug)]
pub struct Answers(());

impl Answers {
    /// Names a C++ class.
    pub const fn new<T: Shared>(_: &'static CStr) -> Self {
        Self(())
    }

    /// Does nothing: whatever a class is, it answers nobody.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn open(&'static self, _: Attached, _: &Strong, _: bool) -> Result<Opened, Raised> {
        Ok(Opened::Open)
    }
}

/// Makes no nanobind object: what nanobind 3 shares can't be reached from here.
///
/// # Errors
/// Always.
///
/// # Safety
/// 1. The thread is attached.
#[cfg(feature = "static")]
pub unsafe fn view<M: Module>(
    _: NonNull<PyObject>,
    _: NonNull<PyObject>,
) -> Result<NonNull<PyObject>, Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    Err(error::say(at, Class::Type, "interbind.view needs CPython, and another compiler than Microsoft's"))
}

/// Bridges no class: pybind11's records can't be read from here.
///
/// # Errors
/// Always.
///
/// # Safety
/// 1. The thread is attached.
#[cfg(feature = "static")]
pub unsafe fn bridge<M: Module>(_: NonNull<PyObject>) -> Result<(), Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    Err(error::say(at, Class::Type, "interbind.bridge needs CPython, and another compiler than Microsoft's"))
}
