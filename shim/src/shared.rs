//! What a shared type is, and the roles a module can have towards it.
//!
//! The derives implement these traits; nobody needs to by hand, and whoever does takes on what a derive proves.
//!
//! **Boundary**: what the macros vouch for with `unsafe impl`, and what this crate does on the strength of it.

use core::ffi::c_void;
use core::ptr::NonNull;

use interbind_abi::interface::TableHead;
use interbind_abi::types::TypeRecord;
use interbind_abi::values::PlainData;
use interbind_abi::{Requirement, Version};

use crate::adapter::{Adapter, Answers};
use crate::ffi::Attached;
use crate::identity::Identity;
use crate::site::Site;
use crate::threads::OtherThreads;

/// Makes a new object of a copy of the data: [`TypeRecord::wrap`].
pub type Wrap = unsafe extern "C" fn(record: *const TypeRecord, data: *const c_void) -> *mut c_void;

/// A type with a name, a version and a descriptor: plain data (`#[derive(Shared)]`) or `dyn Trait` (`#[interface]`).
///
/// # Safety
/// 1. `DESCRIPTOR` is the canonical text of exactly this type, `NAME` the name in it.
/// 2. `Handle::new` gives access only to what the descriptor describes.
///
/// # Examples
///
/// <!-- examples/frame-api/src/lib.rs:point -->
/// ```
/// /// A point in the plane.
/// #[derive(Clone, Copy, Debug, PartialEq, Shared)]
/// #[shared(name = "org.frame.Point", version = "1.2.0")]
/// #[repr(C)]
/// pub struct Point {
///     pub x: f64,
///     pub y: f64,
/// }
/// ```
///
/// A function for any shared type:
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:described -->
/// ```
/// /// Says of any shared type what it is, and what this module accepts.
/// fn describe<T: Shared + ?Sized, M: Consumer<T>>() -> String {
///     format!("{} {}, accepted: {}\n{}", T::NAME, T::VERSION_TEXT, M::REQUIREMENT_TEXT, T::DESCRIPTOR)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a shared type",
    note = "derive `interbind::Shared` for plain data, or write `#[interbind::interface]` above the trait of `dyn Trait`"
)]
pub unsafe trait Shared: 'static {
    /// The shared name, as `org.frame.Point`.
    const NAME: &'static str;
    /// The version as text.
    const VERSION_TEXT: &'static str;
    /// The version.
    const VERSION: Version;
    /// `KIND_DATA` or `KIND_INTERFACE` of [`abi::types::record`](interbind_abi::types::record).
    const KIND: u32;
    /// The canonical descriptor.
    const DESCRIPTOR: &'static str;
    /// True when objects may be used only on the thread that made them.
    const OWNER_THREAD: bool;
    /// The alignment that the data needs, in bytes.
    const ALIGN: usize;
    /// What a borrow holds.
    type Handle: Handle;

    /// What takes objects of other frameworks as this type: `cpp` of the derive.
    #[doc(hidden)]
    fn adapter() -> Option<&'static Adapter> {
        None
    }

    /// True when its classes answer pybind11: `conduit` of the derive.
    #[doc(hidden)]
    const IS_ANSWERED: bool = false;

    /// What they answer.
    #[doc(hidden)]
    fn answers() -> Option<&'static Answers> {
        None
    }
}

/// What a borrow holds: a pointer for data, pointer and table for an interface.
///
/// A handle lives inside the borrow and leaves it only as the reference that `target` returns, so it needs no lifetime of
/// its own. That is why it must not be `Clone`: code that could copy one could keep it.
///
/// # Safety
/// 1. `target` is valid as long as the borrow that the handle was made for.
/// 2. From what `target` returns safe code can't make another handle.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:total -->
/// ```
/// /// Takes the handle of an interface, whichever thread it is for.
/// fn sum<P: Threads>(series: &SeriesHandle<P>) -> Result<f64, Error> {
///     let mut sum = 0.0;
///     for i in 0..series.len()? {
///         sum += series.get(i)?;
///     }
///     Ok(sum)
/// }
/// ```
pub unsafe trait Handle: Sized {
    /// What user code sees.
    type Target: ?Sized;

    /// Makes the handle of a judged record's borrow.
    ///
    /// # Safety
    /// 1. `record` was judged for the type that has this handle.
    /// 2. `data` is what the record's borrow or data offset gave, and the borrow outlives the handle.
    /// 3. The handle is used on the threads only that its type names.
    unsafe fn new(data: NonNull<c_void>, record: &TypeRecord) -> Self;

    /// Returns what user code sees.
    fn target(&self) -> &Self::Target;
}

/// A handle of a type whose objects other threads may use, if their class allows it.
///
/// # Safety
/// 1. `On<P>` refuses what needs an attached thread, as `P` says.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:totals -->
/// ```
/// /// Calls the interface on two threads that Python doesn't know.
/// fn sum_twice(series: &Foreign<'_, '_, dyn Series>) -> Result<f64, Error> {
///     let view: Detached<'_, dyn Series> = series.detached()?;
///     let add = || sum::<AnyThread>(&view);
///     std::thread::scope(|scope| {
///         let (one, two) = (scope.spawn(add), scope.spawn(add));
///         let lost = |_| Error::new("a thread panicked");
///         Ok(one.join().map_err(lost)?? + two.join().map_err(lost)??)
///     })
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "objects behind `{Self}` may be used only on the thread that made them",
    note = "their interface has `thread = owner`: there is no view for other threads, call it through the `Foreign`"
)]
pub unsafe trait Detach: Handle {
    /// The handle for other threads.
    type On<P: OtherThreads>: Handle + Sync;

    /// Makes the handle for other threads.
    ///
    /// # Safety
    /// 1. The result is gone before the borrow that `self` was made for.
    /// 2. The object's record says that any thread may use it.
    unsafe fn detached<P: OtherThreads>(&self) -> Self::On<P>;
}

/// The handle of plain data.
#[derive(Debug)]
pub struct DataHandle<T>(NonNull<T>);

// SAFETY: a shared reference to the data, no more.
unsafe impl<T: Sync> Sync for DataHandle<T> {}

// SAFETY: (1) the pointer is the borrow's; (2) the target is the data.
unsafe impl<T: PlainData> Handle for DataHandle<T> {
    type Target = T;

    #[inline(always)]
    unsafe fn new(data: NonNull<c_void>, _: &TypeRecord) -> Self {
        Self(data.cast())
    }

    #[inline(always)]
    fn target(&self) -> &T {
        // SAFETY: duties 1 and 2 of `new`: the layout was compared, the pointer is aligned and borrowed.
        unsafe { self.0.as_ref() }
    }
}

// SAFETY: (1) data needs no attached thread.
unsafe impl<T: PlainData + Sync> Detach for DataHandle<T> {
    type On<P: OtherThreads> = Self;

    unsafe fn detached<P: OtherThreads>(&self) -> Self {
        Self(self.0)
    }
}

impl<T> DataHandle<T> {
    /// Returns the pointer, for exclusive borrows.
    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}

/// A shared type that a class provides: its objects hold one, or are one.
///
/// The class is the parameter, so that an interface's crate may implement it for every class that implements the trait.
///
/// # Safety
/// 1. `project` returns a pointer into the memory of `this` itself, never through a pointer in it, aligned for `Self`.
/// 2. `TABLE` is the table of `Self` for what `project` returns, NULL for data.
/// 3. `WRAP` makes objects of exactly this class.
///
/// # Examples
///
/// <!-- examples/frame/src/lib.rs:frozen -->
/// ```
/// /// Never changes: others read it without a call.
/// #[pyclass(frozen, subclass, name = "Point", module = "frame")]
/// #[derive(Provide)]
/// struct PyPoint {
///     #[shared(from)]
///     point: Point,
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{C}` doesn't provide `{Self}`",
    note = "for data, derive `interbind::Provide` and mark the field with `#[shared]`; for an interface, implement the trait"
)]
pub unsafe trait ProvidedBy<C>: Shared {
    /// The interface's table, or NULL.
    const TABLE: *const TableHead;
    /// Makes a new object of a copy of the data.
    const WRAP: Option<Wrap> = None;
    /// Bytes behind what `project` returns.
    const SIZE: usize;
    /// True when the data stands in an [`Untracked`](crate::Untracked).
    const IS_UNTRACKED: bool = false;

    /// Finds the data in a value of the class.
    fn project(this: *mut C) -> *mut c_void;
}

/// An extension module, as `module!` declares it.
///
/// # Safety
/// 1. `identity` always returns the same static, one per module.
///
/// # Examples
///
/// <!-- examples/stats/src/lib.rs:module -->
/// ```
/// interbind::module! {
///     name = "stats",
///     consumes = [Point ^1.2, Span ^1, Tally ^1, dyn Series ^2.0],
/// }
/// ```
pub unsafe trait Module: 'static {
    /// Returns who the module is.
    fn identity() -> &'static Identity;
}

/// A module that declared that it provides `T`.
///
/// # Examples
///
/// <!-- examples/frame/src/lib.rs:module -->
/// ```
/// interbind::module! {
///     name = "frame",
///     provides = [Point, Span, Tally, dyn Series],
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this module doesn't declare that it provides `{T}`",
    note = "add it to `provides = […]` of `interbind::module!`"
)]
pub trait Provider<T: Shared + ?Sized>: Module {}

/// A module that declared that it consumes `T`.
///
/// # Safety
/// 1. `site` returns the same site each time in one interpreter, or NULL in one that hasn't imported the module; no other type
///    or module uses it, and it is valid as long as the thread stays attached.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:described -->
/// ```
/// /// Says of any shared type what it is, and what this module accepts.
/// fn describe<T: Shared + ?Sized, M: Consumer<T>>() -> String {
///     format!("{} {}, accepted: {}\n{}", T::NAME, T::VERSION_TEXT, M::REQUIREMENT_TEXT, T::DESCRIPTOR)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this module doesn't declare that it consumes `{T}`",
    note = "add it with a requirement to `consumes = […]` of `interbind::module!`, as `Point ^1.2`"
)]
pub unsafe trait Consumer<T: Shared + ?Sized>: Module {
    /// The versions that will do.
    const REQUIREMENT: Requirement;
    /// The same as canonical text, for messages.
    const REQUIREMENT_TEXT: &'static str;
    /// The provider that makes new objects, when pinned by hand.
    const FROM: Option<&'static str>;

    /// Returns the call-site cache.
    ///
    /// # Safety
    /// 1. The thread is attached, and runs code of the module.
    unsafe fn site() -> *const Site;
}

/// Where a consumer finds its call site.
#[derive(Clone, Copy)]
pub(crate) struct SiteOf(unsafe fn() -> *const Site);

impl SiteOf {
    /// That of a module and a type.
    #[inline(always)]
    pub(crate) fn of<T: Shared + ?Sized, M: Consumer<T>>() -> Self {
        Self(M::site)
    }

    /// The site in the current interpreter; none before the module is bound to it.
    #[inline(always)]
    pub(crate) fn get<'a>(self, _at: Attached<'a>) -> Option<&'a Site> {
        // SAFETY: (1) attached; only the module's own code asks for its types.
        let site = unsafe { (self.0)() };
        // SAFETY: `Consumer`'s duty: NULL, or valid while the thread is attached.
        unsafe { site.as_ref() }
    }
}
