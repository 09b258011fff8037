//! The `functions` service: the list of all builds' classes of functions in an interpreter, found or made.
//!
//! It stands in the state dict under a key of its own, so a module needs neither a core nor the wheel. A reader judges each
//! record first; a class is only ever added.
//!
//! **Boundary**: the table and the classes of other builds are judged here, and ours are made, which others read and free.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use interbind_abi::owner::{OWNER, OwnerRecord};
use interbind_abi::services::functions::{FUNCTION, FUNCTION_CLASS, FUNCTIONS};
use interbind_abi::services::{FunctionClass, FunctionsService, ServiceHead};
use interbind_abi::{Reason, Str, judge, keys};
use interbind_structures::memory::boxed;

use super::class;
use crate::ffi::capsule::{self, Capsule, Found};
use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, PyObject, Raised, Strong, thunk};
use crate::judged::readable;
use crate::malformed::wrong_part;
use crate::owner::{COMPILER, PLATFORM, VERSION};
use crate::refusal::{Sides, refuse};

/// Whose the classes and the list are that this crate makes.
static OWNER_HERE: OwnerRecord = OwnerRecord {
    header: OWNER.header::<OwnerRecord>(),
    name: Str::new("interbind::add_function"),
    version: Str::new(VERSION),
    file: Str::new(""),
    platform: Str::new(PLATFORM),
    interbind: Str::new(VERSION),
    compiler: Str::new(COMPILER),
};

thunk! {
    fn free_class(record: *mut FunctionClass) -> (), else (), {
        // SAFETY: a box of `add`, once.
        drop(unsafe { Box::from_raw(record) });
    }

    fn close(service: *mut ServiceHead) -> (), else (), {
        // SAFETY: the table of `make`, whose head comes first.
        let table = unsafe { &*service.cast::<FunctionsService>() };
        // SAFETY: the capsule's destructor calls this, attached.
        let at = unsafe { Attached::assume() };
        let mut next = table.classes.swap(ptr::null_mut(), Ordering::AcqRel);
        while let Some(each) = ptr::NonNull::new(next) {
            // SAFETY: added by a module of this interpreter, and freed here alone.
            let record = unsafe { each.as_ref() };
            next = record.next.cast_mut();
            let (python, free) = (record.python, record.free);
            // SAFETY: as its record says.
            unsafe { free(each.as_ptr()) };
            // SAFETY: it was the record's.
            drop(ptr::NonNull::new(python.cast()).map(|python| unsafe { Strong::owned(at, python) }));
        }
    }

    fn destroy(service: *mut ServiceHead) -> (), else (), {
        // SAFETY: a box of `make`, once.
        drop(unsafe { Box::from_raw(service.cast::<FunctionsService>()) });
    }

    fn end(capsule: *mut PyObject) -> (), else (), {
        // SAFETY: (1) the destructor's argument, made under that key.
        let head = unsafe { capsule::read_dying(capsule, keys::FUNCTIONS) }.cast::<ServiceHead>();
        if head.is_null() {
            return;
        }
        // SAFETY: the table of `make`.
        let table = unsafe { &*head };
        let (close, destroy) = (table.close, table.destroy);
        if let Some(close) = close {
            // SAFETY: once, attached.
            unsafe { close(head) };
        }
        // SAFETY: once.
        unsafe { destroy(head) };
    }
}

/// The table, held: it's there as long as this.
pub(super) struct Service(Capsule);

impl Service {
    /// Finds it.
    fn find(at: Attached) -> Result<Option<Self>, Raised> {
        Self::judged(at, capsule::find(at, keys::FUNCTIONS)?)
    }

    /// Finds it, or makes it.
    fn find_or_make(at: Attached) -> Result<Self, Raised> {
        if let Some(found) = Self::find(at)? {
            return Ok(found);
        }
        let table = FunctionsService {
            head: ServiceHead {
                header: FUNCTIONS.header::<FunctionsService>(),
                name: Str::new("functions"),
                owner: &raw const OWNER_HERE,
                close: Some(close),
                destroy,
            },
            classes: AtomicPtr::new(ptr::null_mut()),
            private: ptr::null_mut(),
        };
        let table = Box::into_raw(boxed(table).map_err(|_| error::no_memory(at))?);
        match capsule::set_default(at, keys::FUNCTIONS, table.cast(), Some(end)) {
            Ok(found) => Self::judged(at, found)?.ok_or_else(|| error::no_memory(at)),
            Err(raised) => {
                // SAFETY: nobody got it.
                drop(unsafe { Box::from_raw(table) });
                Err(raised)
            }
        }
    }

    fn judged(at: Attached, found: Found) -> Result<Option<Self>, Raised> {
        let failed = "cannot use the `functions` service of this interpreter\n{0}\n\
                      find out which code writes to that key, or upgrade the older of the modules that make functions";
        match found {
            Found::Nothing => Ok(None),
            Found::Stranger(class) => {
                let key = keys::FUNCTIONS.to_str().unwrap_or_default();
                let parts = crate::text::Text::of_parts(&[
                    "what stands under `",
                    key,
                    "`: provider has ",
                    &class,
                    ", this module expects a capsule",
                ]);
                Err(refuse(
                    at,
                    Class::Import,
                    Reason::NotACapsule,
                    failed,
                    &[&parts],
                    Sides::consumer(&OWNER_HERE),
                ))
            }
            Found::Capsule(held) => {
                // SAFETY: threat model: a capsule of that name leads to a readable table.
                if let Err(malformed) = unsafe { judge::<FunctionsService>(held.pointer().cast()) } {
                    let part = wrong_part(malformed);
                    let parts = crate::text::Text::of_parts(&[
                        part.name,
                        ": provider has ",
                        &part.found,
                        ", this module expects ",
                        &part.expected,
                    ]);
                    return Err(refuse(
                        at,
                        Class::Import,
                        part.reason,
                        failed,
                        &[&parts],
                        Sides::consumer(&OWNER_HERE),
                    ));
                }
                Ok(Some(Self(held)))
            }
        }
    }

    fn classes(&self) -> &AtomicPtr<FunctionClass> {
        // SAFETY: judged, and held.
        let table = unsafe { &*self.0.pointer().cast::<FunctionsService>() };
        &table.classes
    }

    /// This build's class in the list.
    fn own(&self, at: Attached) -> Option<Strong> {
        let mut next = self.classes().load(Ordering::Acquire).cast_const();
        while !next.is_null() {
            // SAFETY: threat model: a class of the list is readable as long as the table is. Behind one that can't be read nobody
            // knows what there is.
            let class = unsafe { judge::<FunctionClass>(next) }.ok()?;
            let is_version = (class.major, class.minor) == (FUNCTION.major.into(), FUNCTION.minor.into());
            if is_version && readable(&class.platform) == PLATFORM {
                // SAFETY: the list owns it.
                return Some(unsafe { Strong::from_borrowed(at, class.python.cast()) });
            }
            next = class.next;
        }
        None
    }

    /// Adds a class to the list, unless another thread has.
    fn add(&self, at: Attached, python: Strong) -> Result<Strong, Raised> {
        let held = python.share(at);
        let made = FunctionClass {
            header: FUNCTION_CLASS.header::<FunctionClass>(),
            next: ptr::null(),
            owner: &raw const OWNER_HERE,
            platform: Str::new(PLATFORM),
            python: python.into_ptr().cast(),
            offset: size_of::<PyObject>() as u64,
            major: FUNCTION.major.into(),
            minor: FUNCTION.minor.into(),
            free: free_class,
            private: ptr::null_mut(),
        };
        let mut made = boxed(made).map_err(|_| error::no_memory(at))?;
        let mut known = self.classes().load(Ordering::Acquire);
        loop {
            if let Some(other) = self.own(at) {
                // SAFETY: it was the record's.
                drop(
                    ptr::NonNull::new(made.python.cast()).map(|python| unsafe { Strong::owned(at, python) }),
                );
                return Ok(other);
            }
            made.next = known;
            let place = Box::into_raw(made);
            match self.classes().compare_exchange(known, place, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(held),
                Err(other) => {
                    known = other;
                    // SAFETY: nobody got it.
                    made = unsafe { Box::from_raw(place) };
                }
            }
        }
    }
}

/// This build's class in the current interpreter; `None`: nobody has made it yet.
pub(crate) fn own(at: Attached) -> Result<Option<Strong>, Raised> {
    Ok(Service::find(at)?.and_then(|service| service.own(at)))
}

/// This build's class in the current interpreter, made if need be.
pub(super) fn own_or_made(at: Attached) -> Result<Strong, Raised> {
    let service = Service::find_or_make(at)?;
    match service.own(at) {
        Some(own) => Ok(own),
        None => service.add(at, class::make(at)?),
    }
}
