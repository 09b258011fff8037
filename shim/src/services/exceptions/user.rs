//! The `exceptions` service as a binding library uses it.
//!
//! A thin face over a judged table, which may be another build's.
//!
//! **Boundary**: each method is one call of the judged `exceptions` table, from a thread that the caller vouches for.

use core::ffi::c_void;

use interbind_abi::Str;
use interbind_abi::core::Status;
use interbind_abi::keys;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::exceptions::{TRANSLATOR, Translate};
use interbind_abi::services::{ExceptionsService, Translator};

use crate::ffi::{Attached, Raised, thunk};
use crate::internals::Wanted;
use crate::judged::judged_owner;
use crate::runtime::own_maker;
use crate::services::find::find_or_make;
use crate::shared::Module;

/// What the table must be, and how this build makes one.
pub(crate) static TABLE: Wanted =
    Wanted::of::<ExceptionsService>(keys::EXCEPTIONS, own_maker!(super::serve::make));

/// The translators of native exceptions in the current interpreter.
///
/// # Safety
/// Every method has these duties, and those that it adds:
///
/// 1. The thread is attached to the interpreter that [`Exceptions::of`] was called in, which hasn't ended.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/services.rs:translated -->
/// ```
/// unsafe extern "C" fn translate(_context: *mut c_void, _exception: *const c_void) -> Status {
///     // SAFETY: the service calls attached; a class of Python, a text with its end.
///     unsafe { PyErr_SetString(PyExc_KeyError, c"translated".as_ptr()) };
///     Status::OK
/// }
///
/// /// Registers a translator, asks it, and takes it out again.
/// ///
/// /// # Safety
/// /// 1. The thread is attached.
/// unsafe fn ask(kind: &'static str) -> Result<String, Raised> {
///     // SAFETY: duty 1.
///     let exceptions = unsafe { Exceptions::of::<__Interbind>() }?;
///     // The service keeps its address until it is unregistered.
///     let translator = Box::new(exceptions.translator(kind, translate, ptr::null_mut()));
///     let address: *const Translator = &raw const *translator;
///     // SAFETY: duty 1; the box outlives the registration.
///     let registered = unsafe { exceptions.register(address) };
///     let exception = 0_u32;
///     // SAFETY: duty 1; the translator doesn't read the exception.
///     let raised = unsafe { exceptions.translate(kind, (&raw const exception).cast()) };
///     // SAFETY: attached; the translator has set it.
///     unsafe { PyErr_Clear() };
///     let mut listed = 0;
///     // SAFETY: duty 1.
///     unsafe {
///         exceptions.each(&mut |found| {
///             listed += u32::from(found == address);
///             true
///         })
///     };
///     // SAFETY: duty 1.
///     let unregistered = unsafe { exceptions.unregister(address) };
///     // SAFETY: duty 1: attached, so the service lives.
///     let maker = unsafe { exceptions.maker() };
///     assert!(!exceptions.table().is_null() && maker.header.struct_size >= 112);
///     Ok(format!("{} {} {listed} {unregistered}", registered.is_ok(), raised.is_some()))
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Exceptions {
    table: *const ExceptionsService,
    owner: &'static OwnerRecord,
}

impl Exceptions {
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
    pub fn table(self) -> *const ExceptionsService {
        self.table
    }

    /// What is read of it.
    #[inline]
    fn judged(&self) -> &ExceptionsService {
        // SAFETY: `of` judged it; the core keeps it as long as the interpreter runs, which is duty 1 of every method.
        unsafe { &*self.table }
    }

    /// Who made the service.
    ///
    /// # Safety
    /// As the type's.
    pub unsafe fn maker(self) -> &'static OwnerRecord {
        judged_owner(self.judged().head.owner)
    }

    /// Makes a translator of this module, for [`register`](Self::register).
    ///
    /// `kind` says what the exception pointer leads to, as `c++:exception <key> <descriptor>`; `translate` gets `context` back.
    pub fn translator(self, kind: &'static str, translate: Translate, context: *mut c_void) -> Translator {
        let header = TRANSLATOR.header::<Translator>();
        Translator { header, kind: Str::new(kind), owner: self.owner, context, translate }
    }

    /// Adds a translator in front of the others.
    ///
    /// # Errors
    /// [`Status::DIFFERS`]: it is registered already. [`Status::INVALID`]: the record is malformed. [`Status::ENDING`].
    ///
    /// # Safety
    /// As the type's, and:
    /// 2. The record stays as it is, and its function callable, until it is unregistered and no call of it is under way.
    pub unsafe fn register(self, translator: *const Translator) -> Result<(), Status> {
        // SAFETY: duties 1 and 2.
        let status = unsafe { (self.judged().register)(self.table, translator) };
        if status == Status::OK { Ok(()) } else { Err(status) }
    }

    /// Takes a translator away; false when it wasn't there.
    ///
    /// # Safety
    /// As the type's.
    pub unsafe fn unregister(self, translator: *const Translator) -> bool {
        // SAFETY: duty 1; the pointer is compared only.
        (unsafe { (self.judged().unregister)(self.table, translator) }) == Status::OK
    }

    /// Asks the translators of a kind until one knows the exception, and returns the proof that it is Python's now; `None`:
    /// nobody does.
    ///
    /// # Safety
    /// As the type's, and:
    /// 2. `exception` is what `kind` says, during the call; no Python exception is set.
    pub unsafe fn translate(self, kind: &str, exception: *const c_void) -> Option<Raised> {
        let kind = Str { ptr: kind.as_ptr(), len: kind.len() as u64 };
        // SAFETY: duties 1 and 2; the text outlives the call.
        let status = unsafe { (self.judged().translate)(self.table, kind, exception) };
        // SAFETY: duty 1.
        (status == Status::OK).then(|| unsafe { Raised::pending() })
    }

    /// Calls `visit` with each translator, the newest first, until it returns false.
    ///
    /// # Safety
    /// As the type's.
    pub unsafe fn each(self, visit: &mut dyn FnMut(*const Translator) -> bool) {
        let mut visitor = Visitor(visit);
        // SAFETY: duty 1; the context is what the visitor expects.
        unsafe { (self.judged().visit)(self.table, Some(visited), (&raw mut visitor).cast()) };
    }
}

/// A closure as a context.
struct Visitor<'a>(&'a mut dyn FnMut(*const Translator) -> bool);

thunk! {
    fn visited(translator: *const Translator, context: *mut c_void) -> Status, else Status::FAILED, {
        // SAFETY: `each` passes a visitor that outlives the call and that nobody else uses meanwhile.
        let visitor = unsafe { &mut *context.cast::<Visitor<'_>>() };
        if (visitor.0)(translator) { Status::OK } else { Status::MISSING }
    }
}
