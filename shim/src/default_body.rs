//! What a default body runs on when the provider lacks the method.
//!
//! A body is written against the trait, which demands `Send`, `Sync` and `'static` of its implementors. So the macro gives
//! it an adapter that implements the trait by calling the handle. The adapter is lent to the body as `&self` for one call
//! and never given away, which is why it may hold a copy of a handle, which has none of these. Code in a body may still
//! start threads or detach: whether the handle may be used is asked at each call.

use std::sync::Mutex;

use interbind_abi::Reason;

use crate::error::Error;
use crate::interface::{Away, Lent};

/// A handle for the time of a default body, and what went wrong in it.
#[derive(Debug)]
pub struct Body<H> {
    handle: Lent<H>,
    failure: Mutex<Option<Error>>,
}

impl<H> Body<H> {
    /// Keeps a handle for one call.
    pub(crate) fn of(handle: Lent<H>) -> Self {
        Self { handle, failure: Mutex::default() }
    }

    /// Lends the handle.
    ///
    /// # Errors
    /// `wrong-thread` or `not-attached` when the body left the thread that borrowed the object, or detached it.
    pub fn handle(&self) -> Result<&H, Error> {
        self.handle.get().map_err(|away| match away {
            Away::Elsewhere => elsewhere(),
            Away::Detached => detached(),
        })
    }

    /// Notes the first error.
    pub fn note(&self, error: Error) {
        self.failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert(error);
    }

    /// Returns the body's value unless something went wrong.
    ///
    /// # Errors
    /// The first error that was noted.
    pub fn into_result<R>(self, value: R) -> Result<R, Error> {
        let failure = self.failure.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        failure.map_or(Ok(value), Err)
    }
}

#[cold]
fn elsewhere() -> Error {
    Error::with_reason(
        Reason::WrongThread,
        &["a default body used the borrowed object on another thread: call the method through `detached`"],
    )
}

#[cold]
fn detached() -> Error {
    Error::with_reason(
        Reason::NotAttached,
        &[
            "a default body used the borrowed object after it detached the thread: call the method through `detached`",
        ],
    )
}
