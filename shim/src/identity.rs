//! Who this module is, and its binding to an interpreter that it serves.
//!
//! `module!` and `raw_module!` make one [`Identity`] per extension. Binding holds this build against the running Python
//! (step 0 of the check), and finds or makes the core; from then on everything carries the pointer. Which interpreters a
//! module serves, and how it finds its binding again, is [`interpreters`](crate::interpreters)' part. Belongs to the
//! platform contract.

use core::fmt;
use core::mem::ManuallyDrop;

use interbind_abi::Str;
use interbind_abi::owner::{OWNER, OwnerRecord};
use interbind_structures::kept::Kept;
use interbind_structures::memory::boxed;

use crate::ffi::{Attached, Raised, error};
use crate::interpreters::each::Each;
use crate::interpreters::first::First;
use crate::interpreters::{Binding, Interpreters, Who};
use crate::owner::{COMPILER, PLATFORM, VERSION};
use crate::runtime;
use crate::text::Text;

/// Who a module is; a static that `module!` or `raw_module!` makes.
pub struct Identity {
    name: &'static str,
    version: &'static str,
    /// Written at the first import; others keep its address.
    owner: Kept<OwnerRecord>,
    interpreters: &'static dyn Interpreters,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} {})", self.name, self.version)
    }
}

impl Identity {
    /// Makes the identity of a module that serves the first interpreter only.
    pub const fn of_one(name: &'static str, version: &'static str, first: &'static First) -> Self {
        Self { name, version, owner: Kept::new(), interpreters: first }
    }

    /// Makes the identity of a module that serves each interpreter.
    pub const fn of_each(name: &'static str, version: &'static str, each: &'static Each) -> Self {
        Self { name, version, owner: Kept::new(), interpreters: each }
    }

    /// Returns who the module is, for others; none before the first import.
    pub(crate) fn owner(&self) -> Option<&'static OwnerRecord> {
        self.owner.get()
    }

    /// Who asks, for what serves interpreters.
    fn who(&self) -> Who<'_> {
        Who { name: self.name, owner: self.owner() }
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
        self.interpreters.check_support(at, self.who())
    }

    /// Returns the binding to the current interpreter, and makes it at the first call.
    ///
    /// # Errors
    /// ImportError: the build doesn't fit the running Python, the interpreter is one that the module doesn't serve or is
    /// ending, or what stands in the place of the core is none.
    pub(crate) fn binding<'a>(&'static self, at: Attached<'a>) -> Result<&'a Binding, Raised> {
        match self.interpreters.find(at, self.who())? {
            Some(bound) => Ok(bound),
            None => self.bind(at, Text::new()),
        }
    }

    /// Tells whether the module has to be bound to the current interpreter.
    ///
    /// # Errors
    /// As [`Identity::binding`].
    pub(crate) fn is_new(&self, at: Attached) -> Result<bool, Raised> {
        Ok(self.interpreters.find(at, self.who())?.is_none())
    }

    /// Binds to the current interpreter; whoever is second takes the first one's binding.
    ///
    /// # Errors
    /// As [`Identity::binding`].
    #[cold]
    pub(crate) fn bind<'a>(&'static self, at: Attached<'a>, file: Text) -> Result<&'a Binding, Raised> {
        let owner = match self.owner() {
            Some(owner) => owner,
            None => self.make_owner(file).ok_or_else(|| error::no_memory(at))?,
        };
        self.check_support(at)?;
        let (core, types) = runtime::bind(at, owner)?;
        let core = ManuallyDrop::new(core);
        let binding = Binding { core, types, interpreter: at.interpreter(), owner };
        self.interpreters.keep(at, self.who(), binding)
    }

    /// Makes the record by which others name this module, unless another thread was faster; none without memory.
    ///
    /// Without a lock: a thread of another interpreter may be here when the process forks.
    fn make_owner(&self, file: Text) -> Option<&'static OwnerRecord> {
        let made = boxed(OwnerRecord {
            header: OWNER.header::<OwnerRecord>(),
            name: Str::new(self.name),
            version: Str::new(self.version),
            file: Str::new(file.leak()?),
            platform: Str::new(PLATFORM),
            interbind: Str::new(VERSION),
            compiler: Str::new(COMPILER),
        });
        Some(self.owner.offer(made.ok()?).unwrap_or_else(|(kept, _)| kept))
    }
}
