//! The error of a call across an interface: data, so that it can be made and carried without Python.

use core::fmt;

use interbind_abi::values::{Fault, InvalidValue, Owned};
use interbind_abi::{Reason, Str, values::Value as _};

use crate::ffi::PyObject;
use crate::object::Object;

/// Why a call across an interface failed.
///
/// Methods of an interface return it, whoever implements them; in Python it becomes an exception with the same message,
/// and an exception that the provider raised becomes its cause.
#[derive(Debug)]
pub struct Error(Box<Parts>);

/// What an error says; in a box, so that a result is hardly larger than its value.
#[derive(Debug)]
struct Parts {
    reason: Reason,
    message: String,
    exception: Option<Object>,
}

impl Error {
    /// Makes an error with a message for people.
    pub fn new(message: impl Into<String>) -> Self {
        Self::with_reason(Reason::ProviderRaised, message)
    }

    pub(crate) fn with_reason(reason: Reason, message: impl Into<String>) -> Self {
        Self(Box::new(Parts { reason, message: message.into(), exception: None }))
    }

    /// Adds the Python exception that caused it.
    pub fn caused_by(mut self, exception: Object) -> Self {
        self.0.exception = Some(exception);
        self
    }

    /// Returns the kind of error.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// Returns the message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Takes the Python exception out, if there is one.
    #[cfg_attr(not(feature = "pyo3"), allow(dead_code, reason = "the face for PyO3 turns it into a cause"))]
    pub(crate) fn take_exception(&mut self) -> Option<Object> {
        self.0.exception.take()
    }

    /// Writes the error into a fault that nobody has filled yet.
    pub(crate) fn into_fault(self) -> Fault {
        let Parts { reason, message, exception } = *self.0;
        Fault {
            code: reason.code(),
            reserved: [0; 4],
            reason: Str::new(reason.slug()),
            message: message.lower(),
            exception: exception.map_or(core::ptr::null_mut(), Object::into_ptr).cast(),
        }
    }

    /// Takes over a fault that another build filled.
    ///
    /// # Safety
    /// 1. The callee returned [`Status::FAULT`](interbind_abi::core::Status::FAULT) and filled the fault.
    pub(crate) unsafe fn from_fault(mut fault: Fault) -> Self {
        // A newer build's reason is one that we can't name: what it says is in the message.
        let reason = Reason::from_code(fault.code).unwrap_or(Reason::ProviderRaised);
        // SAFETY: duty 1; taken once.
        let message = unsafe { fault.take_message() };
        // SAFETY: duty 1: NULL, or an owned reference.
        let exception = unsafe { Object::from_ptr(fault.exception.cast::<PyObject>()) };
        debug_assert!(matches!(fault.message, Owned { drop: None, .. }));
        Self(Box::new(Parts { reason, message, exception }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

impl From<InvalidValue> for Error {
    fn from(invalid: InvalidValue) -> Self {
        Self::with_reason(Reason::InvalidValue, invalid.to_string())
    }
}
