//! Helpers of the tests that cross crates: building an example as a user does, and running Python on it.

#![forbid(unsafe_code)]
