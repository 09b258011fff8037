//! How a module serves interpreters.
//!
//! A PyO3 module keeps its types in statics of the process, so it serves the `first` interpreter that imports it and no
//! other. A raw module keeps its state per interpreter and serves `each`, with `bindings` to tell which is which. An
//! extension links only the kind that it is.

pub(crate) mod alone;
mod bindings;
pub(crate) mod each;
pub(crate) mod first;

use core::ops::Deref;
use core::ptr::NonNull;

use crate::ffi::{Attached, Raised};
use crate::identity::{Binding, Identity};
use crate::object::Object;

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
    unsafe fn new(binding: NonNull<Binding>) -> Self {
        Self(binding)
    }
}

/// How a module serves interpreters.
pub(crate) trait Interpreters: Sync {
    /// Tells whether the module supports the current interpreter.
    ///
    /// # Errors
    /// ImportError: it doesn't.
    fn check_support(&self, at: Attached, identity: &Identity) -> Result<(), Raised>;

    /// Finds the binding to the current interpreter; none when the module wasn't imported into it yet.
    ///
    /// # Errors
    /// ImportError: the module serves another interpreter, or this one is ending.
    fn find(&self, at: Attached, identity: &Identity) -> Result<Option<Bound>, Raised>;

    /// Keeps a new binding, whose core is retained; whoever is second takes the first one's.
    ///
    /// # Errors
    /// As [`Interpreters::find`], or the core refuses.
    fn keep(
        &'static self,
        at: Attached,
        identity: &'static Identity,
        binding: Binding,
    ) -> Result<Bound, Raised>;

    /// Names the current interpreter for an owned reference, so that it can be given back there later; 0 for the only one.
    fn home(&self, at: Attached) -> u64;

    /// Takes a reference that can't be dropped where it is: it's released when a thread of its home next settles.
    fn release_later(&self, object: Object, home: u64);

    /// Releases what waits for this interpreter.
    fn settle(&self, at: Attached);
}
