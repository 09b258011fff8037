//! The only place that speaks to Python.
//!
//! Each file owns one corner of the C API and gives the rest of the crate functions that can't be misused: they take
//! [`Attached`], the proof that this thread may call Python, and return owned references as [`Strong`]. [`thunk`] is
//! how every function is made that another library calls.

#![cfg_attr(not(feature = "static"), allow(dead_code, reason = "the implementation speaks to Python too"))]

#[cfg(feature = "static")]
pub(crate) mod anchor;
pub(crate) mod attached;
#[cfg(not(any(interbind_pypy, interbind_raised)))]
pub(crate) mod before_3_12;
pub(crate) mod capsule;
#[cfg(feature = "static")]
mod collected;
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
pub(crate) mod conduit;
#[cfg(interbind_records)]
pub(crate) mod deferred;
#[cfg(interbind_records)]
pub(crate) mod dictionary;
pub(crate) mod error;
#[cfg(feature = "static")]
pub(crate) mod guarded;
pub(crate) mod host;
pub(crate) mod live;
pub(crate) mod module;
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
pub(crate) mod nanobind;
#[cfg(interbind_records)]
pub(crate) mod number;
pub(crate) mod owed;
#[cfg(feature = "static")]
pub(crate) mod payload;
#[cfg(not(any(interbind_pypy, target_env = "msvc")))]
pub(crate) mod pybind11_record;
pub(crate) mod raised;
#[cfg(interbind_records)]
pub(crate) mod scalar;
#[cfg(interbind_records)]
pub(crate) mod section;
pub(crate) mod strong;
#[cfg(feature = "static")]
pub(crate) mod try_incref;
pub(crate) mod type_object;
#[cfg(interbind_records)]
pub(crate) mod unicode;
#[cfg(feature = "static")]
pub(crate) mod weak;

pub(crate) use self::attached::Attached;
pub(crate) use self::owed::Owed;
pub(crate) use self::raised::Raised;
pub(crate) use self::strong::Strong;
pub(crate) use pyo3_ffi::PyObject;

use crate::text::Text;

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
            // Unwind safety: what a panic leaves half-done is the body's own; nothing of it is looked at afterwards.
            let caught = ::std::panic::catch_unwind(::std::panic::AssertUnwindSafe(move || $body));
            caught.unwrap_or_else(|payload| {
                // Who gets an answer can say that something failed; else nobody would ever hear of it.
                $crate::ffi::discard(payload, size_of::<($($ret,)?)>() == 0);
                $fallback
            })
        }
    )+ };
}
pub(crate) use thunk;

/// Runs `body`; a panic comes back as its message.
#[inline(always)]
pub(crate) fn caught<R>(body: impl FnOnce() -> R) -> Result<R, Text> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    // Unwind safety: as in `thunk`.
    catch_unwind(AssertUnwindSafe(body)).map_err(message_of)
}

/// Drops a panic's payload. One that nobody hears of otherwise goes to `sys.unraisablehook`, where the thread is attached.
#[cold]
#[inline(never)]
pub(crate) fn discard(payload: Box<dyn core::any::Any + Send>, is_silent: bool) {
    let message = message_of(payload);
    if let (true, Some(at)) = (is_silent, Attached::current()) {
        error::report_panic(at, &message);
    }
}

/// Takes a panic's message, and drops the payload under a catch of its own: its destructor may panic again.
#[cold]
#[inline(never)]
pub(crate) fn message_of(payload: Box<dyn core::any::Any + Send>) -> Text {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let message = Text::of(text.unwrap_or("(no message)"));
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        core::mem::forget(again);
    }
    message
}
