//! The face for modules on bare pyo3-ffi: `unsafe` functions over the safe ones of this crate.
//!
//! Who calls them says that the thread is attached and which objects are alive; here that becomes an [`Attached`] or a [`Live`],
//! and what does the work knows nothing else. PyO3's face has the same from its own types.
//!
//! **Boundary**: what the caller vouches for becomes a proof.

use core::ffi::c_void;
use core::ptr::NonNull;

use interbind_abi::core::CoreRecord;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::values::PlainData;

use crate::construct::construct;
use crate::ffi::live::Live;
use crate::ffi::{Attached, PyObject, Raised, Strong};
use crate::foreign::Foreign;
use crate::held::Held;
use crate::internals::Core;
use crate::native_class::{NativeClass, NativeRef};
use crate::object::Object;
use crate::shared::{Consumer, Module, Shared};
use crate::types::Counts;
use crate::{module, runtime};

/// Binds a module to the current interpreter while it is imported, so that a mismatch is an ImportError at once.
///
/// `publish` does this too; a module that only consumes should call it first thing.
///
/// # Errors
/// An ImportError is set: see [the error index](https://github.com/interbind/interbind/blob/main/docs/src/errors.md).
///
/// # Safety
/// 1. The thread is attached, and `module` is the module object that is being imported, or NULL.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/raw/src/lib.rs:publish -->
/// ```
/// /// # Safety
/// /// 1. The thread is attached, and `module` is being imported.
/// unsafe fn fill(module: *mut PyObject) -> Result<(), interbind::Raised> {
///     // SAFETY: duty 1.
///     unsafe { interbind::bind::<__Interbind>(module.cast()) }?;
///     // SAFETY: duty 1; makes the heap type and adds it to the module.
///     let class = unsafe { add_class(module) }?;
///     let raw = interbind::RawClass {
///         aliasing: ALIASING_UNTRACKED,
///         thread: THREAD_ATTACHED,
///         subclassable: true,
///         immortal: false,
///         // A consumer may write to what it borrows, so it asks each time.
///         data_offset: 0,
///         size: size_of::<Point>(),
///         borrow: Some(borrow),
///         // Nothing is tracked, so there is nothing to give back.
///         release: None,
///         wrap: None,
///         table: ptr::null(),
///     };
///     // SAFETY: (1) duty 1, a live class; (2) `borrow` is this class's own; (3) the module has one class.
///     unsafe { interbind::publish_raw::<Point, __Interbind>(class, raw, 0) }
/// }
/// ```
pub unsafe fn bind<M: Module>(module: *mut c_void) -> Result<(), Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    // SAFETY: duty 1: NULL or a live object.
    let module = (!module.is_null()).then(|| unsafe { Strong::from_borrowed(at, module.cast()) });
    module::bind::<M>(at, module.as_ref())
}

/// Counts the records in the current interpreter.
///
/// # Errors
/// An ImportError is set when the module can't bind.
///
/// # Safety
/// 1. The thread is attached.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:records -->
/// ```
/// /// Says how many classes are published in this interpreter.
/// ///
/// /// # Safety
/// /// 1. The thread is attached.
/// unsafe fn count() -> Result<String, Raised> {
///     // SAFETY: duty 1.
///     let Counts { live, immortal, names } = unsafe { interbind::count_records::<__Interbind>() }?;
///     Ok(format!("{live} live, {immortal} immortal, {names} names"))
/// }
/// ```
pub unsafe fn count_records<M: Module>() -> Result<Counts, Raised> {
    // SAFETY: duty 1.
    module::count_records::<M>(unsafe { Attached::assume() })
}

/// Finds or makes the current interpreter's core, and in it each service that this build knows.
///
/// For C's static library and the wheel's runtime module. The caller gets a count of the core, and gives it back with the
/// core's own `release`.
///
/// # Errors
/// ImportError: this build doesn't fit the running Python, the interpreter is ending, or what stands in the place of the
/// core or of a service can't be used.
///
/// # Safety
/// 1. The thread is attached.
/// 2. The record's texts live until the process ends too.
///
/// # Examples
///
/// <!-- shim/capi/src/lib.rs:provide -->
/// ```
/// // Unwind safety: nothing of what a panic leaves half-done is looked at afterwards.
/// let provided = catch_unwind(AssertUnwindSafe(|| {
///     // SAFETY: duties 1 and 2.
///     unsafe { shim::provide(owner) }
/// }));
/// ```
pub unsafe fn provide(owner: &'static OwnerRecord) -> Result<*mut CoreRecord, Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    runtime::provide(at, owner).map(Core::into_ptr)
}

/// Makes a new object of the provider's class out of a copy of `value`.
///
/// # Errors
/// `not-published` or `not-constructible` when no provider (or not the pinned one) makes objects for others; else what
/// the provider raises.
///
/// # Safety
/// 1. The thread is attached.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:midpoint -->
/// ```
/// /// Has the provider make an object of its own class.
/// ///
/// /// # Safety
/// /// 1. The thread is attached.
/// unsafe fn make(x: f64, y: f64) -> Result<Object, Raised> {
///     // SAFETY: duty 1.
///     unsafe { interbind::to_python::<Point, __Interbind>(&Point { x, y }) }
/// }
/// ```
pub unsafe fn to_python<T, M>(value: &T) -> Result<Object, Raised>
where
    T: PlainData + Shared,
    M: Consumer<T>,
{
    // SAFETY: duty 1.
    construct::<T, M>(unsafe { Attached::assume() }, value)
}

impl<T, M> Held<T, M>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    /// Judges an object and keeps it.
    ///
    /// # Errors
    /// As [`Foreign::from_ptr`]; the object is borrowed for the moment.
    ///
    /// # Safety
    /// 1. `object` is a live object and the thread is attached.
    pub unsafe fn from_ptr(object: NonNull<PyObject>) -> Result<Self, Raised> {
        // SAFETY: duty 1.
        Self::of(unsafe { Live::new(object) })
    }

    /// Borrows the object.
    ///
    /// # Errors
    /// As [`Foreign::from_ptr`].
    ///
    /// # Safety
    /// 1. The thread is attached during `'py`.
    pub unsafe fn bind_ptr<'a, 'py>(&'a self) -> Result<Foreign<'a, 'py, T, M>, Raised> {
        // SAFETY: duty 1: the result can't be used beyond `'py`.
        self.lend(unsafe { Attached::assume() })
    }
}

impl NativeClass {
    /// Borrows another build's object of the class or of one that inherits from it in Python.
    ///
    /// # Errors
    /// A TypeError with the reason: `native-abi`, when the two builds lay such objects out differently, and those of
    /// [every borrow](https://github.com/interbind/interbind/blob/main/docs/src/errors.md); an ImportError when the module can't bind.
    ///
    /// # Safety
    /// 1. `object` is a live Python object, and stays so during `'a`.
    /// 2. The thread is attached during `'a`.
    pub unsafe fn borrow<'a, M: Module>(
        &'static self,
        object: NonNull<c_void>,
    ) -> Result<NativeRef<'a>, Raised> {
        // SAFETY: duties 1 and 2.
        self.lent::<M>(unsafe { Live::new(object.cast()) })
    }
}
