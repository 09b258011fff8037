//! A module's binding to an interpreter: what it found there when it was imported.

use core::mem::ManuallyDrop;

use interbind_abi::owner::OwnerRecord;

use crate::internals::Core;
use crate::types::Types;

/// A module's binding to an interpreter.
///
/// As a reference it is the current interpreter's, and lasts as long as the thread stays attached to it: the interpreter's
/// capsule keeps the core while code runs in it, and the core, or the process, keeps the binding.
#[derive(Debug)]
pub(crate) struct Binding {
    /// The core, counted: never given back by a module that serves one interpreter, and by a seat when the core closes.
    pub(crate) core: ManuallyDrop<Core>,
    /// The core's registry.
    pub(crate) types: Types,
    /// The interpreter's address while it lives.
    pub(crate) interpreter: usize,
    /// Who this module is, for others.
    pub(crate) owner: &'static OwnerRecord,
}

impl Binding {
    /// Tells whether the interpreter is not ending.
    pub(crate) fn is_open(&self) -> bool {
        self.core.is_open()
    }

    /// Gives the count back: nobody has seen the binding.
    pub(crate) fn give_up(self) {
        drop(ManuallyDrop::into_inner(self.core));
    }
}
