//! How a module serves interpreters.
//!
//! A PyO3 module keeps its types in statics of the process, so it serves the `first` interpreter that imports it and no
//! other. A raw module keeps its state per interpreter and serves `each`, with `interbind_structures::bindings` to tell which
//! is which. Where the references of each belong, `homes` knows. An extension links only the kind that it is.

mod binding;
pub(crate) mod each;
pub(crate) mod first;
pub(crate) mod homes;

use interbind_abi::owner::OwnerRecord;

pub(crate) use self::binding::Binding;
use crate::ffi::{Attached, Raised};

/// Which module asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    /// What Python imports.
    pub(crate) name: &'static str,
    /// Its record, for others; none before the first import.
    pub(crate) owner: Option<&'a OwnerRecord>,
}

/// How a module serves interpreters.
pub(crate) trait Interpreters: Sync {
    /// Tells whether the module supports the current interpreter.
    ///
    /// # Errors
    /// ImportError: it doesn't.
    fn check_support(&self, at: Attached, who: Who<'_>) -> Result<(), Raised>;

    /// Finds the binding to the current interpreter; none when the module wasn't imported into it yet.
    ///
    /// # Errors
    /// ImportError: the module serves another interpreter, or this one is ending.
    fn find<'a>(&self, at: Attached<'a>, who: Who<'_>) -> Result<Option<&'a Binding>, Raised>;

    /// Keeps a new binding, whose core is retained; whoever is second takes the first one's.
    ///
    /// # Errors
    /// As [`Interpreters::find`], or the core refuses.
    fn keep<'a>(
        &'static self,
        at: Attached<'a>,
        who: Who<'_>,
        binding: Binding,
    ) -> Result<&'a Binding, Raised>;

    /// Notes the current interpreter, before any code of the module runs in it.
    fn note(&self, at: Attached);
}
