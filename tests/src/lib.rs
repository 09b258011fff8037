//! Helpers of the tests that cross crates: finding interpreters, building extensions as a user does, and running Python
//! on them.
//!
//! | file | what it does |
//! |---|---|
//! | [`skip`] | says visibly what isn't run on this machine |
//! | [`python`] | finds interpreters; installs none |
//! | [`built`] | what was compiled before, in the matrix's cache |
//! | [`compile`] | runs a compiler of C and C++, unless that was done before |
//! | [`package`] | writes a small extension's manifest and source |
//! | [`extension`] | builds an extension in a workspace of its own |
//! | [`examples`] | the examples for the default interpreter |
//! | [`range`] | an extension for each PyO3 of the range |
//! | [`corpus`] | real wheels, what is known of them, and holding the doctor against it |
//! | [`copies`] | the examples again, with one PyO3 for interpreters that need it |
//! | [`modules`] | gathers built extensions for one interpreter and runs scripts on them, each in a child process |
//! | [`mod@laws`] | laws that are scripts, and going through them on several interpreters |
//! | [`pickle`] | lays out the package with the native half of `interbind.pickle` |
//! | [`casters`] | modules of pybind11 and nanobind with our caster headers |
//! | [`cython`] | modules of Cython, by several releases of it |
//! | [`packages`] | has pip put packages of PyPI into a folder |
//! | [`takers`] | modules that take points of pybind11's and nanobind's classes |
//! | [`pairs`] | modules of pybind11 and nanobind, and what happens between two |
//! | [`sanitizer`] | has extensions instrumented, and scripts run under the address sanitizer |
//! | [`thread_sanitizer`] | the same for the thread sanitizer, whose Python has it inside |
//! | [`toolchain`] | finds a compiler that can build the standard library anew |
//! | [`native`] | compiles extensions in C and C++ |
//! | [`wheel`] | builds the wheel and installs it into an environment |
//! | [`interpreters`] | raw modules for several interpreters, and scripts that make those |
//! | [`embed`] | a C program with a Python in it, which starts several times |
//! | [`services`] | a small binding library that shows the services to Python |
//! | [`note`] | reads the build note of a finished file |
//!
//! What chores and tests both need stands in `xtask`: the pages of the book, the sources, and what is generated from them.
//!
//! Nothing here loads an extension into the tests' own process.

#![forbid(unsafe_code)]

pub mod built;
pub mod casters;
pub mod compile;
pub mod copies;
pub mod corpus;
pub mod cython;
pub mod embed;
pub mod examples;
pub mod extension;
pub mod hostile;
pub mod interpreters;
pub mod laws;
pub mod modules;
pub mod native;
pub mod note;
pub mod package;
pub mod packages;
pub mod pairs;
pub mod pickle;
pub mod python;
pub mod range;
pub mod sanitizer;
pub mod services;
pub mod skip;
pub mod takers;
pub mod thread_sanitizer;
pub mod toolchain;
pub mod wheel;

/// Names the folder in which tests build: cargo tells it to integration tests alone.
#[macro_export]
macro_rules! workshop {
    () => {
        ::std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
    };
}
