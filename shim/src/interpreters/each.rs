//! Modules that keep their state per interpreter: they serve each one that imports them.
//!
//! The seat of a module in an interpreter stands in that interpreter's core as a service of its own, private to the module:
//! so it lives exactly as long as the core, whoever made that, and is found again when the module is imported anew. Its call
//! sites, pins and lists are this interpreter's.
//!
//! **Boundary**: a seat is memory that a core owns: made, found again and freed through its table of services.

use core::cell::Cell;
use core::ffi::c_void;
use core::mem::ManuallyDrop;
use core::ptr;

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::header::Kind;
use interbind_abi::services::ServiceHead;
use interbind_abi::{Reason, RecordHeader, Str};
use interbind_structures::bindings::Bindings;
use interbind_structures::memory::boxed_or_back;

use super::{Binding, Interpreters, Who, homes};
use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, Raised, host, thunk};
use crate::internals::Core;
use crate::refusal::{Sides, refuse};
use crate::site::Site;
use crate::sync::{AtomicU32, Ordering};
use crate::text::{Digits, Text};

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
const SEAT: Kind = Kind { magic: *b"ib.seat\0", major: 1, minor: 0, sizes: &[56] };

/// A module's place in one interpreter.
#[repr(C)]
#[derive(Debug)]
struct Seat {
    head: ServiceHead,
    binding: Binding,
    each: &'static Each,
    /// The interpreter's number.
    home: u64,
    /// 1 as long as the binding counts in the core.
    counts: AtomicU32,
    /// What the head's name points into.
    name: Text,
    sites: Vec<Site>,
}

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
    fn seat<'a>(&self, at: Attached<'a>) -> Option<&'a Seat> {
        let (seat, _) = self.seats.find(at.interpreter());
        // SAFETY: found by its interpreter, so its core is alive as long as the thread is attached to that, and owns the seat.
        unsafe { seat.as_ref() }
    }
}

impl Interpreters for Each {
    /// CPython asks this itself before an interpreter with a GIL of its own imports anything; in one that shares the GIL it
    /// lets every module pass.
    fn check_support(&self, at: Attached, who: Who<'_>) -> Result<(), Raised> {
        if self.support != Support::NotSupported || host::is_main(at) {
            return Ok(());
        }
        let template = "cannot import module '{0}' into this interpreter\n\
                        interpreters: {0} supports the main one only, this is a sub-interpreter\n\
                        import it in the main interpreter, or install a release of {0} that supports sub-interpreters";
        let sides = Sides::consumer_if(who.owner);
        Err(refuse(at, Class::Import, Reason::InterpreterNotSupported, template, &[who.name], sides))
    }

    fn find<'a>(&self, at: Attached<'a>, who: Who<'_>) -> Result<Option<&'a Binding>, Raised> {
        let Some(seat) = self.seat(at) else { return Ok(None) };
        if !seat.binding.is_open() {
            if !host::is_ending(at) {
                // An ended interpreter of the same address has left it behind, with a class that never died.
                return Ok(None);
            }
            let template = "cannot use module '{0}' in this interpreter\nthe interpreter is ending\n\
                            use shared objects before the interpreter ends";
            let sides = Sides::consumer(seat.binding.owner);
            return Err(refuse(at, Class::Import, Reason::InterpreterEnding, template, &[who.name], sides));
        }
        homes::settle(at);
        Ok(Some(&seat.binding))
    }

    fn keep<'a>(
        &'static self,
        at: Attached<'a>,
        who: Who<'_>,
        binding: Binding,
    ) -> Result<&'a Binding, Raised> {
        let (core, interpreter) = (Core::clone(&binding.core), binding.interpreter);
        // One module has one seat, whatever others are called.
        let address = Digits::of(ptr::from_ref(self).addr() as u64, 16);
        let mut name = Text::new();
        name.push(&["seat ", who.name, " ", &address]);
        let mut sites = Vec::new();
        if name.is_lost() || sites.try_reserve_exact(self.sites).is_err() {
            binding.give_up();
            return Err(error::no_memory(at));
        }
        sites.resize_with(self.sites, Site::new);
        let own = Text::of(&name);
        let mut making = Some(Making { each: self, binding, name: own, sites, home: homes::here(at) });
        let context = (&raw mut making).cast();
        // SAFETY: (1) `making` is what `make` takes, and outlives the call.
        let (status, found) = unsafe { core.service(at, &name, SEAT.major.into(), Some(make), context) };
        let mut is_ours = false;
        let seat: *mut Seat = match making {
            making if status == Status::OK && is_seat(found, &name) => {
                // A seat that was there has a count of its own.
                if let Some(making) = making {
                    making.binding.give_up();
                }
                found.cast()
            }
            // A core that doesn't keep other modules' services: the seat keeps the core instead, for as long as the process.
            Some(making) => match seat(making) {
                Ok(seat) => {
                    is_ours = true;
                    Box::into_raw(seat)
                }
                Err(making) => {
                    making.binding.give_up();
                    return Err(error::no_memory(at));
                }
            },
            // It took the seat, had no memory to keep it, and destroyed it.
            None if status == Status::FAILED => return Err(error::no_memory(at)),
            // It took the seat and gave something else: nothing can be said about its life.
            None => {
                let template = "cannot use module '{0}' in this interpreter\nthe core took its state and gave back something else\n\
                                upgrade the module that owns this interpreter's core";
                let sides = Sides::consumer_if(who.owner);
                return Err(refuse(at, Class::Import, Reason::MalformedRecord, template, &[who.name], sides));
            }
        };
        if self.seats.add(interpreter, seat).is_err() {
            if is_ours {
                // SAFETY: made above, and nobody has found it.
                let seat = unsafe { Box::from_raw(seat) };
                seat.binding.give_up();
            }
            return Err(error::no_memory(at));
        }
        // SAFETY: a seat lives as long as its interpreter's core, which the capsule keeps.
        Ok(unsafe { &(*seat).binding })
    }

    fn note(&self, at: Attached) {
        self.seats.note(at.interpreter());
    }
}

/// What [`seat`] is made of.
struct Making {
    each: &'static Each,
    binding: Binding,
    name: Text,
    sites: Vec<Site>,
    home: u64,
}

/// Makes a seat, or hands back what it would be made of: there is no memory.
fn seat(Making { each, binding, name, sites, home }: Making) -> Result<Box<Seat>, Making> {
    let head = ServiceHead {
        header: SEAT.header::<Seat>(),
        name: Str { ptr: name.as_ptr(), len: name.len() as u64 },
        owner: binding.owner,
        close: Some(close),
        destroy,
    };
    boxed_or_back(Seat { head, binding, each, home, counts: AtomicU32::new(1), name, sites })
        .map_err(|Seat { binding, each, home, name, sites, .. }| Making { each, binding, name, sites, home })
}

/// Gives back the count of a seat's binding, unless that was done.
///
/// # Safety
/// 1. `make` made the seat, which is alive, and so is its core if it still counts there.
unsafe fn count_no_more(seat: *mut Seat) {
    // SAFETY: duty 1.
    let counts = unsafe { &(*seat).counts };
    if counts.swap(0, Ordering::AcqRel) == 1 {
        // SAFETY: duty 1; nobody else uses the binding: the core closes or destroys the seat.
        let core = unsafe { &mut (*seat).binding.core };
        // SAFETY: counted until here, and taken once.
        unsafe { ManuallyDrop::drop(core) };
    }
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
        let Some(parts) = making.take() else { return Status::FAILED };
        match seat(parts) {
            Ok(seat) => {
                // SAFETY: the core passes a place to write to.
                unsafe { out.write(Box::into_raw(seat).cast()) };
                Status::OK
            }
            Err(parts) => {
                *making = Some(parts);
                Status::FAILED
            }
        }
    }

    /// The core closes: the seat lives as long as it, and counts no more.
    fn close(service: *mut ServiceHead) -> (), else (), {
        let seat: *mut Seat = service.cast();
        // SAFETY: `make` made it, and the core, which is alive, closes it once.
        homes::close(unsafe { (*seat).home });
        // SAFETY: as above; the core's address stays readable as long as the seat, which the core owns.
        unsafe { count_no_more(seat) };
    }

    fn destroy(service: *mut ServiceHead) -> (), else (), {
        let seat: *mut Seat = service.cast();
        // SAFETY: `make` made it, and the core destroys it once.
        let each = unsafe { (*seat).each };
        each.seats.remove(seat);
        // A core that didn't keep it hasn't closed it either.
        // SAFETY: as above.
        unsafe { count_no_more(seat) };
        // SAFETY: as above; nobody finds it any more.
        drop(unsafe { Box::from_raw(seat) });
    }
}
