//! From fingerprints to statements: which binding libraries are in a file, which release, by which ids.
//!
//! A framework is claimed only by what its own code leaves: keys, type names, symbols, paths of its sources. A mere mention
//! of its name is none of these. Releases are claimed as certain from what is in the file; what follows from a text's absence
//! is likely at most. One file can hold several frameworks.
//!
//! - `profile`: the form that a framework's file fills in: recognition, ids, registry, pickling, fixes;
//! - a file for each framework, with all that is to be said of it; `all`: their list;
//! - `fingerprint`: the bytes that are looked for; `seen`: an image and the places where they are;
//! - `releases`: from a number and texts to a range of releases;
//! - `recognise`: all of them over one image; `needed`: what the libraries beside a module add.

mod all;
mod boost;
mod cffi;
mod cppyy;
mod cython;
mod f2py;
mod fingerprint;
mod gopy;
mod hpy;
mod interbind;
mod library;
mod mypyc;
pub(crate) mod nanobind;
mod needed;
mod plain;
mod profile;
mod pybind11;
mod pyo3;
mod pyobjc;
mod pythran;
mod recognise;
mod releases;
mod seen;
mod shiboken;
mod sip;
mod swig;
mod uniffi;
mod vtk;

pub(crate) use all::profile;
pub use fingerprint::{FINGERPRINTS, Fingerprint, THIS_TABLE};
pub use needed::{add_needed, warn_of_python};
pub(crate) use profile::{By, Pickling, Profile, Registry, Shared};
pub use recognise::recognise;
pub(crate) use releases::of_id;
pub use releases::writers;
pub(crate) use seen::Seen;

#[cfg(test)]
mod tests;
