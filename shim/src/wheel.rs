//! The wheel's runtime, as a module that carries no implementation finds it.
//!
//! Its table is in the interpreter's state dict, where `interbind._runtime` puts it when it's imported. Like every
//! record of another build it is judged before it's used; then the process keeps it, because it's a static of a library
//! that is never unloaded.
//!
//! **Boundary**: the runtime's table is judged here, and each method is one call of it.

use core::ptr::{self, NonNull};

use interbind_abi::core::Status;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::runtime::{EXPECTATION, Expectation, REFUSAL, Refusal, Runtime};
use interbind_abi::types::TypesService;
use interbind_abi::{Reason, Str, judge, keys};
use interbind_structures::kept::Kept;

use crate::ffi::capsule::{self, Found};
use crate::ffi::error::{self, Class};
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised, host};
use crate::internals::Core;
use crate::judged::{Judged, judged_owner, readable};
use crate::malformed::wrong_part;
use crate::owner::{COMPILER, VERSION, file_name};
use crate::runtime::Expected;
use crate::text::Text;
use crate::types::Types;

/// The runtime's table, once it was judged.
static KNOWN: Kept<Runtime> = Kept::new();

/// The runtime, judged.
#[derive(Clone, Copy)]
pub(crate) struct Wheel(&'static Runtime);

impl Wheel {
    /// Has this module's build compared with the running Python, and core and registry found; the core is counted.
    pub(crate) fn bind(self, at: Attached, owner: &'static OwnerRecord) -> Result<(Core, Types), Raised> {
        let (mut core, mut types) = (ptr::null_mut(), ptr::null::<TypesService>());
        // SAFETY: judged; attached; the record lives until the process ends; both places are writable.
        let status = unsafe { (self.0.bind)(self.0, owner, &mut core, &mut types) };
        let core = NonNull::new(core).filter(|_| status == Status::OK && !types.is_null());
        let core = core.ok_or_else(|| failed(at))?;
        // SAFETY: judged by the runtime, which added a count for us.
        let core = unsafe { Core::adopt(core) };
        // SAFETY: judged by the runtime; the core keeps it.
        Ok((core, unsafe { Types::judged(types) }))
    }

    /// Has the record found and judged that an object fits.
    pub(crate) fn judge(self, object: Live<'_>, expected: &Expected<'_>) -> Result<Judged, Raised> {
        let (at, mut found) = (object.at(), ptr::null());
        let asked = object.as_ptr().cast();
        // SAFETY: judged; a live object, attached; the expectation is read during the call only.
        let status = unsafe { (self.0.judge)(self.0, &packed(expected), asked, &mut found) };
        // SAFETY: judged by the runtime, for this expectation; records are never freed.
        let found = unsafe { found.as_ref() }.filter(|_| status == Status::OK);
        // SAFETY: (1) as above.
        found.map(|found| unsafe { Judged::elsewhere(found) }).ok_or_else(|| failed(at))
    }

    /// Has the record found through which new objects are made.
    pub(crate) fn maker(self, at: Attached, expected: &Expected<'_>) -> Result<Judged, Raised> {
        let mut found = ptr::null();
        // SAFETY: judged; attached; the expectation is read during the call only.
        let status = unsafe { (self.0.maker)(self.0, &packed(expected), &mut found) };
        // SAFETY: judged by the runtime, for this expectation; records are never freed.
        let found = unsafe { found.as_ref() }.filter(|_| status == Status::OK);
        // SAFETY: (1) as above.
        found.map(|found| unsafe { Judged::elsewhere(found) }).ok_or_else(|| failed(at))
    }

    /// Has a refusal written and raised. `sides` are both owners' records, as far as they are known.
    pub(crate) fn refuse(
        self,
        at: Attached,
        class: Class,
        reason: &str,
        template: &str,
        values: &[&str],
        sides: [(u32, Option<*const OwnerRecord>); 2],
    ) -> Raised {
        let mut texts = [Str::new(""); 10];
        for (text, value) in texts.iter_mut().zip(values) {
            *text = Str::new(value);
        }
        let bits = sides.map(|(bit, side)| if side.is_some() { bit } else { 0 });
        let [provider, consumer] = sides.map(|(_, side)| side.unwrap_or(ptr::null()));
        let refusal = Refusal {
            header: REFUSAL.header::<Refusal>(),
            exception: class as u32,
            sides: bits[0] | bits[1],
            reason: Str::new(reason),
            text: Str::new(template),
            values: texts.as_ptr(),
            count: values.len().min(texts.len()) as u64,
            provider,
            consumer,
        };
        // SAFETY: judged; attached; the refusal is read during the call only.
        unsafe { (self.0.refuse)(self.0, &refusal) };
        failed(at)
    }
}

fn packed(expected: &Expected<'_>) -> Expectation {
    Expectation {
        header: EXPECTATION.header::<Expectation>(),
        consumer: expected.consumer,
        core: expected.core.as_ptr(),
        types: expected.list.types().as_ptr(),
        list: expected.list.as_ptr(),
        name: Str::new(expected.name),
        descriptor: Str::new(expected.descriptor),
        requirement_text: Str::new(expected.requirement_text),
        from: Str::new(expected.from.unwrap_or("")),
        least: expected.requirement.least,
        below: expected.requirement.below,
        kind: expected.kind,
        reserved: [0; 4],
        align: expected.align as u64,
    }
}

/// The runtime has set an exception, or should have.
#[cold]
fn failed(at: Attached) -> Raised {
    if at.has_raised() {
        return Raised::at(at);
    }
    let text = "`interbind._runtime` failed without saying why (provider-panicked)\n  fix: pip install --upgrade interbind";
    error::raise(at, Class::Runtime, Reason::ProviderPanicked.slug(), text, None)
}

/// Tells whether the table was found before: finding it imports nothing then.
pub(crate) fn is_known() -> bool {
    KNOWN.get().is_some()
}

/// Finds the runtime's table for a module, and imports the one that brings it where it's missing.
pub(crate) fn find(at: Attached, owner: *const OwnerRecord) -> Result<Wheel, Raised> {
    match KNOWN.get() {
        Some(known) => Ok(Wheel(known)),
        None => search(at, owner),
    }
}

#[cold]
#[inline(never)]
fn search(at: Attached, owner: *const OwnerRecord) -> Result<Wheel, Raised> {
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
            KNOWN.set(judged);
            Ok(Wheel(judged))
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
