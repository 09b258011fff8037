//! The judged core of an interpreter, as everything above the judge holds it.
//!
//! A handle is a count: it keeps the core and its services. Only the files that judge a core make one; the rest of the
//! crate calls these methods and never sees the pointer. The table of a service is judged here too: it may be a third build's.
//! Belongs to the internals contract.
//!
//! **Boundary**: each method is one call of the judged core, or one look at a table that it gave.

use core::ffi::c_void;
use core::mem::ManuallyDrop;
#[cfg(feature = "static")]
use core::ops::Deref;
use core::ptr::{self, NonNull};

use interbind_abi::core::{CoreHead, CoreRecord, MakeService, Status};
use interbind_abi::header::Malformed;
use interbind_abi::judge::{Record, judge};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::ServiceHead;
use interbind_abi::{RecordHeader, Str};

use crate::ffi::Attached;
use crate::judged::judged_owner;
use crate::lifetime;

/// What a service's table must be, and how this build makes one.
pub(crate) struct Wanted {
    /// The service's name.
    pub(crate) name: &'static str,
    major: u16,
    magic: [u8; 8],
    /// Judges the table, which starts with a head.
    judge: unsafe fn(*const ServiceHead) -> Result<(), Malformed>,
    /// Makes the table; its context is the maker's owner record, which lives for ever. `None` when this build can't.
    make: Option<MakeService>,
}

/// Why a service's table can't be used.
pub(crate) enum Unfit {
    /// The core gave none.
    Status(Status),
    /// It is malformed; its maker, where the head can be read.
    Malformed(Malformed, Option<&'static OwnerRecord>),
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

    /// Tells whether this build can make the table.
    pub(crate) fn is_makeable(&self) -> bool {
        self.make.is_some()
    }
}

/// A judged core, and a count on it.
#[derive(Debug)]
pub(crate) struct Core(NonNull<CoreRecord>);

// SAFETY: `retain` and `release` work on any thread; what needs an attached one asks for the proof.
unsafe impl Send for Core {}
// SAFETY: as above; everything else in the record is read-only or atomic.
unsafe impl Sync for Core {}

impl Core {
    /// Adds a count to a core that was judged just now.
    ///
    /// # Safety
    /// 1. The record was judged, and somebody keeps it during the call.
    #[cfg(feature = "static")]
    pub(crate) unsafe fn retain(judged: NonNull<CoreRecord>) -> Self {
        // Not ours: only what is added is counted down.
        Self::clone(&ManuallyDrop::new(Self(judged)))
    }

    /// Takes over a count that somebody else added.
    ///
    /// Only the wheel's runtime hands one out.
    ///
    /// # Safety
    /// 1. The record was judged, and the caller gives a count of it away.
    #[cfg(not(feature = "static"))]
    pub(crate) unsafe fn adopt(judged: NonNull<CoreRecord>) -> Self {
        Self(judged)
    }

    /// Gives the count away, as a pointer for other languages.
    pub(crate) fn into_ptr(self) -> *mut CoreRecord {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// The address, for records that say where they belong.
    pub(crate) fn as_ptr(&self) -> *mut CoreRecord {
        self.0.as_ptr()
    }

    fn record(&self) -> &CoreRecord {
        // SAFETY: judged, and counted, by `self` or by whom it was borrowed from: it lives as long as `self`.
        unsafe { self.0.as_ref() }
    }

    /// What is readable under every major.
    pub(crate) fn head(&self) -> &CoreHead {
        &self.record().head
    }

    /// The interpreter's serial.
    pub(crate) fn serial(&self) -> [u8; 16] {
        self.head().serial
    }

    /// Tells whether the interpreter is not ending.
    pub(crate) fn is_open(&self) -> bool {
        lifetime::is_open(&self.record().state)
    }

    /// Finds a service's table, or has it made; whatever comes back is another build's, and isn't judged.
    ///
    /// # Safety
    /// 1. `make`, if there is one, may be called with `context`, during this call.
    pub(crate) unsafe fn service(
        &self,
        _at: Attached,
        name: &str,
        major: u32,
        make: Option<MakeService>,
        context: *mut c_void,
    ) -> (Status, *mut ServiceHead) {
        let mut found = ptr::null_mut();
        let name = Str { ptr: name.as_ptr(), len: name.len() as u64 };
        // SAFETY: judged; attached; the text outlives the call; duty 1.
        let status =
            unsafe { (self.record().service)(self.as_ptr(), name, major, make, context, &mut found) };
        (status, found)
    }
}

impl Core {
    /// Finds the interpreter's table of a service, or has it made in the name of `maker`; judged, and valid as long as the core.
    pub(crate) fn table(
        &self,
        at: Attached,
        wanted: &Wanted,
        maker: &'static OwnerRecord,
    ) -> Result<*const ServiceHead, Unfit> {
        let context = ptr::from_ref(maker).cast_mut().cast();
        // SAFETY: (1) our makers take an owner record that lives for ever as context.
        let (status, found) =
            unsafe { self.service(at, wanted.name, wanted.major.into(), wanted.make, context) };
        if status != Status::OK || found.is_null() || !found.is_aligned() {
            return Err(Unfit::Status(status));
        }
        // SAFETY: a service's table starts with a readable header; the core keeps it.
        let Err(malformed) = (unsafe { (wanted.judge)(found) }) else { return Ok(found) };
        // SAFETY: as above; aligned.
        let header = unsafe { found.cast::<RecordHeader>().read() };
        let is_headed = header.magic == wanted.magic
            && header.struct_size >= size_of::<ServiceHead>() as u32
            && header.struct_size % 8 == 0;
        // SAFETY: the header vouches for the head, which is frozen under every major.
        let maker = is_headed.then(|| judged_owner(unsafe { (*found).owner }));
        Err(Unfit::Malformed(malformed, maker))
    }
}

impl Clone for Core {
    fn clone(&self) -> Self {
        // SAFETY: judged; `self` keeps it during the call.
        unsafe { (self.record().retain)(self.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let release = self.record().release;
        // SAFETY: this takes the count that `self` is.
        unsafe { release(self.as_ptr()) };
    }
}

/// The core that one of its services belongs to: a core without a count, because the service goes before it.
#[cfg(feature = "static")]
#[derive(Debug)]
pub(crate) struct Home(ManuallyDrop<Core>);

#[cfg(feature = "static")]
impl Home {
    /// Takes what a maker of services was called with.
    ///
    /// # Safety
    /// 1. The record is sound, and stays so as long as the value is used.
    pub(crate) unsafe fn of(core: NonNull<CoreRecord>) -> Self {
        Self(ManuallyDrop::new(Core(core)))
    }

    /// Takes over a count that was added here and given away.
    ///
    /// # Safety
    /// 1. There is such a count, and nobody takes it another time.
    pub(crate) unsafe fn adopt(&self) -> Core {
        Core(self.0.0)
    }
}

#[cfg(feature = "static")]
impl Deref for Home {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}
