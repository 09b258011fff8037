//! The handles of a borrow: what user code sees of another build's object.
//!
//! A [`Foreign`] borrows the caller's reference and counts nothing. For frozen classes it calls nothing either; for
//! tracked ones it holds the provider's own borrow and gives it back when dropped.

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{ALIASING_FROZEN, ALIASING_UNTRACKED, EXCLUSIVE, SHARED, THREAD_ANY};
use interbind_abi::values::{PlainData, lift_data};

use crate::error::Error;
use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised, type_object};
use crate::judge::{judge, remembered};
use crate::refusal::{Sides, number, readable, refuse};
use crate::shared::{Consumer, DataHandle, Handle, Shared};
use crate::sync::Ordering;

/// Names the time attached and the module without owning either.
type Roles<'py, M> = (&'py (), fn() -> M);

/// A shared borrow of another build's object.
///
/// `'a` is the caller's reference, `'py` the time attached. Not `Send`: to use it detached, ask [`Foreign::detached`].
pub struct Foreign<'a, 'py, T: Shared + ?Sized, M: Consumer<T>> {
    handle: T::Handle,
    loan: Loan<'a, SHARED>,
    marker: PhantomData<Roles<'py, M>>,
}

/// An exclusive borrow of another build's data.
pub struct ForeignMut<'a, 'py, T: Shared, M: Consumer<T>> {
    handle: T::Handle,
    _loan: Loan<'a, EXCLUSIVE>,
    marker: PhantomData<(&'a mut T, Roles<'py, M>)>,
}

/// Another build's data whose provider tracks no borrows: a raw pointer, and reads that copy.
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
    /// Invariant: initialised when there is a record.
    object: MaybeUninit<NonNull<PyObject>>,
    /// Also makes every handle neither `Send` nor `Sync`.
    marker: PhantomData<&'a *mut ()>,
}

impl<const MODE: u32> Drop for Loan<'_, MODE> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(TypeRecord { release: Some(release), .. }) = self.record {
            // SAFETY: there is a record.
            let object = unsafe { self.object.assume_init() };
            // SAFETY: borrowed in `Loan::take` with this mode, released once; handles aren't `Send` and don't outlive the
            // caller's reference, so the thread is attached and the object alive.
            unsafe { release(object.as_ptr().cast(), MODE) }
        }
    }
}

impl<const MODE: u32> Loan<'_, MODE> {
    /// Borrows at the provider's, and returns where the data is.
    ///
    /// # Safety
    /// 1. `record` was judged for `object`, a live object, and the thread is attached.
    #[inline(always)]
    pub(crate) unsafe fn take(
        record: &'static TypeRecord,
        object: NonNull<PyObject>,
        align: usize,
    ) -> Result<(NonNull<core::ffi::c_void>, Self), Raised> {
        let Some(borrow) = record.borrow else { return Err(Raised) };
        // SAFETY: duty 1; the callee doesn't unwind.
        let data = unsafe { borrow(object.as_ptr().cast(), MODE) };
        let Some(data) = NonNull::new(data) else { return Err(Raised) };
        let loan = Self { record: Some(record), object: MaybeUninit::new(object), marker: PhantomData };
        if data.as_ptr().addr() % align != 0 {
            return Err(misaligned(record, data.as_ptr().addr(), align));
        }
        Ok((data, loan))
    }
}

#[cold]
fn misaligned(record: &'static TypeRecord, address: usize, align: usize) -> Raised {
    // SAFETY: only called with a borrow in hand, thus attached.
    let at = unsafe { Attached::assume() };
    let name = readable(&record.name);
    let (found, align) = (number((address % align) as u64), number(align as u64));
    refuse(
        at,
        Class::Type,
        Reason::Misaligned,
        "cannot borrow a {0}\nthe provider's data is {1} bytes beyond a multiple of {2}\n\
         have the provider align its data; PyO3 places data at 16 bytes at most",
        &[name, &found, &align],
        Sides::provider(record.owner),
    )
}

#[cold]
#[inline(never)]
fn refuse_mode(
    object: NonNull<PyObject>,
    record: &'static TypeRecord,
    reason: Reason,
    identity: &'static crate::identity::Identity,
) -> Raised {
    // SAFETY: callers are attached and hold the object.
    let at = unsafe { Attached::assume() };
    let class = type_object::class_name(at, object.as_ptr());
    let name = readable(&record.name);
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
    let sides = Sides { provider: Some(record.owner), ..Sides::consumer_if(identity.owner()) };
    refuse(at, Class::Type, reason, template, &[&class, name], sides)
}

/// Finds the judged record for an object.
///
/// # Safety
/// 1. `object` is a live object and the thread is attached.
#[inline(always)]
unsafe fn record_of<T, M>(object: NonNull<PyObject>) -> Result<&'static TypeRecord, Raised>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    // SAFETY: duty 1.
    let site = unsafe { M::site() };
    // SAFETY: a site is valid while the thread is attached.
    let site = unsafe { site.as_ref() };
    // SAFETY: duty 1.
    match site.and_then(|site| unsafe { remembered(site, object.as_ptr()) }) {
        Some(record) => Ok(record),
        // SAFETY: duty 1.
        None => unsafe { judge::<T, M>(object.as_ptr()) },
    }
}

impl<T, M> Foreign<'_, '_, T, M>
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
        let record = unsafe { record_of::<T, M>(object) }?;
        let offset = record.data_offset.load(Ordering::Relaxed);
        let (data, loan) = if offset != 0 {
            // SAFETY: judged: the provider verified that the data lies inside the object.
            let data = unsafe { object.byte_offset(offset as isize) };
            (data.cast(), Loan { record: None, object: MaybeUninit::uninit(), marker: PhantomData })
        } else {
            if record.aliasing == ALIASING_UNTRACKED {
                return Err(refuse_mode(object, record, Reason::Untracked, M::identity()));
            }
            // SAFETY: duty 1; judged.
            unsafe { Loan::take(record, object, T::ALIGN) }?
        };
        // SAFETY: judged for T; the loan outlives the handle, both are fields.
        Ok(Self { handle: unsafe { T::Handle::new(data, record, true) }, loan, marker: PhantomData })
    }

    /// Returns a view that other threads may use, attached or not, while this borrow is held.
    ///
    /// # Errors
    /// `wrong-thread` when only the thread that made the object may use it.
    pub fn detached(&self) -> Result<Detached<'_, T>, Error>
    where
        T::Handle: Sync,
    {
        // Without a record the class is frozen and states where its data lies, which only classes for any thread may.
        let any = self.loan.record.is_none_or(|record| record.thread == THREAD_ANY);
        if !any || T::OWNER_THREAD {
            let text = format!("{}: the object may be used only on the thread that made it", T::NAME);
            return Err(Error::with_reason(Reason::WrongThread, text));
        }
        Ok(Detached { handle: self.handle.detached(), marker: PhantomData })
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
pub struct Detached<'b, T: Shared + ?Sized> {
    handle: T::Handle,
    marker: PhantomData<&'b ()>,
}

impl<T: Shared + ?Sized> Clone for Detached<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Shared + ?Sized> Copy for Detached<'_, T> {}

// SAFETY: `Foreign::detached` asked the record: any thread may use the object; handles of data are `Sync` only when the
// data is.
unsafe impl<T: Shared + ?Sized> Send for Detached<'_, T> where T::Handle: Sync {}
// SAFETY: as above.
unsafe impl<T: Shared + ?Sized> Sync for Detached<'_, T> where T::Handle: Sync {}

// SAFETY: a shared reference to the data, no more.
unsafe impl<T: Sync> Sync for DataHandle<T> {}

impl<T: Shared + ?Sized> Deref for Detached<'_, T> {
    type Target = <T::Handle as Handle>::Target;

    fn deref(&self) -> &Self::Target {
        self.handle.target()
    }
}

impl<T, M> ForeignMut<'_, '_, T, M>
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
        let record = unsafe { record_of::<T, M>(object) }?;
        match record.aliasing {
            ALIASING_FROZEN => return Err(refuse_mode(object, record, Reason::Frozen, M::identity())),
            ALIASING_UNTRACKED => return Err(refuse_mode(object, record, Reason::Untracked, M::identity())),
            _ => {}
        }
        // SAFETY: duty 1; judged.
        let (data, loan) = unsafe { Loan::take(record, object, T::ALIGN) }?;
        // SAFETY: judged for T; the loan outlives the handle.
        Ok(Self { handle: unsafe { DataHandle::new(data, record, true) }, _loan: loan, marker: PhantomData })
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

impl<T, M> ForeignRaw<'_, '_, T, M>
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
        let record = unsafe { record_of::<T, M>(object) }?;
        // SAFETY: duty 1; judged.
        let (data, loan) = unsafe { Loan::take(record, object, align_of::<T>()) }?;
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

impl<T: Shared + ?Sized> fmt::Debug for Detached<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Detached<{}>", T::NAME)
    }
}
