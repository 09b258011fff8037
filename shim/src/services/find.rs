//! Finding a service's table in the core, or making it: the same for every service, and what is said when it can't be used.
//!
//! The table may be another build's; [`Core::table`] judges it. Called by each service's user side; belongs to the internals
//! contract.

use interbind_abi::Reason;
use interbind_abi::core::Status;
use interbind_abi::header::Malformed;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::ServiceHead;

use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, Raised};
use crate::internals::{Core, Unfit, Wanted};
use crate::judged::readable;
use crate::malformed::wrong_part;
use crate::owner::file_name;
use crate::refusal::{Sides, reason_of_status, refuse};
use crate::text::number;

/// Finds the interpreter's table of that service in its core, or makes it; judged, and valid as long as the core.
pub(crate) fn find_or_make(
    at: Attached,
    core: &Core,
    owner: &'static OwnerRecord,
    wanted: &Wanted,
) -> Result<*const ServiceHead, Raised> {
    find_or_make_for(at, core, owner, owner, wanted)
}

/// Does it for a module, in the name of a maker.
#[inline(never)]
pub(crate) fn find_or_make_for(
    at: Attached,
    core: &Core,
    owner: &'static OwnerRecord,
    maker: &'static OwnerRecord,
    wanted: &Wanted,
) -> Result<*const ServiceHead, Raised> {
    let unfit = match core.table(at, wanted, maker) {
        Ok(found) => return Ok(found),
        Err(unfit) => unfit,
    };
    let refused = |reason, [part, theirs, ours]: [&str; 3], maker: Option<&'static OwnerRecord>| {
        let head = core.head();
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
            None if !wanted.is_makeable() => {
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
        let sides = Sides { provider: maker.map(core::ptr::from_ref), ..Sides::consumer(owner) };
        refuse(at, Class::Import, reason, template, &values, sides)
    };
    match unfit {
        // Our own maker had no memory.
        Unfit::Status(Status::FAILED) if wanted.is_makeable() => {
            Err(if at.has_raised() { Raised::at(at) } else { error::no_memory(at) })
        }
        Unfit::Status(status) => {
            let code = number(status.0.unsigned_abs().into());
            Err(refused(reason_of_status(status), ["status", &code, "0"], None))
        }
        Unfit::Malformed(malformed, maker) => {
            // A sound table that is smaller than ours: its maker doesn't know a slot that is needed.
            let old =
                matches!(malformed, Malformed::Size { .. } | Malformed::Minor { .. }) && maker.is_some();
            let part = wrong_part(malformed);
            let reason = if old { Reason::ServiceTooOld } else { part.reason };
            Err(refused(reason, [part.name, &part.found, &part.expected], maker))
        }
    }
}
