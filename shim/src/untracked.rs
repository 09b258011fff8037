//! Data that others may write to while Rust code looks at it: what a class holds whose objects answer pybind11.
//!
//! C++ functions take `T &` and `const T &` alike, and nobody is told when they write. So there is never a reference to the data.
//!
//! **Boundary**: the data behind a shared reference to the class.

use core::cell::UnsafeCell;
use core::fmt;

use interbind_abi::values::PlainData;

/// Plain data of a class whose borrows nobody tracks; the class's field, with `#[shared]`.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:untracked -->
/// ```
/// /// What C++ calls `geo::Spot`; its classes answer pybind11.
/// #[derive(Clone, Copy, Debug, PartialEq, Shared)]
/// #[shared(name = "org.tour.Spot", version = "1.0.0", conduit, cpp = "geo::Spot")]
/// #[repr(C)]
/// pub struct Spot {
///     pub x: f64,
///     pub y: f64,
/// }
///
/// /// Moves a spot that C++ may look at, too.
/// ///
/// /// # Safety
/// /// 1. No other thread reads or writes the spot meanwhile.
/// pub unsafe fn move_by(spot: &Untracked<Spot>, x: f64) -> Spot {
///     debug_assert!(spot.as_ptr().is_aligned());
///     // SAFETY: duty 1.
///     let old = unsafe { spot.read() };
///     let new = Spot { x: old.x + x, ..old };
///     // SAFETY: duty 1.
///     unsafe { spot.write(new) };
///     new
/// }
///
/// /// Tells whether an address that C++ has is that of the spot.
/// pub fn is_at(spot: &Untracked<Spot>, address: *const Spot) -> bool {
///     core::ptr::eq(spot.as_ptr(), address)
/// }
/// ```
#[repr(transparent)]
pub struct Untracked<T>(UnsafeCell<T>);

// SAFETY: the data is reached through `read`, `write` and `as_ptr` alone, whose callers answer for what other threads do; what is
// copied is plain data.
unsafe impl<T: PlainData + Send> Sync for Untracked<T> {}

impl<T: PlainData> Untracked<T> {
    /// Makes one.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Returns where the data is.
    pub const fn as_ptr(&self) -> *mut T {
        self.0.get()
    }

    /// Copies the data.
    ///
    /// # Safety
    /// 1. Nobody writes it during the call: the thread is attached to a Python with a GIL, and C++ functions that take it keep that.
    pub unsafe fn read(&self) -> T {
        // SAFETY: duty 1; inside a live value.
        unsafe { self.0.get().read() }
    }

    /// Writes the data.
    ///
    /// # Safety
    /// 1. Nobody reads or writes it during the call, as with [`read`](Self::read).
    pub unsafe fn write(&self, value: T) {
        // SAFETY: duty 1; inside a live value.
        unsafe { self.0.get().write(value) }
    }
}

impl<T: PlainData> From<T> for Untracked<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> fmt::Debug for Untracked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Untracked").field(&self.0.get()).finish()
    }
}
