//! The `userdata` service as a binding library uses it.
//!
//! A thin face over a judged table, which may be another build's.
//!
//! **Boundary**: each method is one call of the judged `userdata` table, from a thread that the caller vouches for.

use core::ffi::c_void;
use core::ptr;

use interbind_abi::Str;
use interbind_abi::core::Status;
use interbind_abi::keys;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::UserdataService;
use interbind_abi::services::userdata::{FreeUserdata, MakeUserdata};

use crate::ffi::{Attached, Raised, thunk};
use crate::internals::Wanted;
use crate::judged::judged_owner;
use crate::runtime::own_maker;
use crate::services::find::find_or_make;
use crate::shared::Module;

/// What the table must be, and how this build makes one.
pub(crate) static TABLE: Wanted =
    Wanted::of::<UserdataService>(keys::USERDATA, own_maker!(super::serve::make));

/// What modules share by name in the current interpreter.
///
/// # Safety
/// Every method has these duties, and those that it adds:
///
/// 1. The thread is attached to the interpreter that [`Userdata::of`] was called in, which hasn't ended.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/services.rs:shared_number -->
/// ```
/// unsafe extern "C" fn make_number(_context: *mut c_void, out: *mut *mut c_void) -> Status {
///     // SAFETY: the service passes a place for it.
///     unsafe { out.write(Box::into_raw(Box::new(42_u64)).cast()) };
///     Status::OK
/// }
///
/// unsafe extern "C" fn free_number(data: *mut c_void) {
///     // SAFETY: what `make_number` made, once.
///     drop(unsafe { Box::from_raw(data.cast::<u64>()) });
/// }
///
/// /// Shares a number with every module that asks for the same name and kind.
/// ///
/// /// # Safety
/// /// 1. The thread is attached.
/// unsafe fn share() -> Result<String, Raised> {
///     let (name, kind) = ("org.tour.number", "org.tour.number 1");
///     // SAFETY: duty 1.
///     let userdata = unsafe { Userdata::of::<__Interbind>() }?;
///     // SAFETY: duty 1; `make_number` needs no context, and `free_number` frees what it makes.
///     let got = unsafe { userdata.get(name, kind, make_number, Some(free_number), ptr::null_mut()) };
///     // SAFETY: duty 1.
///     let found = unsafe { userdata.find(name, kind) };
///     let mut listed = 0;
///     let mut list = |datum: Datum<'_>| {
///         listed += u32::from(datum.name == name && datum.kind == kind && got == Ok(datum.data));
///         true
///     };
///     // SAFETY: duty 1.
///     unsafe { userdata.each(&mut list) };
///     // SAFETY: its kind says that it is a `u64`; it lives as long as the service.
///     let number = got.map(|data| unsafe { *data.cast::<u64>() }).unwrap_or_default();
///     assert!(!userdata.table().is_null() && userdata.maker().header.struct_size >= 112);
///     Ok(format!("{number}, found again {}, listed {listed}", found == got))
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Userdata {
    table: *const UserdataService,
    owner: &'static OwnerRecord,
}

/// One datum, as [`Userdata::each`] shows it.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/services.rs:shared_number -->
/// ```
/// unsafe extern "C" fn make_number(_context: *mut c_void, out: *mut *mut c_void) -> Status {
///     // SAFETY: the service passes a place for it.
///     unsafe { out.write(Box::into_raw(Box::new(42_u64)).cast()) };
///     Status::OK
/// }
///
/// unsafe extern "C" fn free_number(data: *mut c_void) {
///     // SAFETY: what `make_number` made, once.
///     drop(unsafe { Box::from_raw(data.cast::<u64>()) });
/// }
///
/// /// Shares a number with every module that asks for the same name and kind.
/// ///
/// /// # Safety
/// /// 1. The thread is attached.
/// unsafe fn share() -> Result<String, Raised> {
///     let (name, kind) = ("org.tour.number", "org.tour.number 1");
///     // SAFETY: duty 1.
///     let userdata = unsafe { Userdata::of::<__Interbind>() }?;
///     // SAFETY: duty 1; `make_number` needs no context, and `free_number` frees what it makes.
///     let got = unsafe { userdata.get(name, kind, make_number, Some(free_number), ptr::null_mut()) };
///     // SAFETY: duty 1.
///     let found = unsafe { userdata.find(name, kind) };
///     let mut listed = 0;
///     let mut list = |datum: Datum<'_>| {
///         listed += u32::from(datum.name == name && datum.kind == kind && got == Ok(datum.data));
///         true
///     };
///     // SAFETY: duty 1.
///     unsafe { userdata.each(&mut list) };
///     // SAFETY: its kind says that it is a `u64`; it lives as long as the service.
///     let number = got.map(|data| unsafe { *data.cast::<u64>() }).unwrap_or_default();
///     assert!(!userdata.table().is_null() && userdata.maker().header.struct_size >= 112);
///     Ok(format!("{number}, found again {}, listed {listed}", found == got))
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Datum<'a> {
    /// The name that it's shared under.
    pub name: &'a str,
    /// What the pointer means.
    pub kind: &'a str,
    /// Who made it.
    pub owner: &'static OwnerRecord,
    /// The pointer.
    pub data: *mut c_void,
}

impl Userdata {
    /// Finds the service in the current interpreter, or makes it.
    ///
    /// # Errors
    /// ImportError: the module can't bind, or the service can't be used.
    ///
    /// # Safety
    /// 1. The thread is attached.
    pub unsafe fn of<M: Module>() -> Result<Self, Raised> {
        // SAFETY: duty 1.
        let at = unsafe { Attached::assume() };
        let binding = M::identity().binding(at)?;
        let table = find_or_make(at, &binding.core, binding.owner, &TABLE)?;
        Ok(Self { table: table.cast(), owner: binding.owner })
    }

    /// The table, for other languages.
    pub fn table(self) -> *const UserdataService {
        self.table
    }

    /// What is read of it.
    #[inline]
    fn judged(&self) -> &UserdataService {
        // SAFETY: `of` judged it; the core keeps it as long as the interpreter runs, which is duty 1 of every method.
        unsafe { &*self.table }
    }

    /// Who made the service.
    pub fn maker(self) -> &'static OwnerRecord {
        judged_owner(self.judged().head.owner)
    }

    /// Finds a datum that somebody made.
    ///
    /// # Errors
    /// [`Status::MISSING`]: nobody did. [`Status::DIFFERS`]: its kind is another. [`Status::INVALID`]: an empty text.
    ///
    /// # Safety
    /// As the type's.
    pub unsafe fn find(self, name: &str, kind: &str) -> Result<*mut c_void, Status> {
        // SAFETY: duty 1; there is nothing to make.
        unsafe { self.call(name, kind, None, None, ptr::null_mut()) }
    }

    /// Finds a datum, or makes it; `make` may run anything, and `free` is called with what it made: once, on any thread,
    /// attached or not.
    ///
    /// # Errors
    /// As [`find`](Self::find) but for `MISSING`; [`Status::ENDING`]: the interpreter is ending; and what `make` returns.
    ///
    /// # Safety
    /// As the type's, and:
    /// 2. `make` may be called with `context`, and `free` with what `make` makes.
    pub unsafe fn get(
        self,
        name: &str,
        kind: &str,
        make: MakeUserdata,
        free: Option<FreeUserdata>,
        context: *mut c_void,
    ) -> Result<*mut c_void, Status> {
        // SAFETY: duties 1 and 2.
        unsafe { self.call(name, kind, Some(make), free, context) }
    }

    /// # Safety
    /// As [`get`](Self::get).
    unsafe fn call(
        self,
        name: &str,
        kind: &str,
        make: Option<MakeUserdata>,
        free: Option<FreeUserdata>,
        context: *mut c_void,
    ) -> Result<*mut c_void, Status> {
        let mut out = ptr::null_mut();
        let (name, kind) = (text(name), text(kind));
        // SAFETY: duties 1 and 2; the texts outlive the call, the owner record lives for ever.
        let status =
            unsafe { (self.judged().get)(self.table, name, kind, self.owner, make, free, context, &mut out) };
        if status == Status::OK { Ok(out) } else { Err(status) }
    }

    /// Calls `visit` with each datum, the newest first, until it returns false.
    ///
    /// # Safety
    /// As the type's.
    pub unsafe fn each(self, visit: &mut dyn FnMut(Datum<'_>) -> bool) {
        let mut visitor = Visitor(visit);
        // SAFETY: duty 1; the context is what the visitor expects.
        unsafe { (self.judged().visit)(self.table, Some(visited), (&raw mut visitor).cast()) };
    }
}

/// A text as an argument.
fn text(text: &str) -> Str {
    Str { ptr: text.as_ptr(), len: text.len() as u64 }
}

/// A closure as a context.
struct Visitor<'a>(&'a mut dyn FnMut(Datum<'_>) -> bool);

thunk! {
    fn visited(
        name: Str,
        kind: Str,
        owner: *const OwnerRecord,
        data: *mut c_void,
        context: *mut c_void,
    ) -> Status, else Status::FAILED, {
        // SAFETY: `each` passes a visitor that outlives the call and that nobody else uses meanwhile.
        let visitor = unsafe { &mut *context.cast::<Visitor<'_>>() };
        // SAFETY: the table's contract: both texts are readable during the call.
        let read = |text: &Str| unsafe { text.read() }.unwrap_or("?");
        let datum = Datum { name: read(&name), kind: read(&kind), owner: judged_owner(owner), data };
        if (visitor.0)(datum) { Status::OK } else { Status::MISSING }
    }
}
