//! An owned handle: stored in a struct, a `Vec`, another thread, and visible to the garbage collector.

use core::fmt;
use core::marker::PhantomData;

use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised};
use crate::foreign::Foreign;
use crate::interpreters::homes;
use crate::object::Object;
use crate::shared::{Consumer, Shared};

/// Names type and module without owning either.
type Roles<T, M> = (fn() -> M, fn() -> Box<T>);

/// A strong reference to another build's object that was judged once.
///
/// May be moved to any thread; using it needs an attached one ([`Held::bind_ptr`]), where the provider's own rules apply.
/// In a class of yours, visit it from `__traverse__`: otherwise a cycle through it leaks.
///
/// # Examples
///
/// <!-- examples/stats/src/lib.rs:held -->
/// ```
/// /// Keeps another wheel's object, visibly to the garbage collector.
/// #[pyclass(module = "stats")]
/// struct Keeper {
///     kept: Option<Held<dyn Series>>,
/// }
///
/// #[pymethods]
/// impl Keeper {
///     #[new]
///     fn new(series: Held<dyn Series>) -> Self {
///         Self { kept: Some(series) }
///     }
///
///     fn total(&self, py: Python<'_>) -> PyResult<f64> {
///         self.kept.as_ref().map_or(Ok(0.0), |series| total(series.bind(py)?))
///     }
///
///     fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
///         self.kept.as_ref().map_or(Ok(()), |series| series.traverse(&visit))
///     }
///
///     fn __clear__(&mut self) {
///         self.kept = None;
///     }
/// }
/// ```
///
/// Without PyO3:
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:hold -->
/// ```
/// /// Keeps an object in the module's state, and reads it through what is kept.
/// ///
/// /// # Safety
/// /// 1. `object` and `module` are live objects, and the thread is attached.
/// unsafe fn keep(module: NonNull<PyObject>, object: NonNull<PyObject>) -> Result<f64, Raised> {
///     // SAFETY: duty 1.
///     let held = unsafe { Held::<Point>::from_ptr(object) }?;
///     // SAFETY: duty 1.
///     let point = unsafe { held.bind_ptr() }?;
///     let length = point.x.hypot(point.y);
///     drop(point);
///     // SAFETY: duty 1.
///     let state = unsafe { try_state::<__Interbind>(module) }?;
///     let before = state.kept.lock().ok().and_then(|mut kept| kept.replace(held));
///     // Outside of the lock: Python code may run.
///     drop(before);
///     Ok(length)
/// }
/// ```
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:state -->
/// ```
/// /// What an interpreter has of this module.
/// #[derive(Default)]
/// pub struct State {
///     class: Option<Object>,
///     kept: Mutex<Option<Held<Point>>>,
/// }
///
/// impl ModuleState for State {
///     fn traverse(&self, visit: &mut Visit) {
///         if let Some(class) = &self.class {
///             visit.object(class);
///         }
///         if let Ok(kept) = self.kept.lock() {
///             kept.iter().for_each(|held| visit.object(held.object()));
///         }
///     }
///
///     fn clear(&self) {
///         let kept = self.kept.lock().ok().and_then(|mut kept| kept.take());
///         drop(kept);
///     }
/// }
/// ```
pub struct Held<T: Shared + ?Sized, M: Consumer<T>> {
    object: Object,
    marker: PhantomData<Roles<T, M>>,
}

impl<T, M> Held<T, M>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    /// As [`from_ptr`](Self::from_ptr).
    pub(crate) fn of(object: Live<'_>) -> Result<Self, Raised> {
        drop(Foreign::<T, M>::borrow(object)?);
        let held = Self { object: Object::of(object), marker: PhantomData };
        // What was dropped by detached threads doesn't pile up.
        homes::settle_if_any(object.at());
        Ok(held)
    }

    /// As [`bind_ptr`](Self::bind_ptr).
    pub(crate) fn lend<'a, 'py>(&'a self, at: Attached<'a>) -> Result<Foreign<'a, 'py, T, M>, Raised> {
        Foreign::borrow(self.object.live(at))
    }

    /// Returns the object.
    pub fn object(&self) -> &Object {
        &self.object
    }
}

impl<T: Shared + ?Sized, M: Consumer<T>> fmt::Debug for Held<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({:p})", self.object.as_ptr())
    }
}
