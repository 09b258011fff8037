//! Refusing something: one call with a template, because all of this is cold and every extension carries it.
//!
//! The text is written by `say` where this module has an implementation of its own, and by the wheel's runtime, which `ask`
//! asks, where it has none. Knows nothing of what is refused: the parts come as text.

#[cfg(not(feature = "static"))]
mod ask;
#[cfg(feature = "static")]
pub(crate) mod say;

use interbind_abi::Reason;
use interbind_abi::core::Status;
use interbind_abi::owner::OwnerRecord;

#[cfg(not(feature = "static"))]
use self::ask::ask as write;
#[cfg(feature = "static")]
use self::say::say as write;
use crate::ffi::error::{self, Class};
use crate::ffi::{Attached, Raised};
use crate::text::is_lost;

/// The two sides of a refusal, as far as they are known. Their records may be malformed.
#[derive(Clone, Copy)]
pub(crate) struct Sides {
    pub(crate) provider: Option<*const OwnerRecord>,
    pub(crate) consumer: Option<*const OwnerRecord>,
}

impl Sides {
    /// Neither side is known.
    pub(crate) const NONE: Self = Self { provider: None, consumer: None };

    /// Only the consuming side is known.
    pub(crate) fn consumer(owner: *const OwnerRecord) -> Self {
        Self { provider: None, consumer: Some(owner) }
    }

    /// Only the providing side is known.
    pub(crate) fn provider(owner: *const OwnerRecord) -> Self {
        Self { provider: Some(owner), consumer: None }
    }

    /// Both sides are known.
    #[cfg(feature = "static")]
    pub(crate) fn both(provider: *const OwnerRecord, consumer: *const OwnerRecord) -> Self {
        Self { provider: Some(provider), consumer: Some(consumer) }
    }

    /// The consuming side, if it's known.
    pub(crate) fn consumer_if(owner: Option<&OwnerRecord>) -> Self {
        owner.map_or(Self::NONE, |owner| Self::consumer(owner))
    }
}

/// Sets an exception and returns the proof of it; one that is set already becomes its cause.
///
/// The template's first line says what failed, its last what one can do, those between are the differing parts; `{0}` to
/// `{9}` stand for the values, which are not looked into. Where memory ran out while one of them was written, a MemoryError
/// is set.
#[cold]
#[inline(never)]
pub(crate) fn refuse(
    at: Attached,
    class: Class,
    reason: Reason,
    template: &str,
    values: &[&str],
    sides: Sides,
) -> Raised {
    if values.iter().any(|value| is_lost(value)) {
        return error::no_memory(at);
    }
    write(at, class, reason.slug(), template, values, sides)
}

/// Turns a status of the registry into a refusal's reason.
pub(crate) fn reason_of_status(status: Status) -> Reason {
    match status {
        Status::ENDING => Reason::InterpreterEnding,
        Status::MISSING => Reason::ServiceMissing,
        _ => Reason::MalformedRecord,
    }
}
