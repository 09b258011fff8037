//! nanobind's domain, read from the code that builds the key: it is a part of the key that stands in no text of its own.
//!
//! Whoever builds the key calls `PyUnicode_FromFormat("__nb_internals_%s_%s__", tag, domain)`. So: `place` finds the code that
//! loads that format; `functions` says in which function it lies, `trace` follows values through the function, on a
//! `machine` that knows nothing but constants, arguments and the stack; what instructions do to it is in `x86` and
//! `arm64`. Where the domain is an argument of the function, `resolve` goes on in those who call it.
//!
//! `front_end` reads the same of a module that leaves the key to its back end: it passes the domain in a call.
//!
//! What is followed is what runs: a value that can't be followed on every way is unknown, and said to be.

mod arm64;
mod calls;
mod front_end;
mod functions;
mod machine;
mod place;
mod resolve;
mod trace;
mod x86;

pub(crate) use calls::{Argument, Calls, Made, To};
pub use front_end::front_end_domain;
pub(crate) use functions::Functions;
pub(crate) use place::loads;
pub use resolve::domain;
