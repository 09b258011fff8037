//! What stands for `from_pybind11` where it can't work: on PyPy, and where names of C++ types can't be made by hand.

use core::ffi::CStr;

use interbind_abi::Version;

use crate::ffi::Raised;
use crate::ffi::live::Live;
use crate::interpreters::Binding;

/// What takes no objects.
#[derive(Debug)]
pub struct Adapter(());

/// What the consumer declares.
#[allow(dead_code, reason = "nothing is published")]
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) version_text: &'static str,
    pub(crate) version: Version,
    pub(crate) kind: u32,
    pub(crate) descriptor: &'static str,
}

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
