//! Asking the wheel's runtime to write a refusal, and to raise it.

use core::ptr;

use interbind_abi::Str;
use interbind_abi::runtime::{REFUSAL, Refusal, SIDE_CONSUMER, SIDE_PROVIDER};

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
    let mut texts = [Str::new(""); 10];
    for (text, value) in texts.iter_mut().zip(values) {
        *text = Str::new(value);
    }
    let side = |bit, side: Option<_>| if side.is_some() { bit } else { 0 };
    let refusal = Refusal {
        header: REFUSAL.header::<Refusal>(),
        exception: class as u32,
        sides: side(SIDE_PROVIDER, sides.provider) | side(SIDE_CONSUMER, sides.consumer),
        reason: Str::new(reason),
        text: Str::new(template),
        values: texts.as_ptr(),
        count: values.len().min(texts.len()) as u64,
        provider: sides.provider.unwrap_or(ptr::null()),
        consumer: sides.consumer.unwrap_or(ptr::null()),
    };
    // SAFETY: judged; attached; the refusal is read during the call only.
    unsafe { (runtime.refuse)(runtime, &refusal) };
    if at.has_raised() { Raised::at(at) } else { wheel::silent(at) }
}
