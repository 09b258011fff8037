//! The `userdata` table that this build serves: the maker's side.
//!
//! A datum stays until the service goes, so the data stand in a chain that only grows; whoever loses the race for a name
//! frees what it built. Belongs to the internals contract.
//!
//! **Boundary**: the functions of the `userdata` table, which modules of other builds call, and memory that they made.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::userdata::{FreeUserdata, MakeUserdata, USERDATA, VisitUserdata};
use interbind_abi::services::{ServiceHead, UserdataService};
use interbind_abi::{Str, keys};
use interbind_structures::chain::Chain;

use crate::ffi::thunk;
use crate::internals::Home;
use interbind_structures::memory::{boxed, copied};

/// What a maker keeps behind its table, which comes first.
#[derive(Debug)]
#[repr(C)]
struct Service {
    table: UserdataService,
    core: Home,
    data: Chain<Datum>,
}

/// One datum; freed when it is dropped.
#[derive(Debug)]
struct Datum {
    name: Box<str>,
    kind: Box<str>,
    owner: *const OwnerRecord,
    data: *mut c_void,
    free: Option<FreeUserdata>,
}

impl Drop for Datum {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: `FreeUserdata`'s contract: once, on any thread.
            unsafe { free(self.data) };
        }
    }
}

thunk! {
    /// Makes the table for [`CoreRecord::service`]; `context` is the maker's owner record, which lives for ever.
    pub(super) fn make(core: *mut CoreRecord, context: *mut c_void, out: *mut *mut ServiceHead) -> Status, else Status::FAILED, {
        let (Some(core), Some(out)) = (NonNull::new(core), Out::at(out)) else { return Status::INVALID };
        let service = boxed(Service {
            table: UserdataService {
                head: ServiceHead {
                    header: USERDATA.header::<UserdataService>(),
                    name: Str::new(keys::USERDATA),
                    owner: context.cast_const().cast::<OwnerRecord>(),
                    close: None,
                    destroy,
                },
                get,
                visit,
                private: ptr::null_mut(),
            },
            // SAFETY: `MakeService`'s contract: the core that this service belongs to, which frees it.
            core: unsafe { Home::of(core) },
            data: Chain::new(),
        });
        let Ok(service) = service else { return Status::FAILED };
        out.write(Box::into_raw(service).cast());
        Status::OK
    }

    /// Frees the table and each datum, the newest first: it may lean on older ones.
    fn destroy(service: *mut ServiceHead), else (), {
        // SAFETY: the core calls this once, with the table that `make` made, which starts the box.
        drop(unsafe { Box::from_raw(service.cast::<Service>()) });
    }

    fn get(
        service: *const UserdataService,
        name: Str,
        kind: Str,
        owner: *const OwnerRecord,
        make: Option<MakeUserdata>,
        free: Option<FreeUserdata>,
        context: *mut c_void,
        out: *mut *mut c_void,
    ) -> Status, else Status::FAILED, {
        // SAFETY: the table's contract: both texts are readable during the call.
        let read = |text: &Str| unsafe { text.read() };
        let (Some(service), Some(name), Some(kind), Some(out)) =
            (behind(service), read(&name), read(&kind), Out::at(out))
        else {
            return Status::INVALID;
        };
        if name.is_empty() || kind.is_empty() || (make.is_some() && owner.is_null()) {
            return Status::INVALID;
        }
        let wanted = |datum: &Datum| *datum.name == *name;
        let found = match service.data.find(wanted) {
            Some(datum) => datum,
            None => {
                let Some(make) = make else { return Status::MISSING };
                if !service.core.is_open() {
                    return Status::ENDING;
                }
                let mut data = ptr::null_mut();
                // SAFETY: `MakeUserdata`'s contract; no lock is held.
                let status = unsafe { make(context, &mut data) };
                if status != Status::OK {
                    return status;
                }
                // From here on it is freed when it is dropped.
                let mut made = Datum { name: "".into(), kind: "".into(), owner, data, free };
                let (Ok(name), Ok(kind)) = (copied(name), copied(kind)) else { return Status::FAILED };
                (made.name, made.kind) = (name, kind);
                // The loser is dropped, which frees what it built.
                match service.data.add(made, wanted) {
                    Ok(datum) => datum,
                    Err((Some(winner), _)) => winner,
                    Err((None, _)) => return Status::FAILED,
                }
            }
        };
        if *found.kind != *kind {
            return Status::DIFFERS;
        }
        out.write(found.data);
        Status::OK
    }

    fn visit(
        service: *const UserdataService,
        visit: Option<VisitUserdata>,
        context: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(visit)) = (behind(service), visit) else { return Status::INVALID };
        let status = core::cell::Cell::new(Status::OK);
        service.data.each(|datum| {
            let text = |text: &str| Str { ptr: text.as_ptr(), len: text.len() as u64 };
            // SAFETY: `VisitUserdata`'s contract; no lock is held, and the texts live as long as the service.
            status.set(unsafe { visit(text(&datum.name), text(&datum.kind), datum.owner, datum.data, context) });
            status.get() == Status::OK
        });
        status.get()
    }
}

/// Where a function of the table puts its result: its own `out`, which isn't NULL.
struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// From the argument; none when it is NULL.
    fn at(out: *mut T) -> Option<Self> {
        NonNull::new(out).map(Self)
    }

    fn write(self, result: T) {
        // SAFETY: the table's and `MakeService`'s contract: an `out` that isn't NULL is writable during the call.
        unsafe { self.0.write(result) };
    }
}

/// Returns what stands behind one of our own tables.
fn behind<'a>(service: *const UserdataService) -> Option<&'a Service> {
    // SAFETY: the table's contract: NULL, or the table that the function stands in, which starts a `Service`.
    unsafe { service.cast::<Service>().as_ref() }
}
