//! The handles of a borrow: what user code sees of another build's object.
//!
//! A [`Foreign`] borrows the caller's reference and counts nothing. For frozen classes it calls nothing either; for
//! tracked ones it holds the provider's own borrow and gives it back when dropped.
//!
//! **Boundary**: the functions of a judged record are called here, and what they give becomes a reference.

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{ALIASING_FROZEN, ALIASING_UNTRACKED, EXCLUSIVE, SHARED, THREAD_ANY};
use interbind_abi::values::{PlainData, lift_data};

use crate::construct::Maker;
use crate::error::Error;
use crate::ffi::error::Class;
use crate::ffi::live::Live;
use crate::ffi::{Attached, PyObject, Raised};
use crate::fits::Fitting;
use crate::judge::{judge, remembered};
use crate::judged::readable;
use crate::object::Object;
use crate::refusal::{Sides, refuse};
use crate::shared::{Consumer, DataHandle, Detach, Handle, Shared, SiteOf};
use crate::sync::Ordering;
use crate::text::number;
use crate::threads::{AnyThread, CheckedThread, OtherThreads};

/// Names the time attached and the module without owning either.
type Roles<'py, M> = (&'py (), fn() -> M);

/// A shared borrow of another build's object.
///
/// `'a` is the caller's reference, `'py` the time attached. Not `Send`: to use it detached, ask [`Foreign::detached`].
///
/// # Examples
///
/// <!-- examples/stats/src/lib.rs:norm -->
/// ```
/// /// Reads the fields of another wheel's object.
/// #[pyfunction]
/// fn norm(p: Foreign<Point>) -> f64 {
///     p.x.hypot(p.y)
/// }
///
/// /// Calls another wheel's object through its interface.
/// #[pyfunction]
/// fn total(s: Foreign<dyn Series>) -> PyResult<f64> {
///     let mut sum = 0.0;
///     for i in 0..s.len()? {
///         sum += s.get(i)?;
///     }
///     Ok(sum)
/// }
/// ```
///
/// Without PyO3:
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:norm -->
/// ```
/// unsafe extern "C" fn norm(_module: *mut PyObject, argument: *mut PyObject) -> *mut PyObject {
///     let Some(object) = NonNull::new(argument) else { return ptr::null_mut() };
///     // SAFETY: Python passes a live object and calls attached.
///     match unsafe { Foreign::<Point>::from_ptr(object) } {
///         // SAFETY: attached.
///         Ok(point) => unsafe { PyFloat_FromDouble(point.x.hypot(point.y)) },
///         // The exception is set.
///         Err(_) => ptr::null_mut(),
///     }
/// }
/// ```
pub struct Foreign<'a, 'py, T: Shared + ?Sized, M: Consumer<T>> {
    handle: T::Handle,
    loan: Loan<'a, SHARED>,
    marker: PhantomData<Roles<'py, M>>,
}

/// An exclusive borrow of another build's data.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/snippets/src/lib.rs:shift -->
/// ```
/// #[pyfunction]
/// fn shift(mut span: ForeignMut<Span>, dx: f64) {
///     span.from.x += dx;
///     span.to.x += dx;
/// }
/// ```
///
/// Without PyO3:
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:shift -->
/// ```
/// /// Moves a span, under the provider's own borrow flags.
/// ///
/// /// # Safety
/// /// 1. `object` is a live object, and the thread is attached.
/// unsafe fn move_span(object: NonNull<PyObject>) -> Result<f64, Raised> {
///     // SAFETY: duty 1.
///     let mut span = unsafe { ForeignMut::<Span>::from_ptr(object) }?;
///     span.from.x += 1.0;
///     span.to.x += 1.0;
///     Ok(span.from.x)
/// }
/// ```
pub struct ForeignMut<'a, 'py, T: Shared, M: Consumer<T>> {
    handle: T::Handle,
    _loan: Loan<'a, EXCLUSIVE>,
    marker: PhantomData<(&'a mut T, Roles<'py, M>)>,
}

/// Another build's data whose provider tracks no borrows: a raw pointer, and reads that copy.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:peek -->
/// ```
/// /// Copies a point that nobody tracks.
/// ///
/// /// # Safety
/// /// 1. `object` is a live object, and the thread is attached.
/// unsafe fn copy(object: NonNull<PyObject>) -> Result<Point, Raised> {
///     // SAFETY: duty 1.
///     let raw = unsafe { ForeignRaw::<Point>::from_ptr(object) }?;
///     assert!(raw.as_ptr().is_aligned());
///     // SAFETY: the provider writes its data only with the GIL or the object's lock, and this thread has it.
///     unsafe { raw.read() }.map_err(|error| raise(&error))
/// }
/// ```
pub struct ForeignRaw<'a, 'py, T: Shared, M: Consumer<T>> {
    data: NonNull<T>,
    _loan: Loan<'a, SHARED>,
    marker: PhantomData<Roles<'py, M>>,
}

/// A borrow at the provider's; given back when dropped.
///
/// For a frozen class there is nothing to give back, and nothing is written: PyO3 moves arguments through memory, where
/// each word costs a store and a load.
pub(crate) struct Loan<'a, const MODE: u32> {
    /// `None` for a frozen class.
    record: Option<&'static TypeRecord>,
    /// Invariant: initialised when there is a record; so is `data`.
    object: MaybeUninit<NonNull<PyObject>>,
    data: MaybeUninit<NonNull<core::ffi::c_void>>,
    /// Also makes every handle neither `Send` nor `Sync`.
    marker: PhantomData<&'a *mut ()>,
}

impl<const MODE: u32> Drop for Loan<'_, MODE> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(record @ TypeRecord { release: Some(release), .. }) = self.record {
            // SAFETY: there is a record.
            let object = unsafe { self.object.assume_init() };
            // SAFETY: as above.
            let data = unsafe { self.data.assume_init() };
            // SAFETY: borrowed in `Loan::take` with this mode, released once; handles aren't `Send` and don't outlive the
            // caller's reference, so the thread is attached and the object alive.
            unsafe { release(record, object.as_ptr().cast(), data.as_ptr(), MODE) }
        }
    }
}

impl<'a, const MODE: u32> Loan<'a, MODE> {
    /// Borrows at the provider's, and returns where the data is.
    #[inline(always)]
    pub(crate) fn take(
        found: Fitting<'a>,
        align: usize,
    ) -> Result<(NonNull<core::ffi::c_void>, Self), Raised> {
        let (record, object) = (found.record(), found.object());
        let Some(borrow) = record.borrow else { return Err(silent(found)) };
        // SAFETY: `Fitting`: judged for this object, which is alive, attached; the callee doesn't unwind.
        let data = unsafe { borrow(record, object.as_ptr().cast(), MODE) };
        let Some(data) = NonNull::new(data) else { return Err(silent(found)) };
        let (lent, place) = (MaybeUninit::new(object.as_non_null()), MaybeUninit::new(data));
        let loan = Self { record: Some(record), object: lent, data: place, marker: PhantomData };
        if data.as_ptr().addr() % align != 0 {
            // The borrow ends before there is an exception.
            drop(loan);
            return Err(misaligned(found, data.as_ptr().addr(), align));
        }
        Ok((data, loan))
    }
}

/// The provider set an exception, or should have.
#[cold]
fn silent(found: Fitting<'_>) -> Raised {
    Raised::at(found.object().at())
}

#[cold]
fn misaligned(found: Fitting<'_>, address: usize, align: usize) -> Raised {
    let record = found.record();
    let (beyond, align) = (number((address % align) as u64), number(align as u64));
    refuse(
        found.object().at(),
        Class::Type,
        Reason::Misaligned,
        "cannot borrow a {0}\nthe provider's data is {1} bytes beyond a multiple of {2}\n\
         have the provider align its data; PyO3 places data at 16 bytes at most",
        &[readable(&record.name), &beyond, &align],
        Sides::provider(record.owner),
    )
}

#[cold]
#[inline(never)]
fn refuse_mode(found: Fitting<'_>, reason: Reason, identity: &'static crate::identity::Identity) -> Raised {
    let (record, object) = (found.record(), found.object());
    let template = match reason {
        Reason::Frozen => {
            "cannot borrow '{0}' exclusively as {1}\nthe class is frozen: its objects never change\n\
             borrow it shared, or make a new object"
        }
        _ => {
            "cannot borrow '{0}' by reference as {1}\n\
             the provider tracks no borrows: somebody may write while it is read\n\
             read the object with `ForeignRaw`, or have the provider track its borrows"
        }
    };
    let values = [&*object.class_name(), readable(&record.name)];
    let sides = Sides { provider: Some(record.owner), ..Sides::consumer_if(identity.owner()) };
    refuse(object.at(), Class::Type, reason, template, &values, sides)
}

/// Finds the judged record for an object.
#[inline(always)]
fn find<T, M>(object: Live<'_>) -> Result<Fitting<'_>, Raised>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    let site = SiteOf::of::<T, M>().get(object.at());
    match site.and_then(|site| remembered(site, object)) {
        Some(found) => Ok(found),
        None => judge::<T, M>(object),
    }
}

/// Has the provider make an object out of a copy of `value`.
pub(crate) fn make<T: PlainData>(at: Attached, maker: &Maker<T>, value: &T) -> Result<Object, Raised> {
    let record = maker.record().record();
    let Some(wrap) = record.wrap else { return Err(Raised::at(at)) };
    // SAFETY: judged: the layout is `T`'s; attached; the callee copies; the record is this interpreter's, and `maker` holds its
    // class.
    let object = unsafe { wrap(record, core::ptr::from_ref(value).cast()) };
    // SAFETY: a new reference, or NULL with an exception; attached.
    unsafe { Object::from_ptr(object.cast()) }.ok_or_else(|| Raised::at(at))
}

impl<'a, T, M> Foreign<'a, '_, T, M>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    /// Borrows an object.
    ///
    /// # Errors
    /// A TypeError with both sides' values, or what the provider raises because of another borrow.
    ///
    /// # Safety
    /// 1. `object` is a live object during `'a`, and the thread is attached during `'py`.
    #[inline(always)]
    pub unsafe fn from_ptr(object: NonNull<PyObject>) -> Result<Self, Raised> {
        // SAFETY: duty 1.
        Self::borrow(unsafe { Live::new(object) })
    }

    /// As [`from_ptr`](Self::from_ptr).
    #[inline(always)]
    pub(crate) fn borrow(object: Live<'a>) -> Result<Self, Raised> {
        let found = find::<T, M>(object)?;
        let record = found.record();
        let offset = record.data_offset.load(Ordering::Relaxed);
        let (data, loan) = if offset != 0 {
            // SAFETY: judged: the provider verified that the data lies inside the object.
            let data = unsafe { object.as_non_null().byte_offset(offset as isize) };
            (
                data.cast(),
                Loan {
                    record: None,
                    object: MaybeUninit::uninit(),
                    data: MaybeUninit::uninit(),
                    marker: PhantomData,
                },
            )
        } else {
            if record.aliasing == ALIASING_UNTRACKED {
                return Err(refuse_mode(found, Reason::Untracked, M::identity()));
            }
            Loan::take(found, T::ALIGN)?
        };
        // SAFETY: judged for T; the loan outlives the handle, both are fields; the loan keeps them on this thread.
        Ok(Self { handle: unsafe { T::Handle::new(data, record) }, loan, marker: PhantomData })
    }

    /// Returns a view that other threads may use, attached or not, while this borrow is held.
    ///
    /// An interface with `thread = owner` has none: the call doesn't compile.
    ///
    /// # Errors
    /// `wrong-thread` when only the thread that made the object may use it.
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
    pub fn detached(&self) -> Result<Detached<'_, T>, Error>
    where
        T::Handle: Detach,
    {
        // Without a record the class is frozen and states where its data lies, which only classes for any thread may.
        if self.loan.record.is_some_and(|record| record.thread != THREAD_ANY) {
            let parts = [T::NAME, ": the object may be used only on the thread that made it"];
            return Err(Error::with_reason(Reason::WrongThread, &parts));
        }
        // SAFETY: (1) `self` is borrowed as long as the view lives; (2) just asked.
        Ok(Detached { handle: unsafe { self.handle.detached() }, borrowed: &self.handle })
    }
}

impl<T: Shared + ?Sized, M: Consumer<T>> Deref for Foreign<'_, '_, T, M> {
    type Target = <T::Handle as Handle>::Target;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        self.handle.target()
    }
}

/// A view of a borrowed object that other threads may use while the borrow is held.
///
/// Lend it to several threads as `&Detached`: like every handle it is neither `Clone` nor `Copy`. An interface's methods
/// that handle Python objects don't exist on it; see [`Detached::checked`].
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
pub struct Detached<'b, T: Shared + ?Sized, P: OtherThreads = AnyThread>
where
    T::Handle: Detach,
{
    handle: <T::Handle as Detach>::On<P>,
    /// The handle that `handle` was made of.
    borrowed: &'b T::Handle,
}

impl<'b, T: Shared + ?Sized> Detached<'b, T>
where
    T::Handle: Detach,
{
    /// Returns a view with all methods: those that handle Python objects ask at each call whether the thread is attached,
    /// and fail if it isn't (`not-attached`). For code that attaches now and then on a thread of its own.
    ///
    /// # Examples
    ///
    /// <!-- tests/fixtures/snippets/tour/src/lib.rs:each -->
    /// ```
    /// /// Calls a method that takes Python objects: with [`CheckedThread`] each call checks that its thread is attached.
    /// fn last<P: Threads + Passes<true>>(series: &SeriesHandle<P>, function: &Object) -> Result<Object, Error> {
    ///     series.each(function)
    /// }
    ///
    /// /// Does so through a view for other threads.
    /// fn last_of(series: &Foreign<'_, '_, dyn Series>, function: &Object) -> Result<Object, Error> {
    ///     let view = Detached::checked(series.detached()?);
    ///     last::<CheckedThread>(&view, function)
    /// }
    /// ```
    pub fn checked(view: Self) -> Detached<'b, T, CheckedThread> {
        // SAFETY: (1) the view borrows it during `'b`; (2) asked when the view was made.
        Detached { handle: unsafe { view.borrowed.detached() }, borrowed: view.borrowed }
    }
}

// SAFETY: `Foreign::detached` asked the record: any thread may use the object; a handle has no destructor and owns nothing
// that belongs to a thread, and `borrowed` is used for nothing but making another one.
unsafe impl<T: Shared + ?Sized, P: OtherThreads> Send for Detached<'_, T, P> where T::Handle: Detach {}
// SAFETY: as above; `handle` is `Sync`.
unsafe impl<T: Shared + ?Sized, P: OtherThreads> Sync for Detached<'_, T, P> where T::Handle: Detach {}

impl<T: Shared + ?Sized, P: OtherThreads> Deref for Detached<'_, T, P>
where
    T::Handle: Detach,
{
    type Target = <<T::Handle as Detach>::On<P> as Handle>::Target;

    fn deref(&self) -> &Self::Target {
        self.handle.target()
    }
}

impl<'a, T, M> ForeignMut<'a, '_, T, M>
where
    T: PlainData + Shared<Handle = DataHandle<T>>,
    M: Consumer<T>,
{
    /// Borrows an object exclusively, under the provider's own borrow flags.
    ///
    /// # Errors
    /// A TypeError with both sides' values (`frozen`, `untracked`), or what the provider raises because of another
    /// borrow.
    ///
    /// # Safety
    /// 1. `object` is a live object during `'a`, and the thread is attached during `'py`.
    #[inline(always)]
    pub unsafe fn from_ptr(object: NonNull<PyObject>) -> Result<Self, Raised> {
        // SAFETY: duty 1.
        Self::borrow(unsafe { Live::new(object) })
    }

    /// As [`from_ptr`](Self::from_ptr).
    #[inline(always)]
    pub(crate) fn borrow(object: Live<'a>) -> Result<Self, Raised> {
        let found = find::<T, M>(object)?;
        match found.record().aliasing {
            ALIASING_FROZEN => return Err(refuse_mode(found, Reason::Frozen, M::identity())),
            ALIASING_UNTRACKED => return Err(refuse_mode(found, Reason::Untracked, M::identity())),
            _ => {}
        }
        let (data, loan) = Loan::take(found, T::ALIGN)?;
        // SAFETY: judged for T; the loan outlives the handle and keeps it on this thread.
        let handle = unsafe { DataHandle::new(data, found.record()) };
        Ok(Self { handle, _loan: loan, marker: PhantomData })
    }
}

impl<T: PlainData + Shared<Handle = DataHandle<T>>, M: Consumer<T>> Deref for ForeignMut<'_, '_, T, M> {
    type Target = T;

    fn deref(&self) -> &T {
        self.handle.target()
    }
}

impl<T: PlainData + Shared<Handle = DataHandle<T>>, M: Consumer<T>> DerefMut for ForeignMut<'_, '_, T, M> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: an exclusive borrow at the provider's is held, and `&mut self` makes this the only reference here.
        unsafe { &mut *self.handle.as_ptr() }
    }
}

impl<'a, T, M> ForeignRaw<'a, '_, T, M>
where
    T: PlainData + Shared<Handle = DataHandle<T>>,
    M: Consumer<T>,
{
    /// Finds the data of an object, whatever its provider tracks.
    ///
    /// # Errors
    /// A TypeError with both sides' values, or what the provider raises because of another borrow.
    ///
    /// # Safety
    /// 1. `object` is a live object during `'a`, and the thread is attached during `'py`.
    pub unsafe fn from_ptr(object: NonNull<PyObject>) -> Result<Self, Raised> {
        // SAFETY: duty 1.
        Self::borrow(unsafe { Live::new(object) })
    }

    /// As [`from_ptr`](Self::from_ptr).
    pub(crate) fn borrow(object: Live<'a>) -> Result<Self, Raised> {
        let found = find::<T, M>(object)?;
        let (data, loan) = Loan::take(found, align_of::<T>())?;
        Ok(Self { data: data.cast(), _loan: loan, marker: PhantomData })
    }

    /// Returns the pointer to the data, aligned, valid as long as the object lives.
    pub fn as_ptr(&self) -> *mut T {
        self.data.as_ptr()
    }

    /// Copies the data, after a look at its bools, chars and enums.
    ///
    /// # Errors
    /// `invalid-value` when a field holds what isn't its type's.
    ///
    /// # Safety
    /// 1. Nobody writes the data during the call; the provider's documentation says when that is.
    pub unsafe fn read(&self) -> Result<T, Error> {
        // SAFETY: duty 1; aligned and inside the object.
        let bytes = unsafe { self.data.cast::<MaybeUninit<T>>().read() };
        // SAFETY: the provider's objects are initialised.
        unsafe { lift_data(bytes) }.map_err(Error::from)
    }
}

impl<T: Shared + ?Sized, M: Consumer<T>> fmt::Debug for Foreign<'_, '_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Foreign<{}>", T::NAME)
    }
}

impl<T: Shared, M: Consumer<T>> fmt::Debug for ForeignMut<'_, '_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignMut<{}>", T::NAME)
    }
}

impl<T: Shared, M: Consumer<T>> fmt::Debug for ForeignRaw<'_, '_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignRaw<{}>", T::NAME)
    }
}

impl<T: Shared + ?Sized, P: OtherThreads> fmt::Debug for Detached<'_, T, P>
where
    T::Handle: Detach,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Detached<{}>", T::NAME)
    }
}
