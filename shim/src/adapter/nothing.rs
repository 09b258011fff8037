//! The adapter where none can work: it takes no objects.

use core::ffi::CStr;

use super::Declared;
use crate::ffi::Raised;
use crate::ffi::live::Live;
use crate::interpreters::Binding;

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
