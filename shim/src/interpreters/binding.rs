//! A module's binding to an interpreter: what it found there when it was imported.

use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use interbind_abi::owner::OwnerRecord;

use crate::internals::Core;
use crate::types::Types;

/// A module's binding to an interpreter.
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

/// A module's binding to the current interpreter; valid as long as the thread stays attached to it.
///
/// The interpreter's capsule keeps the core while code runs in it, and the core, or the process, keeps the binding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound(NonNull<Binding>);

impl Deref for Bound {
    type Target = Binding;

    fn deref(&self) -> &Binding {
        // SAFETY: `Bound::new`'s duty, and values of this type aren't kept beyond a call.
        unsafe { self.0.as_ref() }
    }
}

impl Bound {
    /// # Safety
    /// 1. The binding is the current interpreter's, and owned by its core or by the process.
    pub(super) unsafe fn new(binding: NonNull<Binding>) -> Self {
        Self(binding)
    }
}
