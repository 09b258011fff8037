//! The `instances` table that this build serves: the maker's side.
//!
//! Each function looks at its arguments, does its work under one shard's lock, and drops or visits outside. Belongs to the
//! internals contract.
//!
//! **Boundary**: the functions of the `instances` table, which modules of other builds call with objects and addresses.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::instances::{INSTANCES, NURSE_VISITS, TypeKey, VisitInstance, VisitObject};
use interbind_abi::services::{InstanceCounts, InstancesService, ServiceHead};
use interbind_abi::{Str, keys};
use interbind_structures::memory::boxed;

use super::map::{self, Found};
use super::nurses::{self, Kept, Patient};
use super::shard::{Parts, SHIFT, Shards};
use super::watch::{Died, WatchRef, Watches};
use crate::ffi::guarded::Guarded;
use crate::ffi::payload::{Free, Payload};
use crate::ffi::try_incref::Enabled;
use crate::ffi::{Attached, PyObject, Strong, error, thunk, weak};
use crate::internals::{Core, Home};
use crate::sync::Ordering;

/// What a maker keeps behind its table, which comes first.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Service {
    table: InstancesService,
    core: Home,
    shards: Shards,
    watches: Watches,
}

thunk! {
    /// Makes the table for [`CoreRecord::service`]; `context` is the maker's owner record, which lives for ever.
    pub(super) fn make(core: *mut CoreRecord, context: *mut c_void, out: *mut *mut ServiceHead) -> Status, else Status::FAILED, {
        let (Some(core), Some(out)) = (NonNull::new(core), Out::at(out)) else { return Status::INVALID };
        let Some(shards) = Shards::new() else { return Status::FAILED };
        let service = boxed(Service {
            table: InstancesService {
                head: ServiceHead {
                    header: INSTANCES.header::<InstancesService>(),
                    name: Str::new(keys::INSTANCES),
                    owner: context.cast_const().cast::<OwnerRecord>(),
                    close: Some(close),
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
            // SAFETY: `MakeService`'s contract: the core that this service belongs to, which frees it.
            core: unsafe { Home::of(core) },
            shards,
            watches: Watches::default(),
        });
        let Ok(service) = service else { return Status::FAILED };
        out.write(Box::into_raw(service).cast());
        Status::OK
    }

    /// Gives up the objects that the service owns for itself; what nurses keep stays theirs.
    fn close(service: *mut ServiceHead), else (), {
        // The core calls this attached, too.
        if let Some(call) = Call::of(service.cast_const().cast()) {
            call.service.watches.close(call.at);
        }
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
        let (Some(call), Some(pointer), Some(object)) = (Call::of(service), address(pointer), object_at(object)) else {
            return Status::INVALID;
        };
        if key.is_null() {
            return Status::INVALID;
        }
        // SAFETY: the table's contract: a live object, whose dealloc begins with `remove`.
        let object = unsafe { Enabled::new(call.at, object) };
        match call.with(pointer, |parts| map::insert(&mut parts.entries, pointer, key, object)) {
            Ok(true) => Status::OK,
            Ok(false) => Status::DIFFERS,
            Err(_) => no_memory(call.at),
        }
    }

    fn remove(
        service: *const InstancesService,
        pointer: *const c_void,
        key: *const TypeKey,
        object: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(call), Some(pointer), Some(object)) = (Call::of(service), address(pointer), object_at(object)) else {
            return Status::INVALID;
        };
        let found = call.with(pointer, |parts| map::remove(&mut parts.entries, pointer, key, object));
        if found { Status::OK } else { Status::MISSING }
    }

    fn find(
        service: *const InstancesService,
        pointer: *const c_void,
        key: *const TypeKey,
        out: *mut *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(call), Some(pointer), Some(out)) = (Call::of(service), address(pointer), Out::at(out)) else {
            return Status::INVALID;
        };
        if key.is_null() {
            return Status::INVALID;
        }
        let found = call.with(pointer, |parts| map::find(call.at, &parts.entries, pointer, key));
        let Some(object) = found else { return Status::MISSING };
        out.write(object.into_ptr().cast());
        Status::OK
    }

    fn visit(
        service: *const InstancesService,
        pointer: *const c_void,
        visit: Option<VisitInstance>,
        context: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(call), Some(pointer), Some(visit)) = (Call::of(service), address(pointer), visit) else {
            return Status::INVALID;
        };
        let mut found = Vec::new();
        call.with(pointer, |parts| map::collect(call.at, &parts.entries, Some(pointer), &mut found));
        show(call.at, found, visit, context)
    }

    fn keep_alive(
        service: *const InstancesService,
        nurse: *mut c_void,
        patient: *mut c_void,
        flags: u32,
    ) -> Status, else Status::FAILED, {
        let (Some(call), Some(nurse)) = (Call::of(service), object_at(nurse)) else { return Status::INVALID };
        let at = call.at;
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
        call.keep(nurse, Patient::Object(patient.into()), flags)
    }

    fn attach(
        service: *const InstancesService,
        nurse: *mut c_void,
        payload: *mut c_void,
        free: Option<Free>,
        flags: u32,
    ) -> Status, else Status::FAILED, {
        let (Some(call), Some(nurse), Some(free)) = (Call::of(service), object_at(nurse), free) else {
            return Status::INVALID;
        };
        // SAFETY: the table's contract: `free` takes the memory once, attached, unless this fails.
        call.keep(nurse, Patient::Payload(unsafe { Payload::new(payload, free) }), flags)
    }

    /// The lock is taken once for each patient, and never held over `visit`: what is visited may change meanwhile.
    fn traverse(
        service: *const InstancesService,
        nurse: *mut c_void,
        visit: Option<VisitObject>,
        context: *mut c_void,
    ) -> c_int, else 0, {
        let (Some(call), Some(nurse), Some(visit)) = (Call::of(service), object_at(nurse), visit) else { return 0 };
        // No look at a watch: the collector may be running, and a class that calls this tells of its deaths itself.
        let mut place = 0;
        while let Some((at, patient)) = call.with(nurse, |parts| nurses::object_from(&parts.nurses, nurse, place)) {
            // SAFETY: `VisitObject`'s contract; the nurse, which the caller holds, holds the patient.
            let status = unsafe { visit(patient.cast(), context) };
            if status != 0 {
                return status;
            }
            place = at + 1;
        }
        0
    }

    fn release(service: *const InstancesService, nurse: *mut c_void) -> Status, else Status::FAILED, {
        let (Some(call), Some(nurse)) = (Call::of(service), object_at(nurse)) else { return Status::INVALID };
        call.sweep(nurse);
        if call.dismiss(nurse, None) { Status::OK } else { Status::MISSING }
    }

    fn count(service: *const InstancesService, out: *mut InstanceCounts) -> Status, else Status::FAILED, {
        let (Some(call), Some(out)) = (Call::of(service), Out::at(out)) else { return Status::INVALID };
        let mut counts = InstanceCounts::default();
        for shard in call.service.shards.each() {
            call.with_shard(shard, |parts| {
                counts.entries += parts.entries.len() as u64;
                counts.nurses += parts.nurses.len() as u64;
                counts.patients += parts.nurses.iter().map(|nurse| nurse.count() as u64).sum::<u64>();
            });
        }
        out.write(counts);
        Status::OK
    }

    fn all(
        service: *const InstancesService,
        visit: Option<VisitInstance>,
        context: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(call), Some(visit)) = (Call::of(service), visit) else { return Status::INVALID };
        let mut found = Vec::new();
        for shard in call.service.shards.each() {
            call.with_shard(shard, |parts| map::collect(call.at, &parts.entries, None, &mut found));
        }
        show(call.at, found, visit, context)
    }
}

/// What a watched nurse's notice leads to.
impl Died for Service {
    fn died(at: Attached, watch: WatchRef) {
        // Python code calls this too: what counts is what the second reference says.
        if let (Some(nurse), true) =
            (NonNull::new(watch.nurse.load(Ordering::Acquire)), watch.is_of(at, ptr::null_mut()))
        {
            if let Some(call) = Call::of(watch.service) {
                call.dismiss(nurse, Some(watch));
            }
        }
    }
}

/// One call of the table: the service that it is for, and the proof that the thread is attached in its interpreter.
#[derive(Clone, Copy)]
struct Call<'a> {
    service: &'a Service,
    at: Attached<'a>,
}

impl<'a> Call<'a> {
    /// From what a function of the table, or a notice, was called with; none for NULL.
    #[inline(always)]
    fn of(service: *const InstancesService) -> Option<Self> {
        // SAFETY: the table's contract: NULL, or the table that has the function, which starts a `Service`.
        let service = unsafe { service.cast::<Service>().as_ref() }?;
        // SAFETY: the table's contract: called attached, in the service's interpreter.
        let at = unsafe { Attached::assume() };
        Some(Self { service, at })
    }

    /// Runs `body`, one of this file's, with the parts that an address belongs to, under their lock.
    #[inline(always)]
    fn with<T, R>(self, address: NonNull<T>, body: impl FnOnce(&mut Parts) -> R) -> R {
        self.with_shard(self.service.shards.of(address.as_ptr() as usize), body)
    }

    /// Runs `body`, one of this file's, under a lock.
    #[inline(always)]
    fn with_shard<R>(self, shard: &Guarded<Parts>, body: impl FnOnce(&mut Parts) -> R) -> R {
        // SAFETY: (1) `Call::of`'s; (2) the bodies of this file count, or call functions of `map` and `nurses`, which take
        // references with `try_incref` and do nothing else of Python; none comes back here.
        unsafe { shard.with(self.at, body) }
    }

    /// Takes out what stands under a live object's address and is another one's, whose death nobody noticed.
    fn sweep(self, object: NonNull<PyObject>) {
        if let Some(watch) = self.with(object, |parts| nurses::watch_of(&parts.nurses, object)) {
            if !watch.is_of(self.at, object.as_ptr()) {
                self.dismiss(object, Some(watch));
            }
        }
    }

    /// Gives a patient to a nurse; on anything but OK the patient is not taken.
    fn keep(self, nurse: NonNull<PyObject>, patient: Patient, flags: u32) -> Status {
        let Self { service, at } = self;
        self.sweep(nurse);
        let mut kept = self.with(nurse, |parts| nurses::keep(&mut parts.nurses, nurse, patient));
        if let Kept::NoNurse(patient) = kept {
            let mut watch = None;
            if flags & NURSE_VISITS == 0 {
                let table = ptr::from_ref(service).cast();
                // SAFETY: (1) the table's contract: a live object; (2) only the service keeps it.
                match unsafe { service.watches.begin::<Service>(at, table, nurse.as_ptr()) } {
                    Ok(begun) => watch = Some(begun),
                    Err(_) => {
                        let why = error::take(at);
                        self.decline(patient);
                        if let Some(why) = why {
                            let _ = error::restore(at, why);
                        }
                        return Status::FAILED;
                    }
                }
            }
            kept = self.with(nurse, |parts| nurses::employ(&mut parts.nurses, nurse, watch, patient));
            if let Some(watch) = watch {
                if let Kept::Employed = kept {
                    // A watched nurse is a user of the core until it dies: `dismiss` takes this count.
                    Core::clone(&service.core).into_ptr();
                } else {
                    // Somebody was faster.
                    self.end(watch);
                }
            }
        }
        match kept {
            Kept::Yes | Kept::Employed => Status::OK,
            Kept::Already(patient) => {
                self.decline(patient);
                Status::OK
            }
            Kept::NoNurse(patient) | Kept::Full(patient) => {
                self.decline(patient);
                no_memory(at)
            }
        }
    }

    /// Hands a patient back that isn't taken; may run any code.
    fn decline(self, patient: Patient) {
        patient.decline(self.at);
    }

    /// Ends a watch that nobody needs any more.
    fn end(self, watch: WatchRef) {
        watch.end(self.at);
        self.service.watches.give_back(self.at, watch);
    }

    /// Takes a nurse out, lets its patients go, and then its watch and its count on the core; false when it isn't there.
    fn dismiss(self, nurse: NonNull<PyObject>, watch: Option<WatchRef>) -> bool {
        let taken = self.with(nurse, |parts| nurses::dismiss(&mut parts.nurses, nurse, watch));
        let Some(nurse) = taken else { return false };
        let watch = nurse.watch;
        if let Some(watch) = watch {
            self.end(watch);
        }
        nurse.drop_patients(self.at);
        if watch.is_some() {
            // SAFETY: the nurse was a user of this core until here; nothing of the service is touched after it.
            drop(unsafe { self.service.core.adopt() });
        }
        true
    }
}

/// Where a function of the table puts its result: its own `out`, which isn't NULL.
struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// From the argument; none when it is NULL.
    #[inline(always)]
    fn at(out: *mut T) -> Option<Self> {
        NonNull::new(out).map(Self)
    }

    #[inline(always)]
    fn write(self, result: T) {
        // SAFETY: the table's and `MakeService`'s contract: an `out` that isn't NULL is writable during the call.
        unsafe { self.0.write(result) };
    }
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
fn no_memory(at: Attached) -> Status {
    let _ = error::no_memory(at);
    Status::FAILED
}

/// Calls `visit` with each, until it returns something else than [`Status::OK`].
fn show(at: Attached, found: Vec<Found>, visit: VisitInstance, context: *mut c_void) -> Status {
    let mut status = Status::OK;
    for Found { key, object } in found {
        let object = object.claim(at);
        if status == Status::OK {
            // SAFETY: `VisitInstance`'s contract; no lock is held.
            status = unsafe { visit(key, object.as_ptr().cast(), context) };
        }
    }
    status
}
