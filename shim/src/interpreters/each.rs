//! Modules that keep their state per interpreter: they serve each one that imports them.
//!
//! The seat of a module in an interpreter stands in that interpreter's core as a service of its own, private to the module:
//! so it lives exactly as long as the core, whoever made that, and is found again when the module is imported anew. Its call
//! sites, pins and lists are this interpreter's.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{self, NonNull};

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::header::Kind;
use interbind_abi::services::ServiceHead;
use interbind_abi::{Reason, RecordHeader, Str};

use super::bindings::Bindings;
use super::{Bound, Interpreters};
use crate::cache::Site;
use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised, Strong, host, thunk};
use crate::identity::{Binding, Identity};
use crate::object::Object;
use crate::refusal::{Sides, refuse};
use crate::sync::{AtomicU32, AtomicU64, Mutex, Ordering, locked};

/// The interpreters that a raw module supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// The main interpreter alone.
    NotSupported,
    /// Also others that share the main interpreter's GIL.
    SharedGil,
    /// Also others with a GIL of their own.
    PerInterpreterGil,
}

/// A seat's magic; private to the module, so nobody else reads further than the head.
const SEAT: Kind = Kind { magic: *b"ib.seat\0", major: 1, minor: 0, sizes: &[48] };

/// A module's place in one interpreter.
#[repr(C)]
#[derive(Debug)]
struct Seat {
    head: ServiceHead,
    binding: Binding,
    each: &'static Each,
    /// Tells it from every other that ever was in this process.
    id: u64,
    name: Box<str>,
    sites: Box<[Site]>,
    /// References that were dropped on detached threads.
    later: Mutex<Vec<NonNull<PyObject>>>,
    /// Is anything waiting: what a settling thread looks at first.
    waiting: AtomicU32,
}

// SAFETY: pointers to objects are only kept here, and given back attached; all else is `Sync` by itself.
unsafe impl Sync for Seat {}
// SAFETY: as above.
unsafe impl Send for Seat {}

/// Serves each interpreter; a static that `raw_module!` makes.
#[derive(Debug)]
pub struct Each {
    seats: Bindings<Seat>,
    support: Support,
    sites: usize,
}

/// What a thread found last, and under which generation.
#[derive(Clone, Copy)]
struct Last {
    each: *const Each,
    interpreter: usize,
    generation: u64,
    seat: *const Seat,
}

thread_local! {
    static LAST: Cell<Last> = const {
        Cell::new(Last { each: ptr::null(), interpreter: 0, generation: 0, seat: ptr::null() })
    };
}

impl Each {
    /// Serves nobody yet; `sites` is how many types the module consumes.
    pub const fn new(support: Support, sites: usize) -> Self {
        Self { seats: Bindings::new(), support, sites }
    }

    /// The call site at `index` in the current interpreter; NULL when the module wasn't imported into it.
    ///
    /// Valid as long as the thread stays attached to the interpreter.
    ///
    /// # Safety
    /// 1. The thread is attached, and runs code of the module.
    #[inline(always)]
    pub unsafe fn site(&'static self, index: usize) -> *const Site {
        let mut seat = self.seats.sole();
        if seat.is_null() {
            // SAFETY: duty 1.
            seat = self.seat_of(unsafe { Attached::assume() });
        }
        // SAFETY: a seat lives as long as its interpreter's core.
        let Some(seat) = (unsafe { seat.as_ref() }) else { return ptr::null() };
        seat.sites.get(index).map_or(ptr::null(), ptr::from_ref)
    }

    /// The seat in the current interpreter while there are several, or NULL.
    #[inline(never)]
    fn seat_of(&'static self, at: Attached) -> *const Seat {
        let (interpreter, generation) = (at.interpreter(), self.seats.generation());
        let last = LAST.get();
        if ptr::eq(last.each, self) && last.interpreter == interpreter && last.generation == generation {
            return last.seat;
        }
        let (seat, generation) = self.seats.find(interpreter);
        LAST.set(Last { each: self, interpreter, generation, seat });
        seat
    }

    /// The seat in the current interpreter, however many there are.
    fn seat(&self, at: Attached) -> Option<&Seat> {
        let (seat, _) = self.seats.find(at.interpreter());
        // SAFETY: as in `site`.
        unsafe { seat.as_ref() }
    }
}

impl Interpreters for Each {
    /// CPython asks this itself before an interpreter with a GIL of its own imports anything; in one that shares the GIL it
    /// lets every module pass.
    fn check_support(&self, at: Attached, identity: &Identity) -> Result<(), Raised> {
        if self.support != Support::NotSupported || host::is_main(at) {
            return Ok(());
        }
        let template = "cannot import module '{0}' into this interpreter\n\
                        interpreters: {0} supports the main one only, this is a sub-interpreter\n\
                        import it in the main interpreter, or install a release of {0} that supports sub-interpreters";
        let sides = Sides::consumer_if(identity.owner());
        Err(refuse(at, Class::Import, Reason::InterpreterNotSupported, template, &[identity.name()], sides))
    }

    fn find(&self, at: Attached, identity: &Identity) -> Result<Option<Bound>, Raised> {
        let Some(seat) = self.seat(at) else { return Ok(None) };
        if !seat.binding.is_open() {
            if !host::is_ending(at) {
                // An ended interpreter of the same address has left it behind, with a class that never died.
                return Ok(None);
            }
            let template = "cannot use module '{0}' in this interpreter\nthe interpreter is ending\n\
                            use shared objects before the interpreter ends";
            let sides = Sides::consumer(seat.binding.owner);
            return Err(refuse(
                at,
                Class::Import,
                Reason::InterpreterEnding,
                template,
                &[identity.name()],
                sides,
            ));
        }
        self.settle(at);
        // SAFETY: (1) found by the current interpreter; the seat is owned by its core.
        Ok(Some(unsafe { Bound::new(NonNull::from(&seat.binding)) }))
    }

    fn keep(
        &'static self,
        at: Attached,
        identity: &'static Identity,
        binding: Binding,
    ) -> Result<Bound, Raised> {
        let (core, interpreter) = (binding.core, binding.interpreter);
        // SAFETY: a judged core.
        let release = unsafe { (*core).release };
        // One module has one seat, whatever others are called.
        let name = format!("seat {} {:x}", identity.name(), ptr::from_ref(self).addr()).into_boxed_str();
        let text = Str { ptr: name.as_ptr(), len: name.len() as u64 };
        let mut making = Some(Making { each: self, binding, name: name.clone() });
        let mut found: *mut ServiceHead = ptr::null_mut();
        // SAFETY: as above.
        let service = unsafe { (*core).service };
        let context = (&raw mut making).cast();
        // SAFETY: attached; the text outlives the call, and so does the context, which is what `make` takes.
        let status = unsafe { service(core, text, SEAT.major.into(), Some(make), context, &mut found) };
        let seat: *mut Seat = match making {
            _ if status == Status::OK && is_seat(found, &name) => {
                // SAFETY: the count that `bind` took: the seat is the core's and needs none.
                unsafe { release(core) };
                found.cast()
            }
            // A core that doesn't keep other modules' services: the seat keeps the core instead, for as long as the process.
            Some(making) => Box::into_raw(seat(making)),
            // It took the seat and gave something else: nothing can be said about its life.
            None => {
                let template = "cannot use module '{0}' in this interpreter\nthe core took its state and gave back something else\n\
                                upgrade the module that owns this interpreter's core";
                let sides = Sides::consumer_if(identity.owner());
                return Err(refuse(
                    at,
                    Class::Import,
                    Reason::MalformedRecord,
                    template,
                    &[identity.name()],
                    sides,
                ));
            }
        };
        self.seats.add(interpreter, seat);
        // SAFETY: a seat lives as long as its interpreter's core, which the capsule keeps.
        let binding = unsafe { &(*seat).binding };
        // SAFETY: (1) just made for, or found in, the current interpreter's core.
        Ok(unsafe { Bound::new(NonNull::from(binding)) })
    }

    fn home(&self, at: Attached) -> u64 {
        // PyPy has one interpreter.
        if cfg!(interbind_pypy) { 0 } else { self.seat(at).map_or(0, |seat| seat.id) }
    }

    fn release_later(&self, object: Object, home: u64) {
        let mut object = Some(object.into_ptr());
        self.seats.each(|seat| {
            // SAFETY: a seat leaves the list before it is freed, and the list is locked.
            let seat = unsafe { &*seat };
            if let Some(object) = object.take_if(|_| seat.id == home).and_then(NonNull::new) {
                locked(&seat.later).push(object);
                seat.waiting.store(1, Ordering::Release);
            }
        });
        // Without a seat the interpreter is gone, and the reference with it.
    }

    fn settle(&self, at: Attached) {
        let Some(seat) = self.seat(at).filter(|seat| seat.waiting.load(Ordering::Acquire) != 0) else {
            return;
        };
        let waiting = {
            let mut later = locked(&seat.later);
            seat.waiting.store(0, Ordering::Release);
            core::mem::take(&mut *later)
        };
        for object in waiting {
            // SAFETY: the reference was given to this seat by the only one who had it.
            drop(unsafe { Strong::from_new(object.as_ptr()) });
        }
    }
}

/// What [`seat`] is made of.
struct Making {
    each: &'static Each,
    binding: Binding,
    name: Box<str>,
}

fn seat(Making { each, binding, name }: Making) -> Box<Seat> {
    static IDS: AtomicU64 = AtomicU64::new(1);
    let head = ServiceHead {
        header: SEAT.header::<Seat>(),
        name: Str { ptr: name.as_ptr(), len: name.len() as u64 },
        owner: binding.owner,
        destroy,
    };
    Box::new(Seat {
        head,
        binding,
        each,
        id: IDS.fetch_add(1, Ordering::Relaxed),
        name,
        sites: (0..each.sites).map(|_| Site::new()).collect(),
        later: Mutex::new(Vec::new()),
        waiting: AtomicU32::new(0),
    })
}

/// Tells whether a service is a seat of that name, which has an address of this library in it: [`make`]'s own work.
fn is_seat(found: *const ServiceHead, name: &str) -> bool {
    if found.is_null() || !found.is_aligned() {
        return false;
    }
    // SAFETY: threat model: a service starts with a readable header.
    let header = unsafe { found.cast::<RecordHeader>().read() };
    if header != SEAT.header::<Seat>() {
        return false;
    }
    // SAFETY: the header vouches for the head.
    let head = unsafe { &*found };
    // SAFETY: a text of the head.
    unsafe { head.name.is(name) }
}

thunk! {
    fn make(_core: *mut CoreRecord, context: *mut c_void, out: *mut *mut ServiceHead) -> Status,
    else Status::FAILED, {
        // SAFETY: `keep` passes this, which nobody else uses meanwhile.
        let making = unsafe { &mut *context.cast::<Option<Making>>() };
        let Some(making) = making.take() else { return Status::FAILED };
        // SAFETY: the core passes a place to write to.
        unsafe { out.write(Box::into_raw(seat(making)).cast()) };
        Status::OK
    }

    fn destroy(service: *mut ServiceHead) -> (), else (), {
        let seat: *mut Seat = service.cast();
        // SAFETY: `make` made it, and the core destroys it once.
        let each = unsafe { (*seat).each };
        each.seats.remove(seat);
        // SAFETY: as above; nobody finds it any more.
        drop(unsafe { Box::from_raw(seat) });
    }
}
