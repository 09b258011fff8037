//! The `types` service as a module uses it: which records are published under a name.
//!
//! The table may be another build's, so it is judged before anything else is read of it. Belongs to the internals contract.

use core::ptr;

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::header::{Malformed, has_null};
use interbind_abi::keys;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::ServiceHead;
use interbind_abi::types::registry::{TYPES, TypeCounts, TypeList};
use interbind_abi::types::{TypeRecord, TypesService};
use interbind_abi::{Reason, RecordHeader, Str};

use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised};
use crate::refusal::{Sides, judged_owner, number, reason_of_status, refuse, with_malformed};
use crate::registry;

/// An interpreter's registry, judged; valid as long as its core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Types(*const TypesService);

/// How many records an interpreter's registry holds: what a leak check compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records whose Python type is alive.
    pub live: u64,
    /// Of these, records of types that are never destroyed.
    pub immortal: u64,
    /// Names that were ever asked for.
    pub names: u64,
}

/// Finds the interpreter's registry in its core, or makes it; judged.
#[inline(never)]
pub(crate) fn find_or_make(
    at: Attached,
    core: *mut CoreRecord,
    owner: &'static OwnerRecord,
) -> Result<Types, Raised> {
    let mut found: *mut ServiceHead = ptr::null_mut();
    // SAFETY: a judged core.
    let service = unsafe { (*core).service };
    let context = ptr::from_ref(owner).cast_mut().cast();
    // SAFETY: attached; `registry::make` takes an owner record as context, which outlives the call.
    let status = unsafe {
        service(core, Str::new(keys::TYPES), TYPES.major.into(), Some(registry::make), context, &mut found)
    };
    let refused = |reason, part: &str, theirs: &str, ours: &str| {
        let template = "cannot use the `types` service of this interpreter's core\n\
                        {0}: provider has {1}, this module expects {2}\n\
                        upgrade the module that owns this interpreter's core";
        refuse(at, Class::Import, reason, template, &[part, theirs, ours], Sides::consumer(owner))
    };
    if status != Status::OK || found.is_null() || !found.is_aligned() {
        let code = number(status.0.unsigned_abs().into());
        return Err(refused(reason_of_status(status), "status", &code, "0"));
    }
    // SAFETY: a service's table starts with a readable header.
    let header = unsafe { ptr::read(found.cast::<RecordHeader>()) };
    let Err(malformed) = TYPES.check(&header) else {
        let table: *const TypesService = found.cast_const().cast();
        // SAFETY: aligned; the header vouches for the size of our own minor or more.
        let spoiled = unsafe { has_null(table, ServiceHead::FUNCTIONS) }
            // SAFETY: as above.
            || unsafe { has_null(table, TypesService::FUNCTIONS) };
        return if spoiled {
            Err(refused(Reason::MalformedRecord, "functions", "NULL", "one for each slot"))
        } else {
            Ok(Types(table))
        };
    };
    // A sound table that is smaller than ours: its maker doesn't know a slot that is needed.
    let old = matches!(malformed, Malformed::Size { found, .. } if found >= size_of::<ServiceHead>() as u32 && found % 8 == 0);
    with_malformed(malformed, &mut |reason, part, theirs, ours| {
        refused(if old { Reason::ServiceTooOld } else { reason }, part, theirs, ours);
    });
    Err(Raised)
}

impl Types {
    /// Asks for the list of a name.
    pub(crate) fn list(self, name: &'static str) -> Option<*mut TypeList> {
        let mut found = ptr::null();
        // SAFETY: judged.
        let list = unsafe { (*self.0).list };
        // SAFETY: attached, as every caller of a bound module is; the name is static.
        let status = unsafe { list(self.0, Str::new(name), &mut found) };
        (status == Status::OK && !found.is_null()).then_some(found.cast_mut())
    }

    /// Walks a list of this registry: the next record after `after`, the first after NULL.
    pub(crate) fn next(self, list: *mut TypeList, after: *const TypeRecord) -> *const TypeRecord {
        // SAFETY: judged.
        let next = unsafe { (*self.0).next };
        // SAFETY: attached; callers pass what `list` returned.
        unsafe { next(list, after) }
    }

    /// Hands a complete record over, which is never freed.
    pub(crate) fn publish(self, _at: Attached, record: &'static TypeRecord) -> Status {
        // SAFETY: judged.
        let publish = unsafe { (*self.0).publish };
        // SAFETY: attached; `'static`.
        unsafe { publish(self.0, record) }
    }

    /// Counts the records.
    pub(crate) fn count(self) -> Counts {
        let mut counts = TypeCounts::default();
        // SAFETY: judged.
        let count = unsafe { (*self.0).count };
        // SAFETY: `counts` is writable.
        unsafe { count(self.0, &mut counts) };
        Counts { live: counts.live, immortal: counts.immortal, names: counts.names }
    }

    /// Who made it.
    pub(crate) fn owner(self) -> &'static OwnerRecord {
        // SAFETY: judged.
        judged_owner(unsafe { (*self.0).head.owner })
    }
}
