//! Who this module is, and its binding to an interpreter that it serves.
//!
//! `module!` and `raw_module!` make one [`Identity`] per extension. Binding holds this build against the running Python
//! (step 0 of the check), and finds or makes the core; from then on everything carries the pointer. Which interpreters a
//! module serves, and how it finds its binding again, is [`interpreters`](crate::interpreters)' part. Belongs to the
//! platform contract.

use core::fmt;
use std::sync::OnceLock;

use interbind_abi::Str;
use interbind_abi::core::CoreRecord;
use interbind_abi::owner::{OWNER, OwnerRecord};

use crate::ffi::{Attached, Raised};
use crate::interpreters::each::Each;
use crate::interpreters::first::First;
use crate::interpreters::{Bound, Interpreters};
use crate::runtime;
use crate::types::Types;

/// This build's platform, as [`interbind_abi::Platform`] parses it.
pub const PLATFORM: &str = env!("INTERBIND_PLATFORM");
/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The compiler, for people.
pub const COMPILER: &str = env!("INTERBIND_COMPILER");

/// Who a module is; a static that `module!` or `raw_module!` makes.
pub struct Identity {
    name: &'static str,
    version: &'static str,
    /// Written at the first import; others keep its address.
    owner: OnceLock<OwnerRecord>,
    interpreters: &'static dyn Interpreters,
}

/// A module's binding to an interpreter.
#[derive(Debug)]
pub(crate) struct Binding {
    /// The core; it outlives the binding.
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

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} {})", self.name, self.version)
    }
}

impl Identity {
    /// Makes the identity of a module that serves the first interpreter only.
    pub const fn of_one(name: &'static str, version: &'static str, first: &'static First) -> Self {
        Self { name, version, owner: OnceLock::new(), interpreters: first }
    }

    /// Makes the identity of a module that serves each interpreter.
    pub const fn of_each(name: &'static str, version: &'static str, each: &'static Each) -> Self {
        Self { name, version, owner: OnceLock::new(), interpreters: each }
    }

    /// Returns what Python imports.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns who the module is, for others; none before the first import.
    pub(crate) fn owner(&self) -> Option<&OwnerRecord> {
        self.owner.get()
    }

    /// Returns how the module serves interpreters.
    pub(crate) fn interpreters(&self) -> &'static dyn Interpreters {
        self.interpreters
    }

    /// Tells whether the module supports the current interpreter.
    ///
    /// # Errors
    /// ImportError: it doesn't.
    pub(crate) fn check_support(&self, at: Attached) -> Result<(), Raised> {
        self.interpreters.check_support(at, self)
    }

    /// Returns the binding to the current interpreter, and makes it at the first call.
    ///
    /// # Errors
    /// ImportError: the build doesn't fit the running Python, the interpreter is one that the module doesn't serve or is
    /// ending, or what stands in the place of the core is none.
    pub(crate) fn binding(&'static self, at: Attached) -> Result<Bound, Raised> {
        match self.interpreters.find(at, self)? {
            Some(bound) => Ok(bound),
            None => self.bind(at, None),
        }
    }

    /// Tells whether the module has to be bound to the current interpreter.
    ///
    /// # Errors
    /// As [`Identity::binding`].
    pub(crate) fn is_new(&self, at: Attached) -> Result<bool, Raised> {
        Ok(self.interpreters.find(at, self)?.is_none())
    }

    /// Binds to the current interpreter; whoever is second takes the first one's binding.
    ///
    /// # Errors
    /// As [`Identity::binding`].
    #[cold]
    pub(crate) fn bind(&'static self, at: Attached, file: Option<String>) -> Result<Bound, Raised> {
        let owner = self.owner.get_or_init(|| self.make_owner(file.unwrap_or_default()));
        self.check_support(at)?;
        let (core, types) = runtime::bind(at, owner)?;
        let binding = Binding { core, types, interpreter: at.interpreter(), owner };
        self.interpreters.keep(at, self, binding)
    }

    /// Makes the record by which others name this module; its file lives for ever.
    fn make_owner(&self, file: String) -> OwnerRecord {
        OwnerRecord {
            header: OWNER.header::<OwnerRecord>(),
            name: Str::new(self.name),
            version: Str::new(self.version),
            file: Str::new(String::leak(file)),
            platform: Str::new(PLATFORM),
            interbind: Str::new(VERSION),
            compiler: Str::new(COMPILER),
        }
    }
}

impl Binding {
    /// Tells whether the interpreter is not ending.
    pub(crate) fn is_open(&self) -> bool {
        // SAFETY: the core outlives the binding.
        crate::lifetime::is_open(unsafe { &(*self.core).state })
    }

    /// The interpreter's serial.
    pub(crate) fn serial(&self) -> [u8; 16] {
        // SAFETY: the core outlives the binding; the head is read-only.
        unsafe { (*self.core).head.serial }
    }

    /// Gives the count back that [`runtime::bind`] took.
    pub(crate) fn release_core(self) {
        // SAFETY: the core outlives the binding.
        let release = unsafe { (*self.core).release };
        // SAFETY: `bind` retained it for this binding.
        unsafe { release(self.core) };
    }
}
