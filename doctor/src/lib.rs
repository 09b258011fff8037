//! Reads extension modules, wheels and environments, and says which of them can share types, and why not.
//!
//! The crate never runs what it reads, and takes any bytes: what can't be understood is a [`facts::Problem`], what can't be
//! known is unknown. From the bytes upwards:
//!
//! - `source`: where bytes come from: files, members of wheels, folders;
//! - `binary`: ELF, Mach-O and PE as one `Image`: sections, symbols, libraries, notes;
//! - `scan`: one pass over an image that finds every fingerprint;
//! - `ids`: the grammars of other frameworks' ids; `versions`: which release wrote which;
//! - `domain`: nanobind's domain, by following the code that builds its key;
//! - `init`: what a module hands to Python, by following the code of its entry point;
//! - `frameworks`: from fingerprints to statements, a file for each framework;
//! - `partners`: libraries beside Python that a module was built for;
//! - `linking`: what the loader would do with many files together;
//! - `facts`: what is known of a file, with its evidence; the published JSON;
//! - `inspect`: all of the above, for paths, in parallel;
//! - `compare`: two sides of one question; `check`: whether two modules can share; `diff`: what changed between two;
//! - `host`: which Python; `installed`: what it has; `requirements`: what is asked for, where nothing is installed;
//! - `environment`: what follows for all its modules: where sharing ends, what goes wrong; `graph`: the same as a picture;
//! - `live`: what follows from a program's run, which somebody else ran;
//! - `explain`: what an id or an error message means;
//! - `audit`: one wheel before its release;
//! - `lock`: a crate's shared types as they were released, and which version a change needs;
//! - `finding`: what is wrong, and what mends it; `report`: findings as other tools read them.
#![forbid(unsafe_code)]

pub mod audit;
pub mod binary;
mod capi;
pub mod check;
mod compare;
pub mod diff;
pub mod domain;
pub mod environment;
pub mod explain;
pub mod facts;
pub mod finding;
pub mod frameworks;
pub mod graph;
pub mod host;
pub mod ids;
mod init;
pub mod inspect;
pub mod installed;
mod linking;
pub mod live;
pub mod lock;
mod needs;
mod partners;
pub mod report;
pub mod requirements;
#[cfg(test)]
mod samples;
pub mod scan;
mod source;
pub mod versions;
mod xml;

/// The example of the package's page, compiled and run with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
