//! The error of a call across an interface: data, so that it can be made and carried without Python.

use core::fmt;

use interbind_abi::values::{Fault, InvalidValue, Owned};
use interbind_abi::{Reason, Str, values::Value as _};
use interbind_structures::memory::boxed;

use crate::object::Object;
use crate::text::Text;

/// Why a call across an interface failed.
///
/// Methods of an interface return it, whoever implements them; in Python it becomes an exception with the same message,
/// and an exception that the provider raised becomes its cause.
///
/// An error for which there was no memory says so, and becomes a MemoryError.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:refused -->
/// ```
/// /// Makes an exception of an error of an interface.
/// fn raise(error: &Error) -> Raised {
///     let text = format!("{} ({})", error.message(), error.reason());
///     let text = CString::new(text.replace('\0', "?")).unwrap_or_default();
///     // SAFETY: attached, a class of Python, a text with its end.
///     unsafe { PyErr_SetString(PyExc_RuntimeError, text.as_ptr()) };
///     failed()
/// }
///
/// /// Fails as a provider's method does: with a message, and the object that caused it.
/// fn refuse(exception: Object) -> Result<f64, Error> {
///     Err(Error::new("the column is locked").caused_by(exception))
/// }
/// ```
#[derive(Debug)]
pub struct Error(Option<Box<Parts>>);

/// What an error says that there was no memory for.
const NO_MEMORY: &str = "there is no memory to say what failed";

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
        Self::of(Reason::ProviderRaised, message.into())
    }

    /// Makes an error of what this crate says.
    pub(crate) fn with_reason(reason: Reason, parts: &[&str]) -> Self {
        Text::of_parts(parts).into_string().map_or(Self(None), |message| Self::of(reason, message))
    }

    fn of(reason: Reason, message: String) -> Self {
        Self(boxed(Parts { reason, message, exception: None }).ok())
    }

    /// Adds the Python exception that caused it.
    pub fn caused_by(mut self, exception: Object) -> Self {
        if let Some(parts) = &mut self.0 {
            parts.exception = Some(exception);
        }
        self
    }

    /// Returns the kind of error.
    pub fn reason(&self) -> Reason {
        self.0.as_ref().map_or(Reason::ProviderRaised, |parts| parts.reason)
    }

    /// Returns the message.
    pub fn message(&self) -> &str {
        self.0.as_ref().map_or(NO_MEMORY, |parts| &parts.message)
    }

    /// Tells whether there was no memory for the error.
    #[cfg_attr(
        not(feature = "pyo3"),
        allow(dead_code, reason = "the face for PyO3 raises a MemoryError then")
    )]
    pub(crate) fn is_lost(&self) -> bool {
        self.0.is_none()
    }

    /// Takes the Python exception out, if there is one.
    #[cfg_attr(not(feature = "pyo3"), allow(dead_code, reason = "the face for PyO3 turns it into a cause"))]
    pub(crate) fn take_exception(&mut self) -> Option<Object> {
        self.0.as_mut()?.exception.take()
    }

    /// Writes the error into a fault that nobody has filled yet.
    pub(crate) fn into_fault(self) -> Fault {
        let Some(parts) = self.0 else {
            let (ptr, len) = (NO_MEMORY.as_ptr().cast_mut().cast(), NO_MEMORY.len() as u64);
            return Fault {
                code: Reason::ProviderRaised.code(),
                reason: Str::new(Reason::ProviderRaised.slug()),
                // Nobody frees it.
                message: Owned { ptr, len, cap: 0, drop: None },
                ..Fault::empty()
            };
        };
        let Parts { reason, message, exception } = *parts;
        Fault {
            code: reason.code(),
            reserved: [0; 4],
            reason: Str::new(reason.slug()),
            message: message.lower(),
            exception: exception.map_or(core::ptr::null_mut(), Object::into_ptr).cast(),
        }
    }

    /// Makes the error of a fault that another build filled, of what was taken out of it.
    pub(crate) fn received(
        code: u32,
        message: Result<String, InvalidValue>,
        exception: Option<Object>,
    ) -> Self {
        // A newer build's reason is one that we can't name: what it says is in the message.
        let reason = Reason::from_code(code).unwrap_or(Reason::ProviderRaised);
        let message = match message {
            Ok(message) => Some(message),
            Err(InvalidValue::NO_MEMORY) => None,
            Err(_) => Text::of("(the message is not UTF-8)").into_string(),
        };
        Self(message.and_then(|message| boxed(Parts { reason, message, exception }).ok()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Error {}

impl From<InvalidValue> for Error {
    fn from(invalid: InvalidValue) -> Self {
        Self::with_reason(
            Reason::InvalidValue,
            &["a value that crossed an interface is not ", invalid.expected],
        )
    }
}
