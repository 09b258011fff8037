//! Finding a service's table in the core, or making it, and judging it: the same for every service.
//!
//! The table may be another build's, so nothing of it is read that an earlier step hasn't vouched for: status, header,
//! functions. Called by each service's user side; belongs to the internals contract.

use core::ptr;

use interbind_abi::core::{MakeService, Status};
use interbind_abi::header::Malformed;
use interbind_abi::judge::{Record, judge};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::ServiceHead;
use interbind_abi::{Reason, RecordHeader};

use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, Raised};
use crate::internals::Core;
use crate::malformed::wrong_part;
use crate::owner::{file_name, judged_owner, readable};
use crate::refusal::{Sides, reason_of_status, refuse};
use crate::text::number;

/// What a service's table must be, and how this build makes one.
pub(crate) struct Wanted {
    /// The service's name.
    pub(crate) name: &'static str,
    /// The table's major.
    pub(crate) major: u16,
    /// Judges the table, which starts with a head.
    judge: unsafe fn(*const ServiceHead) -> Result<(), Malformed>,
    magic: [u8; 8],
    /// Makes the table; its context is the maker's owner record, which lives for ever. `None` when this build can't.
    pub(crate) make: Option<MakeService>,
}

impl Wanted {
    /// Wants a table that is a `T`.
    pub(crate) const fn of<T: Record>(name: &'static str, make: Option<MakeService>) -> Self {
        /// # Safety
        /// 1. As [`judge`]'s first.
        unsafe fn judged<T: Record>(table: *const ServiceHead) -> Result<(), Malformed> {
            // SAFETY: duty 1; nothing is kept.
            unsafe { judge(table.cast::<T>()) }.map(|_| ())
        }
        Self { name, major: T::KIND.major, judge: judged::<T>, magic: T::KIND.magic, make }
    }
}

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
    let context = ptr::from_ref(maker).cast_mut().cast();
    // SAFETY: our makers take an owner record that lives for ever as context.
    let (status, found) = unsafe { core.service(at, wanted.name, wanted.major.into(), wanted.make, context) };
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
    if status == Status::FAILED && wanted.make.is_some() {
        // Our own maker had no memory.
        return Err(if at.has_raised() { Raised::at(at) } else { error::no_memory(at) });
    }
    if status != Status::OK || found.is_null() || !found.is_aligned() {
        let code = number(status.0.unsigned_abs().into());
        return Err(refused(reason_of_status(status), ["status", &code, "0"], None));
    }
    // SAFETY: a service's table starts with a readable header; the core keeps it.
    let Err(malformed) = (unsafe { (wanted.judge)(found) }) else { return Ok(found) };
    // SAFETY: as above; aligned.
    let header = unsafe { ptr::read(found.cast::<RecordHeader>()) };
    let is_headed = header.magic == wanted.magic
        && header.struct_size >= size_of::<ServiceHead>() as u32
        && header.struct_size % 8 == 0;
    // SAFETY: the header vouches for the head, which is frozen under every major.
    let maker = is_headed.then(|| judged_owner(unsafe { (*found).owner }));
    // A sound table that is smaller than ours: its maker doesn't know a slot that is needed.
    let old = matches!(malformed, Malformed::Size { .. } | Malformed::Minor { .. }) && is_headed;
    let part = wrong_part(malformed);
    let reason = if old { Reason::ServiceTooOld } else { part.reason };
    Err(refused(reason, [part.name, &part.found, &part.expected], maker))
}
