//! Modules whose types live in statics of the process: they serve the interpreter that imports them first.
//!
//! The binding is made once and never freed, and retains its core.

use interbind_abi::Reason;
use interbind_structures::kept::Kept;
use interbind_structures::memory::boxed_or_back;

use super::{Binding, Interpreters, Who};
use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, Raised};
use crate::refusal::{Sides, refuse};

/// Serves the first interpreter; a static that `module!` makes.
#[derive(Debug)]
pub struct First {
    binding: Kept<Binding>,
}

impl First {
    /// Serves nobody yet.
    #[allow(clippy::new_without_default, reason = "made by `module!` only")]
    pub const fn new() -> Self {
        Self { binding: Kept::new() }
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

    fn find<'a>(&self, at: Attached<'a>, who: Who<'_>) -> Result<Option<&'a Binding>, Raised> {
        match self.binding.get() {
            None => Ok(None),
            Some(known) if known.interpreter == at.interpreter() && known.is_open() => Ok(Some(known)),
            Some(known) => Err(Self::refuse(at, who, known)),
        }
    }

    fn keep<'a>(
        &'static self,
        at: Attached<'a>,
        who: Who<'_>,
        binding: Binding,
    ) -> Result<&'a Binding, Raised> {
        match boxed_or_back(binding).map(|made| self.binding.offer(made)) {
            Ok(Ok(_)) => {}
            Ok(Err((_, ours))) => ours.give_up(),
            Err(binding) => {
                binding.give_up();
                return Err(error::no_memory(at));
            }
        }
        // The winner may be a thread of another interpreter.
        self.find(at, who)?.ok_or_else(|| Raised::at(at))
    }

    fn note(&self, _: Attached) {}
}
