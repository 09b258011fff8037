//! Asking the wheel's runtime to write a refusal, and to raise it.

use core::ptr;

use interbind_abi::runtime::{SIDE_CONSUMER, SIDE_PROVIDER};

use super::Sides;
use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, Raised};
use crate::wheel;

/// Raises a refusal; what is set already becomes its cause. See [`refuse`](super::refuse).
#[cold]
pub(crate) fn ask(
    at: Attached,
    class: Class,
    reason: &str,
    template: &str,
    values: &[&str],
    sides: Sides,
) -> Raised {
    // Where the runtime has to be imported first, that's done without an exception set.
    let cause = if wheel::is_known() { None } else { error::take(at) };
    let owner = sides.consumer.or(sides.provider).unwrap_or(ptr::null());
    let runtime = match wheel::find(at, owner) {
        Ok(runtime) => runtime,
        Err(raised) => return raised,
    };
    if let Some(cause) = cause {
        let _ = error::restore(at, cause);
    }
    let sides = [(SIDE_PROVIDER, sides.provider), (SIDE_CONSUMER, sides.consumer)];
    runtime.refuse(at, class, reason, template, values, sides)
}
