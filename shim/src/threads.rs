//! Where a handle may be used, as a type: the parameter of every interface's handle.
//!
//! Belongs to the type contract: a method that handles Python objects needs an attached thread, and an object may belong to
//! the thread that made it. The handle behind a [`Foreign`](crate::Foreign) stays where it was borrowed, and the compiler
//! sees to that. The handle behind a [`Detached`](crate::Detached) goes anywhere, and has no methods with Python objects
//! unless the author asks for the check at run time.

use crate::ffi::Attached;

/// The attached thread that borrowed the object. A handle with this mark is neither `Send` nor `Sync`.
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
#[derive(Debug)]
pub enum AttachedThread {}

/// Any thread, attached or not. A handle with this mark has no methods that handle Python objects.
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
#[derive(Debug)]
pub enum AnyThread {}

/// Any thread, and each method that handles Python objects asks first whether the thread is attached (`not-attached`).
///
/// PyPy can't tell, so such methods are always refused there.
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
#[derive(Debug)]
pub enum CheckedThread {}

/// The mark of a handle; for functions that take more than one kind of handle.
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
pub trait Threads: Passes<false> + sealed::Sealed + 'static {
    /// True when the handle stays on the thread that borrowed the object, which is attached meanwhile.
    const STAYS: bool;

    /// Tells whether the handle is on an attached thread.
    #[doc(hidden)]
    fn is_attached() -> bool;
}

/// A mark that isn't bound to one thread: [`AnyThread`] and [`CheckedThread`].
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
#[diagnostic::on_unimplemented(
    message = "the handle stays on the attached thread that borrowed the object",
    note = "ask `Foreign::detached` for a view that other threads may use"
)]
pub trait OtherThreads: Threads {}

/// A mark under which methods exist that handle Python objects (`true`), or that handle none (`false`).
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
#[diagnostic::on_unimplemented(
    message = "the method handles Python objects, which only attached threads may touch",
    note = "call it through the `Foreign` itself, or through `Detached::checked`, which asks at each call"
)]
pub trait Passes<const OBJECTS: bool>: sealed::Sealed {}

impl Threads for AttachedThread {
    const STAYS: bool = true;

    #[inline(always)]
    fn is_attached() -> bool {
        true
    }
}

impl Threads for AnyThread {
    const STAYS: bool = false;

    #[inline(always)]
    fn is_attached() -> bool {
        false
    }
}

impl Threads for CheckedThread {
    const STAYS: bool = false;

    fn is_attached() -> bool {
        Attached::current().is_some()
    }
}

impl OtherThreads for AnyThread {}
impl OtherThreads for CheckedThread {}

impl Passes<false> for AttachedThread {}
impl Passes<true> for AttachedThread {}
impl Passes<false> for AnyThread {}
impl Passes<false> for CheckedThread {}
impl Passes<true> for CheckedThread {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AttachedThread {}
    impl Sealed for super::AnyThread {}
    impl Sealed for super::CheckedThread {}
}

thread_local!(static HERE: u8 = const { 0 });

/// A number that no other thread has while this one lives.
pub(crate) fn here() -> usize {
    HERE.with(|here| core::ptr::from_ref(here).addr())
}
