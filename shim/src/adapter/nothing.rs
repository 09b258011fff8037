//! The adapter where none can work: it takes no objects, and nothing is answered.

use core::ffi::CStr;

use super::Declared;
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised, Strong};
use crate::interpreters::Binding;
use crate::shared::Shared;

/// What takes no objects.
#[derive(Debug)]
pub struct Adapter(());

impl Adapter {
    /// Names a C++ class.
    pub const fn new(_: &'static CStr, _: usize) -> Self {
        Self(())
    }

    /// Publishes nothing.
    pub(crate) fn adapt(&'static self, _: &Declared, _: Live<'_>, _: &Binding) -> Result<bool, Raised> {
        Ok(false)
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

    /// Whatever a class is, it answers nobody.
    pub(crate) fn can_keep(&self, _: Attached, _: &Strong) -> bool {
        true
    }

    /// Does nothing.
    pub(crate) fn open(&'static self, _: Attached, _: &Strong) -> Result<(), Raised> {
        Ok(())
    }
}
