//! A stand-in for the shim: as much of `interbind` as the macros name, without Python.
//!
//! The shim can't be linked into a test executable; what it adds (borrowing, judging, catching panics) has its own tests.
//! Here a handle is made by hand, and a call goes straight through the table.

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::cell::RefCell;
use std::sync::Mutex;

use interbind_abi::core::Status;
use interbind_abi::interface::TableHead;
use interbind_abi::types::TypeRecord;
use interbind_abi::values::{Fault, InvalidValue, Value};
use interbind_abi::{Piece, Requirement, Version};

#[derive(Clone, Debug, PartialEq)]
pub struct Error(pub String);

impl From<InvalidValue> for Error {
    fn from(value: InvalidValue) -> Self {
        Self(value.to_string())
    }
}

pub unsafe trait Shared: 'static {
    const IS_ANSWERED: bool = false;
    const NAME: &'static str;
    const VERSION_TEXT: &'static str;
    const VERSION: Version;
    const KIND: u32;
    const DESCRIPTOR: &'static str;
    const OWNER_THREAD: bool;
    const ALIGN: usize;
    type Handle: Handle;
}

pub unsafe trait Handle: Sized {
    type Target: ?Sized;
    unsafe fn new(data: NonNull<c_void>, record: &TypeRecord) -> Self;
    fn target(&self) -> &Self::Target;
}

pub unsafe trait Detach: Handle {
    type On<P: OtherThreads>: Handle + Sync;
    unsafe fn detached<P: OtherThreads>(&self) -> Self::On<P>;
}

pub enum AttachedThread {}
pub enum AnyThread {}
/// Never attached here.
pub enum CheckedThread {}

pub trait Passes<const OBJECTS: bool> {}
impl Passes<false> for AttachedThread {}
impl Passes<true> for AttachedThread {}
impl Passes<false> for AnyThread {}
impl Passes<false> for CheckedThread {}
impl Passes<true> for CheckedThread {}

pub trait Threads: Passes<false> + 'static {
    const STAYS: bool;
}

impl Threads for AttachedThread {
    const STAYS: bool = true;
}

impl Threads for AnyThread {
    const STAYS: bool = false;
}

impl Threads for CheckedThread {
    const STAYS: bool = false;
}

pub trait OtherThreads: Threads {}
impl OtherThreads for AnyThread {}
impl OtherThreads for CheckedThread {}

pub unsafe trait ProvidedBy<C>: Shared {
    const TABLE: *const TableHead;
    const WRAP: Option<__private::Wrap> = None;
    const SIZE: usize;
    const IS_UNTRACKED: bool = false;
    fn project(this: *mut C) -> *mut c_void;
}

pub unsafe trait Module: 'static {
    fn identity() -> &'static __private::Identity;
}

pub trait Provider<T: Shared + ?Sized>: Module {}

pub unsafe trait Consumer<T: Shared + ?Sized>: Module {
    const REQUIREMENT: Requirement;
    const REQUIREMENT_TEXT: &'static str;
    const FROM: Option<&'static str>;
    unsafe fn site() -> *const __private::Site;
}

/// What only attached threads may touch.
#[derive(Debug, PartialEq)]
pub struct Object(pub u64);

// SAFETY: (1) its word; (2) a machine type; (3) every number is one.
unsafe impl Value for Object {
    type Wire = u64;
    type On<'call>
        = Self
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("object")];
    const NEEDS_ATTACHED: bool = true;

    fn lower(self) -> u64 {
        self.0
    }

    unsafe fn lift(wire: u64) -> Result<Self, InvalidValue> {
        Ok(Self(wire))
    }

    fn on<'call>(self, _: &'call interbind_abi::values::Call) -> Self
    where
        Self: 'call,
    {
        self
    }
}

pub mod __private {
    use super::*;

    pub const PLATFORM: &str =
        "os=linux arch=x86_64 bits=64 endian=little c=sysv python=cpython api=3.13 gil=on debug=no refs=no";
    pub const VERSION: &str = "9.8.7";
    pub const COMPILER: &str = "rustc 1.85.0";
    pub const RUNTIME: &str = "static";

    pub type Wrap = unsafe extern "C" fn(*const TypeRecord, *const c_void) -> *mut c_void;

    pub unsafe extern "C" fn wrap<C: From<T>, T: Copy>(
        _: *const TypeRecord,
        data: *const c_void,
    ) -> *mut c_void {
        // SAFETY: the tests pass a `T`.
        let value = unsafe { data.cast::<T>().read() };
        Box::into_raw(Box::new(C::from(value))).cast()
    }

    pub struct Identity(pub &'static str, pub &'static str);

    impl Identity {
        pub const fn of_one(name: &'static str, version: &'static str, _: &'static First) -> Self {
            Self(name, version)
        }
    }

    pub struct First;

    impl First {
        pub const fn new() -> Self {
            Self
        }
    }

    /// Not zero-sized: two sites have two addresses.
    pub struct Site(#[allow(dead_code)] u8);

    impl Site {
        pub const fn new() -> Self {
            Self(0)
        }
    }

    pub struct DataHandle<T>(NonNull<T>);

    // SAFETY: (1) as the test that makes it; (2) the target is the data.
    unsafe impl<T: Copy> Handle for DataHandle<T> {
        type Target = T;

        unsafe fn new(data: NonNull<c_void>, _: &TypeRecord) -> Self {
            Self(data.cast())
        }

        fn target(&self) -> &T {
            // SAFETY: the test keeps it alive.
            unsafe { self.0.as_ref() }
        }
    }

    pub struct Interface<P: Threads = AttachedThread> {
        data: NonNull<c_void>,
        table: *const TableHead,
        threads: PhantomData<P>,
    }

    // SAFETY: the tests call implementors that any thread may call.
    unsafe impl<P: OtherThreads> Sync for Interface<P> {}

    impl Interface {
        pub unsafe fn detached<P: OtherThreads>(&self) -> Interface<P> {
            Interface { data: self.data, table: self.table, threads: PhantomData }
        }
    }

    impl<P: Threads> Interface<P> {
        pub unsafe fn new(data: NonNull<c_void>, record: &TypeRecord) -> Self {
            Self { data, table: record.vtable, threads: PhantomData }
        }

        pub unsafe fn again(&self) -> Self {
            Self { threads: PhantomData, ..*self }
        }

        pub fn table<S>(&self) -> *const S {
            self.table.cast()
        }

        pub fn has(&self, slot: usize) -> bool {
            // SAFETY: the test's table.
            (slot as u64) < unsafe { (*self.table).slots }
        }

        pub unsafe fn call<R: Value>(
            &self,
            needs_attached: bool,
            call: impl FnOnce(*const c_void, *mut R::Wire, *mut Fault) -> Status,
        ) -> Result<R, Error> {
            if needs_attached && !P::STAYS {
                return Err(Error("not attached".into()));
            }
            let (mut out, mut fault) = (MaybeUninit::<R::Wire>::uninit(), Fault::empty());
            match call(self.data.as_ptr(), out.as_mut_ptr(), &mut fault) {
                Status::OK => {
                    // SAFETY: written on success.
                    let wire = unsafe { out.assume_init() };
                    // SAFETY: of the same text, in the same build.
                    Ok(unsafe { R::lift(wire) }?)
                }
                Status::FAULT => Err(LAST.take().expect("`answer` left it")),
                status => panic!("{status:?}"),
            }
        }
    }

    thread_local!(static LAST: RefCell<Option<Error>> = const { RefCell::new(None) });

    pub unsafe fn answer<R: Value>(
        out: *mut R::Wire,
        _: *mut Fault,
        body: impl FnOnce() -> Result<R, Error>,
    ) -> Status {
        match body() {
            Ok(value) => {
                // SAFETY: `call` passes a place.
                unsafe { out.write(value.lower()) };
                Status::OK
            }
            Err(error) => {
                LAST.set(Some(error));
                Status::FAULT
            }
        }
    }

    /// Without the shim's look at the thread.
    pub struct Body<H>(H, Mutex<Option<Error>>);

    // SAFETY: the tests' default bodies stay on their thread.
    unsafe impl<H> Send for Body<H> {}
    // SAFETY: as above.
    unsafe impl<H> Sync for Body<H> {}

    impl<H> Body<H> {
        pub unsafe fn new<P: Threads>(handle: H) -> Self {
            Self(handle, Mutex::default())
        }

        pub fn handle(&self) -> Result<&H, Error> {
            Ok(&self.0)
        }

        pub fn note(&self, error: Error) {
            self.1.lock().expect("nobody panics with it").get_or_insert(error);
        }

        pub fn into_result<R>(self, value: R) -> Result<R, Error> {
            self.1.into_inner().expect("nobody panics with it").map_or(Ok(value), Err)
        }
    }

    macro_rules! faces {
        ($module:ident) => {
            pub(crate) type Face = $module;
        };
    }
    pub(crate) use faces;
}
