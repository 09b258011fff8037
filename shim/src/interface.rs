//! Calling an interface, and answering a call: what the code that `#[interface]` generates stands on.
//!
//! Both halves of a slot's contract. The consumer's half never trusts what comes back before it's lifted; the provider's
//! half catches every panic, and writes outputs last and only on success. Neither half needs Python, so a call works on
//! a detached thread unless a Python object crosses.
//!
//! **Boundary**: the slots of a judged table, called from one build and answered in another.

use core::any::Any;
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::panic::{AssertUnwindSafe, catch_unwind};

use interbind_abi::Reason;
use interbind_abi::core::Status;
use interbind_abi::interface::{TableHead, slot_of};
use interbind_abi::types::TypeRecord;
use interbind_abi::values::{Fault, Value};

use crate::default_body::Body;
use crate::error::Error;
use crate::ffi::{Attached, caught, message_of};
use crate::object::Object;
use crate::text::number;
use crate::threads::{AttachedThread, OtherThreads, Threads, here};

/// A judged interface on a borrowed object; `P` says on which threads.
///
/// Never given away by value: user code sees the handle around it behind a reference that lives as long as the borrow. So
/// it is neither `Clone` nor `Copy`, and nothing here returns one from safe code.
#[derive(Debug)]
pub struct Interface<P: Threads = AttachedThread> {
    data: NonNull<c_void>,
    table: *const TableHead,
    /// The raw pointers make it neither `Send` nor `Sync`.
    threads: PhantomData<P>,
}

// SAFETY: made by `detached`, or by `new` under its duty 3, whose caller asked the thread rules of record and interface; what needs an attached thread
// is refused in `call`.
unsafe impl<P: OtherThreads> Sync for Interface<P> {}

impl<P: Threads> Interface<P> {
    /// Makes the handle of a judged record's borrow.
    ///
    /// # Safety
    /// 1. `record` was judged for this interface: its table is sound and has every slot that isn't optional.
    /// 2. `data` is the borrow's, and the borrow outlives the handle.
    /// 3. The handle stays on the threads that `P` names; any thread may use the object unless that is one.
    #[inline(always)]
    pub unsafe fn new(data: NonNull<c_void>, record: &TypeRecord) -> Self {
        Self { data, table: record.vtable, threads: PhantomData }
    }

    /// Returns the same again, for as long as `self` is borrowed.
    ///
    /// # Safety
    /// 1. The result is gone before `self`, and isn't given to user code by value.
    pub unsafe fn again(&self) -> Self {
        Self { threads: PhantomData, ..*self }
    }

    /// Returns the table, to read slots from.
    #[inline(always)]
    pub fn table<S>(&self) -> *const S {
        self.table.cast()
    }

    /// Tells whether the provider has an optional slot.
    pub fn has(&self, slot: usize) -> bool {
        // SAFETY: duty 1 of `new`: the head of a sound table.
        let slots = unsafe { (*self.table).slots };
        // SAFETY: as above, and the slot is inside it.
        (slot as u64) < slots && !unsafe { slot_of(self.table, slot) }.is_null()
    }

    /// Calls a slot.
    ///
    /// # Errors
    /// What the provider's code answered, panicked with, or returned that is none of the type's values.
    ///
    /// # Safety
    /// 1. `call` calls a slot of this table with the given pointer to the data, and its own arguments lowered.
    #[inline(always)]
    pub unsafe fn call<R: Value>(
        &self,
        needs_attached: bool,
        call: impl FnOnce(*const c_void, *mut R::Wire, *mut Fault) -> Status,
    ) -> Result<R, Error> {
        if needs_attached && !P::is_attached() {
            return Err(not_attached());
        }
        let mut out = MaybeUninit::<R::Wire>::uninit();
        let mut fault = MaybeUninit::<Fault>::uninit();
        let status = call(self.data.as_ptr(), out.as_mut_ptr(), fault.as_mut_ptr());
        if status == Status::OK {
            // SAFETY: the slot's contract: written on success.
            let wire = unsafe { out.assume_init() };
            // SAFETY: the descriptor of the slot was compared: it is the wire of the same text.
            return unsafe { R::lift(wire) }.map_err(Error::from);
        }
        Err(failed(status, &fault))
    }
}

impl<P: Threads> Interface<P> {
    /// Returns the same for other threads.
    ///
    /// # Safety
    /// 1. The result is gone before `self`, and isn't given to user code by value.
    /// 2. Any thread may use the object: the record and the interface say so.
    pub unsafe fn detached<Q: OtherThreads>(&self) -> Interface<Q> {
        Interface { data: self.data, table: self.table, threads: PhantomData }
    }
}

/// A handle that is lent to a default body, on the thread that it belongs to alone.
#[derive(Debug)]
pub(crate) struct Lent<H> {
    handle: H,
    /// The thread that may use the handle; `None` when any may.
    home: Option<usize>,
}

/// Why a handle isn't lent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Away {
    /// The thread is another.
    Elsewhere,
    /// The thread isn't attached.
    Detached,
}

// SAFETY: duty 2 of `Body::new`: it isn't moved to another thread.
unsafe impl<H> Send for Lent<H> {}
// SAFETY: `get` lends the handle to its home thread only, or to any thread when it is made for any (duty 1 of `Body::new`).
unsafe impl<H> Sync for Lent<H> {}

impl<H> Lent<H> {
    /// Lends the handle.
    pub(crate) fn get(&self) -> Result<&H, Away> {
        match self.home {
            Some(home) if home != here() => Err(Away::Elsewhere),
            // PyPy doesn't tell whether a thread is attached.
            Some(_) if !cfg!(interbind_pypy) && Attached::current().is_none() => Err(Away::Detached),
            _ => Ok(&self.handle),
        }
    }
}

impl<H> Body<H> {
    /// Keeps a handle for one call.
    ///
    /// # Safety
    /// 1. `P` is the handle's own mark; a handle that doesn't stay on its thread is `Sync`.
    /// 2. The result stays in the caller, which lends it to the default body as `&self`, and is gone before the borrow of the
    ///    handle that was copied.
    pub unsafe fn new<P: Threads>(handle: H) -> Self {
        Self::of(Lent { handle, home: P::STAYS.then(here) })
    }
}

#[cold]
fn not_attached() -> Error {
    Error::with_reason(
        Reason::NotAttached,
        &["the method handles Python objects: call it on an attached thread"],
    )
}

#[cold]
fn failed(status: Status, fault: &MaybeUninit<Fault>) -> Error {
    if status == Status::FAULT {
        // SAFETY: the slot's contract: filled when the status says so.
        let mut fault = unsafe { fault.assume_init_read() };
        // SAFETY: as above; taken once.
        let message = unsafe { fault.take_message() };
        debug_assert!(fault.message.drop.is_none(), "the message was taken");
        // SAFETY: as above: NULL, or an owned reference, which only an attached thread is given.
        let exception = unsafe { Object::from_ptr(fault.exception.cast()) };
        return Error::received(fault.code, message, exception);
    }
    let sign = if status.0 < 0 { "-" } else { "" };
    Error::with_reason(
        Reason::ProviderRaised,
        &["the provider's method answered with status ", sign, &number(status.0.unsigned_abs().into())],
    )
}

/// Answers a call: runs `body`, catches what it throws, and writes `out` or `fault`.
///
/// # Safety
/// 1. `out` and `fault` are the slot's own last arguments.
#[inline(always)]
pub unsafe fn answer<R: Value>(
    out: *mut R::Wire,
    fault: *mut Fault,
    body: impl FnOnce() -> Result<R, Error>,
) -> Status {
    // Unwind safety: what a panic leaves half-done is the body's own. Lowering may panic too (it may allocate).
    let answered = catch_unwind(AssertUnwindSafe(|| match body() {
        Ok(value) => {
            let wire = value.lower();
            if out.is_null() {
                // Nobody wants the result: it is taken back, so that what it owns is freed.
                // SAFETY: lowered just now, lifted once.
                drop(unsafe { R::lift(wire) });
            } else {
                // SAFETY: duty 1: writable.
                unsafe { out.write(wire) };
            }
            Status::OK
        }
        // SAFETY: duty 1, passed on.
        Err(error) => unsafe { fail(fault, error) },
    }));
    // SAFETY: duty 1, passed on.
    answered.unwrap_or_else(|payload| unsafe { panicked(fault, payload) })
}

/// # Safety
/// 1. As [`fail`].
#[cold]
#[inline(never)]
unsafe fn panicked(fault: *mut Fault, payload: Box<dyn Any + Send>) -> Status {
    let text = message_of(payload);
    // SAFETY: duty 1.
    unsafe { fail(fault, Error::with_reason(Reason::ProviderPanicked, &["the provider panicked: ", &text])) }
}

/// # Safety
/// 1. `fault` is NULL or writable.
#[cold]
#[inline(never)]
unsafe fn fail(fault: *mut Fault, error: Error) -> Status {
    if fault.is_null() {
        return Status::FAILED;
    }
    match caught(|| error.into_fault()) {
        Ok(filled) => {
            // SAFETY: not NULL; duty 1.
            unsafe { fault.write(filled) };
            Status::FAULT
        }
        Err(_) => Status::FAILED,
    }
}
