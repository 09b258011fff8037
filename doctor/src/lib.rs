//! Reads extension modules, wheels and environments, and says which of them can share types, and why not.
//!
//! The crate never runs what it reads, and takes any bytes: what can't be understood is a [`facts::Problem`], what can't be
//! known is unknown. From the bytes upwards:
//!
//! - `source`: where bytes come from: files mapped into memory, members of wheels, folders;
//! - `binary`: ELF, Mach-O and PE as one `Image`: sections, symbols, libraries, notes;
//! - `scan`: one pass over an image that finds every fingerprint;
//! - `ids`: the grammars of other frameworks' ids; `versions`: which release wrote which;
//! - `domain`: nanobind's domain, by following the code that builds its key;
//! - `frameworks`: from fingerprints to statements, a file for each framework;
//! - `facts`: what is known of a file, with its evidence; the published JSON;
//! - `inspect`: all of the above, for paths, in parallel;
//! - `check`: whether two modules can share; `diff`: what changed between two;
//! - `environment`: all modules of a Python, and where sharing ends; `graph`: the same as a picture;
//! - `explain`: what an id or an error message means;
//! - `finding`: what is wrong, and what mends it; `report`: findings as other tools read them.
#![deny(unsafe_code)]

pub mod binary;
pub mod check;
pub mod diff;
pub mod domain;
pub mod environment;
pub mod explain;
pub mod facts;
pub mod finding;
pub mod frameworks;
pub mod graph;
pub mod ids;
pub mod inspect;
mod needs;
pub mod report;
pub mod scan;
mod source;
pub mod versions;

/// The example of the package's page, compiled and run with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
