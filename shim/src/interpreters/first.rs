//! Modules whose types live in statics of the process: they serve the interpreter that imports them first.
//!
//! The binding is made once and never freed, and retains its core.

use core::ptr::{self, NonNull};

use interbind_abi::Reason;
use interbind_structures::memory::boxed_or_back;

use super::{Binding, Bound, Interpreters, Who};
use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, Raised};
use crate::refusal::{Sides, refuse};
use crate::sync::{AtomicPtr, Ordering};

/// Serves the first interpreter; a static that `module!` makes.
#[derive(Debug)]
pub struct First {
    binding: AtomicPtr<Binding>,
}

impl First {
    /// Serves nobody yet.
    #[allow(clippy::new_without_default, reason = "made by `module!` only")]
    pub const fn new() -> Self {
        Self { binding: AtomicPtr::new(ptr::null_mut()) }
    }

    #[cold]
    fn refuse(at: Attached, who: Who<'_>, binding: &Binding) -> Raised {
        let (reason, template) = if binding.is_open() {
            (
                Reason::Pyo3SingleInterpreter,
                "cannot use module '{0}' in this interpreter\n\
                 the module serves the interpreter that imported it first\n\
                 import it in one interpreter only: its types live in statics of the process",
            )
        } else {
            (
                Reason::InterpreterEnding,
                "cannot use module '{0}' in this interpreter\n\
                 the interpreter that the module serves is ending or has ended\n\
                 use shared objects before the interpreter ends",
            )
        };
        refuse(at, Class::Import, reason, template, &[who.name], Sides::consumer(binding.owner))
    }
}

impl Interpreters for First {
    /// Whichever comes first is supported.
    fn check_support(&self, _: Attached, _: Who<'_>) -> Result<(), Raised> {
        Ok(())
    }

    fn find(&self, at: Attached, who: Who<'_>) -> Result<Option<Bound>, Raised> {
        let Some(known) = NonNull::new(self.binding.load(Ordering::Acquire)) else { return Ok(None) };
        // SAFETY: (1) never freed; of the current interpreter, or refused below.
        let bound = unsafe { Bound::new(known) };
        if bound.interpreter == at.interpreter() && bound.is_open() {
            Ok(Some(bound))
        } else {
            Err(Self::refuse(at, who, &bound))
        }
    }

    fn keep(&'static self, at: Attached, who: Who<'_>, binding: Binding) -> Result<Bound, Raised> {
        let made = match boxed_or_back(binding) {
            Ok(made) => Box::into_raw(made),
            Err(binding) => {
                binding.give_up();
                return Err(error::no_memory(at));
            }
        };
        let kept = self.binding.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire);
        if kept.is_err() {
            // SAFETY: ours wasn't published.
            let ours = unsafe { Box::from_raw(made) };
            ours.give_up();
        }
        // The winner may be a thread of another interpreter.
        self.find(at, who)?.ok_or_else(|| Raised::at(at))
    }

    fn note(&self, _: Attached) {}
}
