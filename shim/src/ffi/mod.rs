//! The only place that speaks to Python.
//!
//! Each file owns one corner of the C API and gives the rest of the crate functions that can't be misused: they take
//! [`Attached`], the proof that this thread may call Python, and return owned references as [`Strong`]. [`thunk`] is
//! how every function is made that another library calls.

pub(crate) mod attached;
pub(crate) mod capsule;
pub(crate) mod error;
pub(crate) mod host;
pub(crate) mod strong;
pub(crate) mod type_object;
pub(crate) mod weak;

pub(crate) use self::attached::Attached;
pub(crate) use self::error::Raised;
pub(crate) use self::strong::Strong;
pub(crate) use pyo3_ffi::PyObject;

/// Makes the functions that other libraries call: the body runs under a catch, and a panic becomes `else`'s value.
///
/// Nothing may unwind into another library. A panic's payload is dropped under a catch of its own.
macro_rules! thunk {
    ($(
        $(#[$meta:meta])*
        $vis:vis fn $name:ident $([$($generics:tt)*])? ($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)?,
        $(where [$($bounds:tt)*],)? else $fallback:expr, $body:block
    )+) => { $(
        $(#[$meta])*
        /// # Safety
        /// 1. Called as the record's table says that it stands in.
        #[allow(clippy::missing_safety_doc, reason = "private thunks are called through their tables only")]
        $vis unsafe extern "C" fn $name $(<$($generics)*>)? ($($arg: $ty),*) $(-> $ret)? $(where $($bounds)*)? {
            $crate::ffi::caught(move || $body).unwrap_or_else(|_message| $fallback)
        }
    )+ };
}
pub(crate) use thunk;

/// Runs `body`; a panic comes back as its message.
pub(crate) fn caught<R>(body: impl FnOnce() -> R) -> Result<R, String> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    // Unwind safety: what a panic leaves half-done is the body's own; nothing of it is looked at afterwards.
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        match (message, dropped) {
            (Some(message), Ok(())) => message,
            (Some(message), Err(again)) => {
                std::mem::forget(again);
                message
            }
            (None, Err(again)) => {
                std::mem::forget(again);
                "(no message)".to_owned()
            }
            (None, Ok(())) => "(no message)".to_owned(),
        }
    })
}
