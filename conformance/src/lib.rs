//! The conformance runner: it builds extensions that disagree on purpose, loads each pair in a fresh
//! process, and holds what happened against what the spec says.
//!
//! The stages, in order; each is a module and knows only those before it:
//!
//! 1. [`axes`], [`cell`], [`pattern`], [`outcome`]: the vocabulary, printed and parsed;
//! 2. [`work`], [`house`], [`host`], [`participant`], [`zoo`], [`case`], [`expect`], [`sets`]: data read from files;
//! 3. [`plan`] and [`cover`]: cases × pairs × hosts × orders → cells;
//! 4. [`forge`]: builds what the plan needs, once; [`cache`]: where it is kept, for the tests of this repository too;
//! 5. [`launch`]: one child process a cell; [`events`]: what the child said;
//! 6. [`judge`]: events and wait status → outcome; outcome × expectation × prediction → verdict; `predict`: what the doctor says of
//!    two files before they are loaded;
//! 7. [`report`]: text, JSON; [`journal`]: the finished cells of a run that was stopped; [`progress`]: what is said
//!    meanwhile; [`run`] drives all of it.
//!
//! This file has no logic. The runner never imports an extension into its own process.
#![forbid(unsafe_code)]

pub mod axes;
pub mod cache;
pub mod case;
pub mod cell;
pub mod cover;
pub mod error;
pub mod events;
pub mod expect;
pub mod forge;
pub mod host;
pub mod house;
pub mod journal;
pub mod judge;
pub mod launch;
pub mod outcome;
pub mod participant;
pub mod pattern;
pub mod plan;
mod predict;
pub mod progress;
pub mod reason;
pub mod report;
pub mod rule;
pub mod run;
pub mod sets;
pub mod work;
pub mod zoo;

pub use error::{Error, Result};
