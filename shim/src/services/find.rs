//! Finding a service's table in the core, or making it, and judging it: the same for every service.
//!
//! The table may be another build's, so nothing of it is read that an earlier step hasn't vouched for: status, header,
//! functions. Called by each service's user side; belongs to the internals contract.

use core::ops::Range;
use core::ptr;

use interbind_abi::core::{CoreRecord, MakeService, Status};
use interbind_abi::header::{Kind, Malformed, has_null};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::ServiceHead;
use interbind_abi::{Reason, RecordHeader, Str};

use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised};
use crate::refusal::{
    Sides, file_name, judged_owner, number, readable, reason_of_status, refuse, with_malformed,
};

/// What a service's table must be, and how this build makes one.
pub(crate) struct Wanted {
    /// The service's name.
    pub(crate) name: &'static str,
    /// The table's magic and version.
    pub(crate) kind: Kind,
    /// Where its functions stand.
    pub(crate) functions: Range<usize>,
    /// Makes the table; its context is the maker's owner record, which lives for ever. `None` when this build can't.
    pub(crate) make: Option<MakeService>,
}

/// Finds the interpreter's table of that service in its core, or makes it; judged, and valid as long as the core.
pub(crate) fn find_or_make(
    at: Attached,
    core: *mut CoreRecord,
    owner: &'static OwnerRecord,
    wanted: &Wanted,
) -> Result<*const ServiceHead, Raised> {
    find_or_make_for(at, core, owner, owner, wanted)
}

/// Does it for a module, in the name of a maker.
#[inline(never)]
pub(crate) fn find_or_make_for(
    at: Attached,
    core: *mut CoreRecord,
    owner: &'static OwnerRecord,
    maker: &'static OwnerRecord,
    wanted: &Wanted,
) -> Result<*const ServiceHead, Raised> {
    let mut found: *mut ServiceHead = ptr::null_mut();
    // SAFETY: a judged core.
    let service = unsafe { (*core).service };
    let context = ptr::from_ref(maker).cast_mut().cast();
    // SAFETY: attached; our makers take an owner record that lives for ever as context.
    let status = unsafe {
        service(core, Str::new(wanted.name), wanted.kind.major.into(), wanted.make, context, &mut found)
    };
    let refused = |reason, [part, theirs, ours]: [&str; 3], maker: Option<&'static OwnerRecord>| {
        // SAFETY: a judged core.
        let head = unsafe { &(*core).head };
        let template = match maker {
            _ if reason == Reason::InterpreterEnding => {
                "cannot use the `{0}` service of this interpreter's core\n\
                 the interpreter is ending\n\
                 use shared objects before the interpreter ends"
            }
            Some(_) => {
                "cannot use the `{0}` service of this interpreter's core\n\
                 {1}: provider has {2}, this module expects {3}\n\
                 upgrade the older of the two modules"
            }
            None if wanted.make.is_none() => {
                "cannot use the `{0}` service of this interpreter's core\n\
                 {1}: provider has {2}, this module expects {3}; it can't make the service itself\n\
                 import a module first that is built for this version of Python alone"
            }
            // Of a table that can't be read nobody knows the maker.
            None => {
                "cannot use the `{0}` service of this interpreter's core\n\
                 {1}: provider has {2}, this module expects {3}\n\
                 the core's owner: {4} {5} ({6})\n\
                 upgrade {4}, which owns this interpreter's core"
            }
        };
        let file = file_name(readable(&head.owner_file));
        let (name, version) = (readable(&head.owner_name), readable(&head.owner_version));
        let values = [wanted.name, part, theirs, ours, name, version, file];
        let sides = Sides { provider: maker.map(ptr::from_ref), ..Sides::consumer(owner) };
        refuse(at, Class::Import, reason, template, &values, sides)
    };
    if status != Status::OK || found.is_null() || !found.is_aligned() {
        let code = number(status.0.unsigned_abs().into());
        return Err(refused(reason_of_status(status), ["status", &code, "0"], None));
    }
    // SAFETY: a service's table starts with a readable header.
    let header = unsafe { ptr::read(found.cast::<RecordHeader>()) };
    let is_headed = header.magic == wanted.kind.magic
        && header.struct_size >= size_of::<ServiceHead>() as u32
        && header.struct_size % 8 == 0;
    // SAFETY: the header vouches for the head, which is frozen under every major.
    let maker = is_headed.then(|| judged_owner(unsafe { (*found).owner }));
    let Err(malformed) = wanted.kind.check(&header) else {
        // SAFETY: aligned; the header vouches for the size of our own minor or more.
        let spoiled = unsafe { has_null(found, ServiceHead::FUNCTIONS) }
            // SAFETY: as above.
            || unsafe { has_null(found, wanted.functions.clone()) };
        return if spoiled {
            Err(refused(Reason::MalformedRecord, ["functions", "NULL", "one for each slot"], maker))
        } else {
            Ok(found)
        };
    };
    // A sound table that is smaller than ours: its maker doesn't know a slot that is needed.
    let old = matches!(malformed, Malformed::Size { .. }) && is_headed;
    with_malformed(malformed, &mut |reason, part, theirs, ours| {
        refused(if old { Reason::ServiceTooOld } else { reason }, [part, theirs, ours], maker);
    });
    Err(Raised)
}
