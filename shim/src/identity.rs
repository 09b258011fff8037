//! Who this module is, and its binding to the interpreter that it serves.
//!
//! `module!` makes one [`Identity`] per extension. It binds once: this build is held against the running Python (step 0
//! of the check), the core is found or made, and from then on everything carries the pointer. A binding is a user of its
//! core, so the pointer stays valid for the process. Belongs to the platform contract.

use core::ptr;

use interbind_abi::Reason;
use interbind_abi::core::CoreRecord;
use interbind_abi::owner::OwnerRecord;

use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised, error, host};
use crate::owner;
use crate::refusal::{Sides, add_line, readable, refuse};
use crate::sync::{AtomicPtr, Ordering};
use crate::types::Types;

/// This build's platform, as [`interbind_abi::Platform`] parses it.
pub const PLATFORM: &str = env!("INTERBIND_PLATFORM");
/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The compiler, for people.
pub const COMPILER: &str = env!("INTERBIND_COMPILER");

/// Who a module is; a static that `module!` makes.
#[derive(Debug)]
pub struct Identity {
    name: &'static str,
    version: &'static str,
    binding: AtomicPtr<Binding>,
}

/// A module's binding to an interpreter, made once and never freed: PyO3 modules live in process statics.
#[derive(Debug)]
pub(crate) struct Binding {
    /// The core; retained by this binding.
    pub(crate) core: *mut CoreRecord,
    /// The core's registry.
    pub(crate) types: Types,
    /// The interpreter's address while it lives.
    pub(crate) interpreter: usize,
    /// Who this module is, for others.
    pub(crate) owner: &'static OwnerRecord,
}

// SAFETY: everything in it is read-only after publication, or a record that is `Sync` itself.
unsafe impl Sync for Binding {}
// SAFETY: as above.
unsafe impl Send for Binding {}

impl Identity {
    /// Makes an identity that isn't bound yet.
    pub const fn new(name: &'static str, version: &'static str) -> Self {
        Self { name, version, binding: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Returns the binding if there is one, whatever its interpreter.
    pub(crate) fn bound(&self) -> Option<&'static Binding> {
        // SAFETY: a binding is never freed.
        unsafe { self.binding.load(Ordering::Acquire).as_ref() }
    }

    /// Returns the binding to the current interpreter, and makes it at the first call.
    ///
    /// # Errors
    /// ImportError: the build doesn't fit the running Python, the interpreter is another one or ending, or what stands in
    /// the place of the core is none.
    #[inline]
    pub(crate) fn binding(&'static self, at: Attached) -> Result<&'static Binding, Raised> {
        match self.bound() {
            Some(binding) if binding.interpreter == at.interpreter() && binding.is_open() => Ok(binding),
            Some(binding) => Err(self.refuse_interpreter(at, binding)),
            None => self.bind(at, None),
        }
    }

    #[cold]
    fn refuse_interpreter(&self, at: Attached, binding: &Binding) -> Raised {
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
        refuse(at, Class::Import, reason, template, &[self.name], Sides::consumer(binding.owner))
    }

    /// Binds to the current interpreter; whoever is second takes the first one's binding.
    ///
    /// # Errors
    /// As [`Identity::binding`].
    #[cold]
    pub(crate) fn bind(
        &'static self,
        at: Attached,
        file: Option<String>,
    ) -> Result<&'static Binding, Raised> {
        let owner = owner::of(self.name, self.version, file.unwrap_or_default());
        check_host(at, owner)?;
        let core = crate::core::find_or_make(at, owner)?;
        // SAFETY: a judged core: its functions are there.
        let retain = unsafe { (*core).retain };
        // SAFETY: attached, so the interpreter's capsule keeps the core alive during the call.
        unsafe { retain(core) };
        // SAFETY: a judged core.
        let release = unsafe { (*core).release };
        // SAFETY: called at most once, when no binding takes the `retain` over.
        let give_back = || unsafe { release(core) };
        let types = Types::find_or_make(at, core, owner).map_err(|_| {
            // Other modules' functions are called without an exception set.
            let why = error::take(at);
            give_back();
            why.map_or(Raised, |why| error::restore(at, why))
        })?;
        let binding = Box::into_raw(Box::new(Binding { core, types, interpreter: at.interpreter(), owner }));
        match self.binding.compare_exchange(ptr::null_mut(), binding, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: never freed from here on.
            Ok(_) => Ok(unsafe { &*binding }),
            Err(winner) => {
                // SAFETY: ours wasn't published.
                drop(unsafe { Box::from_raw(binding) });
                give_back();
                // SAFETY: a binding is never freed.
                Ok(unsafe { &*winner })
            }
        }
    }
}

impl Binding {
    /// Tells whether the interpreter is not ending.
    pub(crate) fn is_open(&self) -> bool {
        // SAFETY: the binding retains the core.
        crate::lifetime::is_open(unsafe { &(*self.core).state })
    }

    /// The interpreter's serial.
    pub(crate) fn serial(&self) -> [u8; 16] {
        // SAFETY: the binding retains the core; the head is read-only.
        unsafe { (*self.core).head.serial }
    }
}

/// Step 0: this build against the running Python. All differences are listed.
pub(crate) fn check_host(at: Attached, owner: &OwnerRecord) -> Result<(), Raised> {
    let (mut first, mut lines) = (None, String::new());
    host::compare(at, PLATFORM, &mut |reason, part, build, running| {
        first.get_or_insert(reason);
        add_line(&mut lines, &[part, ": this build has ", build, ", the running Python has ", running]);
    });
    let Some(reason) = first else { return Ok(()) };
    let template = "cannot import '{0}' into this Python\n{1}\ninstall a build of {0} for this Python";
    Err(refuse(at, Class::Import, reason, template, &[readable(&owner.name), &lines], Sides::consumer(owner)))
}
