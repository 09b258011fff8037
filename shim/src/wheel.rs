//! The wheel's runtime, as a module that carries no implementation finds it.
//!
//! Its table is in the interpreter's state dict, where `interbind._runtime` puts it when it's imported. Like every
//! record of another build it is judged before it's used; then the process keeps it, because it's a static of a library
//! that is never unloaded.

use core::ptr;

use interbind_abi::owner::OwnerRecord;
use interbind_abi::runtime::Runtime;
use interbind_abi::{Reason, judge, keys};

use crate::ffi::capsule::{self, Found};
use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, Raised, host};
use crate::malformed::wrong_part;
use crate::owner::{COMPILER, VERSION, file_name, judged_owner, readable};
use crate::sync::{AtomicPtr, Ordering};
use crate::text::Text;

/// The runtime's table, once it was judged.
static KNOWN: AtomicPtr<Runtime> = AtomicPtr::new(ptr::null_mut());

/// Tells whether the table was found before: finding it imports nothing then.
pub(crate) fn is_known() -> bool {
    !KNOWN.load(Ordering::Acquire).is_null()
}

/// Finds the runtime's table for a module, and imports the one that brings it where it's missing.
pub(crate) fn find(at: Attached, owner: *const OwnerRecord) -> Result<&'static Runtime, Raised> {
    // SAFETY: only judged tables are kept, which are never freed.
    if let Some(known) = unsafe { KNOWN.load(Ordering::Acquire).as_ref() } {
        return Ok(known);
    }
    search(at, owner)
}

#[cold]
#[inline(never)]
fn search(at: Attached, owner: *const OwnerRecord) -> Result<&'static Runtime, Raised> {
    let mut found = capsule::find(at, keys::RUNTIME)?;
    if matches!(found, Found::Nothing) {
        // One that fails may have put its table there before: then `bind` says why no core can be had.
        let failed = host::import(at, keys::RUNTIME_MODULE).err().and_then(|_| error::take(at));
        found = capsule::find(at, keys::RUNTIME)?;
        if let (Found::Nothing, Some(why)) = (&found, failed) {
            let _ = error::restore(at, why);
        }
    }
    let refused = |reason, part: &str, theirs: &str, ours: &str| {
        let why = [", ", part, ": provider has ", theirs, ", this module expects ", ours];
        refuse_runtime(at, owner, reason, &why)
    };
    // A static of the runtime's library: it needs nobody to hold it.
    let table: *const Runtime = match found {
        Found::Capsule(capsule) => capsule.pointer().cast_const().cast(),
        Found::Stranger(class) => {
            return Err(refused(Reason::NotACapsule, "capsule", &class, "a capsule of that name"));
        }
        Found::Nothing => {
            let part = ": `interbind._runtime` isn't there, and this module carries no implementation";
            return Err(refuse_runtime(at, owner, Reason::ServiceMissing, &[part]));
        }
    };
    // SAFETY: threat model: a capsule of our name leads to at least 16 readable bytes, for ever.
    match unsafe { judge(table) } {
        Ok(judged) => {
            KNOWN.store(table.cast_mut(), Ordering::Release);
            Ok(judged)
        }
        Err(malformed) => {
            let part = wrong_part(malformed);
            Err(refused(part.reason, part.name, &part.found, &part.expected))
        }
    }
}

/// Refuses because of the runtime: the one refusal that a module writes itself, in the shape of all.
#[cold]
#[inline(never)]
fn refuse_runtime(at: Attached, owner: *const OwnerRecord, reason: Reason, why: &[&str]) -> Raised {
    let cause = error::take(at);
    let (owner, reason) = (judged_owner(owner), reason.slug());
    let mut text = Text::new();
    text.push(&["cannot share types with '", readable(&owner.name), "' (", reason, ")\n  runtime"]);
    text.push(why);
    text.push(&["\n  consumer: ", readable(&owner.name), " ", readable(&owner.version)]);
    let file = file_name(readable(&owner.file));
    if !file.is_empty() {
        text.push(&[" (", file, ")"]);
    }
    text.push(&[", interbind ", VERSION, ", ", COMPILER]);
    text.push(&["\n  fix: pip install --upgrade 'interbind>=", VERSION, "'"]);
    if text.is_lost() {
        return error::no_memory(at);
    }
    error::raise(at, Class::Import, reason, &text, cause)
}

/// Raises what nobody else did.
#[cold]
pub(crate) fn silent(at: Attached) -> Raised {
    let text = "`interbind._runtime` failed without saying why (provider-panicked)\n  fix: pip install --upgrade interbind";
    error::raise(at, Class::Runtime, Reason::ProviderPanicked.slug(), text, None)
}
