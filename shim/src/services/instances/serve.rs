//! The `instances` table that this build serves: the maker's side.
//!
//! Each function looks at its arguments, does its work under one shard's lock, and drops or visits outside. Belongs to the
//! internals contract.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::instances::{INSTANCES, NURSE_VISITS, TypeKey, VisitInstance, VisitObject};
use interbind_abi::services::{InstanceCounts, InstancesService, ServiceHead};
use interbind_abi::{Str, keys};

use super::map::{self, Found};
use super::nurses::{self, Kept, Patient};
use super::shard::{Parts, SHIFT, Shards};
use super::watch::{Watch, Watches};
use crate::ffi::{Attached, PyObject, Raised, Strong, error, thunk, try_incref, weak};

/// What a maker keeps behind its table, which comes first.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Service {
    table: InstancesService,
    core: *mut CoreRecord,
    shards: Shards,
    watches: Watches,
}

thunk! {
    /// Makes the table for [`CoreRecord::service`]; `context` is the maker's owner record, which lives for ever.
    pub(super) fn make(core: *mut CoreRecord, context: *mut c_void, out: *mut *mut ServiceHead) -> Status, else Status::FAILED, {
        let shards = Shards::new();
        let service = Box::new(Service {
            table: InstancesService {
                head: ServiceHead {
                    header: INSTANCES.header::<InstancesService>(),
                    name: Str::new(keys::INSTANCES),
                    owner: context.cast_const().cast::<OwnerRecord>(),
                    destroy,
                },
                shards: shards.count() as u32,
                shift: SHIFT,
                insert,
                remove,
                find,
                visit,
                keep_alive,
                attach,
                traverse,
                release,
                count,
                all,
                private: ptr::null_mut(),
            },
            core,
            shards,
            watches: Watches::default(),
        });
        // SAFETY: `MakeService`'s contract.
        unsafe { out.write(Box::into_raw(service).cast()) };
        Status::OK
    }

    /// Frees the maps. References that are left are given up: nobody may be attached.
    fn destroy(service: *mut ServiceHead), else (), {
        // SAFETY: the core calls this once, with the table that `make` made, which starts the box.
        drop(unsafe { Box::from_raw(service.cast::<Service>()) });
    }

    fn insert(
        service: *const InstancesService,
        pointer: *const c_void,
        key: *const TypeKey,
        object: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(pointer), Some(object)) = (behind(service), address(pointer), object_at(object)) else {
            return Status::INVALID;
        };
        if key.is_null() {
            return Status::INVALID;
        }
        // SAFETY: the table's contract: a live object.
        unsafe { try_incref::enable(object.as_ptr()) };
        let shard = service.shards.of(pointer.as_ptr() as usize);
        // SAFETY: (1) the table's contract: attached in its interpreter; (2) nothing of Python.
        match unsafe { shard.with(|parts| map::insert(&mut parts.entries, pointer, key, object)) } {
            Ok(true) => Status::OK,
            Ok(false) => Status::DIFFERS,
            Err(_) => no_memory(),
        }
    }

    fn remove(
        service: *const InstancesService,
        pointer: *const c_void,
        key: *const TypeKey,
        object: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(pointer), Some(object)) = (behind(service), address(pointer), object_at(object)) else {
            return Status::INVALID;
        };
        let shard = service.shards.of(pointer.as_ptr() as usize);
        // SAFETY: as in `insert`.
        let found = unsafe { shard.with(|parts| map::remove(&mut parts.entries, pointer, key, object)) };
        if found { Status::OK } else { Status::MISSING }
    }

    fn find(
        service: *const InstancesService,
        pointer: *const c_void,
        key: *const TypeKey,
        out: *mut *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(pointer)) = (behind(service), address(pointer)) else { return Status::INVALID };
        if key.is_null() || out.is_null() {
            return Status::INVALID;
        }
        let shard = service.shards.of(pointer.as_ptr() as usize);
        // SAFETY: under the lock; `insert` enabled each object, and each is removed before it's freed.
        let search = |parts: &mut Parts| unsafe { map::find(&parts.entries, pointer, key) };
        // SAFETY: as in `insert`; references are taken with `try_incref` only.
        let Some(object) = (unsafe { shard.with(search) }) else { return Status::MISSING };
        // SAFETY: not NULL; the table's contract.
        unsafe { out.write(object.as_ptr().cast()) };
        Status::OK
    }

    fn visit(
        service: *const InstancesService,
        pointer: *const c_void,
        visit: Option<VisitInstance>,
        context: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(pointer), Some(visit)) = (behind(service), address(pointer), visit) else {
            return Status::INVALID;
        };
        let mut found = Vec::new();
        let shard = service.shards.of(pointer.as_ptr() as usize);
        // SAFETY: as in `find`.
        let collect = |parts: &mut Parts| unsafe { map::collect(&parts.entries, Some(pointer), &mut found) };
        // SAFETY: as in `find`.
        unsafe { shard.with(collect) };
        show(found, visit, context)
    }

    fn keep_alive(
        service: *const InstancesService,
        nurse: *mut c_void,
        patient: *mut c_void,
        flags: u32,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(nurse)) = (behind(service), object_at(nurse)) else { return Status::INVALID };
        // SAFETY: the table's contract.
        let at = unsafe { Attached::assume() };
        let none = weak::is_none(at, nurse.as_ptr());
        let Some(patient) = object_at(patient).filter(|patient| !none && !weak::is_none(at, patient.as_ptr())) else {
            return Status::MISSING;
        };
        if nurse == patient {
            // Every object lives as long as itself.
            return Status::OK;
        }
        // SAFETY: the table's contract: a live object.
        let patient = unsafe { Strong::from_borrowed(at, patient.as_ptr()) };
        let patient = NonNull::new(patient.into_ptr()).map(Patient::Object);
        patient.map_or(Status::FAILED, |patient| keep(at, service, nurse, patient, flags))
    }

    fn attach(
        service: *const InstancesService,
        nurse: *mut c_void,
        payload: *mut c_void,
        free: Option<unsafe extern "C" fn(payload: *mut c_void)>,
        flags: u32,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(nurse), Some(free)) = (behind(service), object_at(nurse), free) else {
            return Status::INVALID;
        };
        // SAFETY: the table's contract.
        let at = unsafe { Attached::assume() };
        keep(at, service, nurse, Patient::Payload(payload, free), flags)
    }

    /// The lock is taken once for each patient, and never held over `visit`: what is visited may change meanwhile.
    fn traverse(
        service: *const InstancesService,
        nurse: *mut c_void,
        visit: Option<VisitObject>,
        context: *mut c_void,
    ) -> c_int, else 0, {
        let (Some(service), Some(nurse), Some(visit)) = (behind(service), object_at(nurse), visit) else { return 0 };
        let shard = service.shards.of(nurse.as_ptr() as usize);
        let mut place = 0;
        // SAFETY: as in `insert`.
        while let Some((at, patient)) = unsafe { shard.with(|parts| nurses::object_from(&parts.nurses, nurse, place)) } {
            // SAFETY: `VisitObject`'s contract; the nurse, which the caller holds, holds the patient.
            let status = unsafe { visit(patient.as_ptr().cast(), context) };
            if status != 0 {
                return status;
            }
            place = at + 1;
        }
        0
    }

    fn release(service: *const InstancesService, nurse: *mut c_void) -> Status, else Status::FAILED, {
        let (Some(service), Some(nurse)) = (behind(service), object_at(nurse)) else { return Status::INVALID };
        if dismiss(service, nurse, ptr::null()) { Status::OK } else { Status::MISSING }
    }

    fn count(service: *const InstancesService, out: *mut InstanceCounts) -> Status, else Status::FAILED, {
        let (Some(service), false) = (behind(service), out.is_null()) else { return Status::INVALID };
        let mut counts = InstanceCounts::default();
        for shard in service.shards.each() {
            let add = |parts: &mut Parts| {
                counts.entries += parts.entries.len() as u64;
                counts.nurses += parts.nurses.len() as u64;
                counts.patients += parts.nurses.iter().map(|nurse| nurse.count() as u64).sum::<u64>();
            };
            // SAFETY: as in `insert`.
            unsafe { shard.with(add) };
        }
        // SAFETY: not NULL; the table's contract.
        unsafe { out.write(counts) };
        Status::OK
    }

    fn all(
        service: *const InstancesService,
        visit: Option<VisitInstance>,
        context: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(visit)) = (behind(service), visit) else { return Status::INVALID };
        let mut found = Vec::new();
        for shard in service.shards.each() {
            // SAFETY: as in `find`.
            let collect = |parts: &mut Parts| unsafe { map::collect(&parts.entries, None, &mut found) };
            // SAFETY: as in `find`.
            unsafe { shard.with(collect) };
        }
        show(found, visit, context)
    }

    /// A watched nurse dies.
    fn nurse_died(slf: *mut PyObject, weak: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: Python calls this attached, with the capsule that `weak::watch` made.
        let at = unsafe { Attached::assume() };
        // SAFETY: as above.
        let watch = unsafe { weak::context(at, slf) }.cast::<Watch>();
        // SAFETY: NULL, or a watch; it lives as long as the service, of which its nurse is a user.
        if let Some(watch) = unsafe { watch.as_ref() } {
            // SAFETY: Python passes a live object.
            let weak = unsafe { Strong::from_borrowed(at, weak) };
            let nurse = NonNull::new(watch.nurse.load(core::sync::atomic::Ordering::Acquire));
            if let (true, Some(nurse)) = (watch.has_died(at, &weak), nurse) {
                // SAFETY: as above.
                dismiss(unsafe { &*watch.service }, nurse, watch);
            }
        }
        weak::none(at)
    }
}

/// What a watched nurse's weak reference calls.
static NURSE_DIED: weak::Definition = weak::Definition::new(c"interbind_nurse_died", nurse_died);

/// Returns what stands behind one of our own tables.
#[inline(always)]
fn behind<'a>(service: *const InstancesService) -> Option<&'a Service> {
    // SAFETY: the table's contract: NULL, or the table that the function stands in, which starts a `Service`.
    unsafe { service.cast::<Service>().as_ref() }
}

#[inline(always)]
fn address(pointer: *const c_void) -> Option<NonNull<c_void>> {
    NonNull::new(pointer.cast_mut())
}

#[inline(always)]
fn object_at(object: *mut c_void) -> Option<NonNull<PyObject>> {
    NonNull::new(object.cast())
}

#[cold]
fn no_memory() -> Status {
    // SAFETY: the tables' contract.
    error::no_memory(unsafe { Attached::assume() });
    Status::FAILED
}

/// Calls `visit` with each, until it returns something else than [`Status::OK`].
fn show(found: Vec<Found>, visit: VisitInstance, context: *mut c_void) -> Status {
    let mut status = Status::OK;
    for Found { key, object } in found {
        // SAFETY: a reference of ours.
        let object = unsafe { Strong::from_new(object.as_ptr()) };
        if let (Status::OK, Ok(object)) = (status, object) {
            // SAFETY: `VisitInstance`'s contract; no lock is held.
            status = unsafe { visit(key, object.as_ptr().cast(), context) };
        }
    }
    status
}

/// Gives a patient to a nurse; on anything but OK the patient is not taken.
fn keep(at: Attached, service: &Service, nurse: NonNull<PyObject>, patient: Patient, flags: u32) -> Status {
    let shard = service.shards.of(nurse.as_ptr() as usize);
    // SAFETY: as in `insert`.
    let mut kept = unsafe { shard.with(|parts| nurses::keep(&mut parts.nurses, nurse, patient)) };
    if let Kept::NoNurse(patient) = kept {
        let mut watch = ptr::null();
        if flags & NURSE_VISITS == 0 {
            // SAFETY: the table's contract: a live object.
            match unsafe { service.watches.begin(at, service, nurse.as_ptr(), &NURSE_DIED) } {
                Ok(begun) => watch = begun,
                Err(Raised) => {
                    let why = error::take(at);
                    // SAFETY: no lock is held.
                    unsafe { patient.decline(at) };
                    if let Some(why) = why {
                        error::restore(at, why);
                    }
                    return Status::FAILED;
                }
            }
        }
        // SAFETY: as in `insert`.
        kept = unsafe { shard.with(|parts| nurses::employ(&mut parts.nurses, nurse, watch, patient)) };
        if !watch.is_null() {
            if let Kept::Employed = kept {
                // A watched nurse is a user of the core until it dies.
                // SAFETY: our own core record.
                let retain = unsafe { (*service.core).retain };
                // SAFETY: the caller is a user.
                unsafe { retain(service.core) };
            } else {
                // Somebody was faster.
                end(at, service, watch);
            }
        }
    }
    match kept {
        Kept::Yes | Kept::Employed => Status::OK,
        Kept::Already(patient) => {
            // SAFETY: no lock is held.
            unsafe { patient.decline(at) };
            Status::OK
        }
        Kept::NoNurse(patient) | Kept::Full(patient) => {
            // SAFETY: as above.
            unsafe { patient.decline(at) };
            no_memory()
        }
    }
}

/// Ends a watch that nobody needs any more.
fn end(at: Attached, service: &Service, watch: *const Watch) {
    // SAFETY: watches live as long as the service.
    unsafe { &*watch }.end(at);
    service.watches.give_back(at, watch);
}

/// Takes a nurse out, lets its patients go, and then its watch and its count on the core; false when it isn't there.
fn dismiss(service: &Service, nurse: NonNull<PyObject>, watch: *const Watch) -> bool {
    // SAFETY: the table's contract.
    let at = unsafe { Attached::assume() };
    let shard = service.shards.of(nurse.as_ptr() as usize);
    // SAFETY: as in `insert`.
    let taken = unsafe { shard.with(|parts| nurses::dismiss(&mut parts.nurses, nurse, watch)) };
    let Some(nurse) = taken else { return false };
    let watch = nurse.watch;
    if !watch.is_null() {
        end(at, service, watch);
    }
    // SAFETY: no lock is held.
    unsafe { nurse.drop_patients(at) };
    if !watch.is_null() {
        // SAFETY: the nurse was a user of this core until here.
        let release = unsafe { (*service.core).release };
        // SAFETY: takes the nurse's count; nothing of the service is touched after it.
        unsafe { release(service.core) };
    }
    true
}
