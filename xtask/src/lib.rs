//! Chores of this repository, run by people and by CI: `cargo xtask --help` names them. What is generated from the sources is
//! made here, so that a chore writes it and a test holds the checked-in file against the same text.
//!
//! - [`generate`]: files that are made from others in this repository;
//! - [`releases`]: the doctor's table of frameworks' releases, made from their released headers;
//! - [`tests`]: all tests, several programs at once; [`times`]: how long they took;
//! - [`run`]: chores that are other programs: the corpus of wheels, CI;
//! - [`house`]: the sources, as the rules of the house see them; [`book`]: the pages of the book.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

pub mod book;
pub mod generate;
pub mod house;
mod processor;
pub mod releases;
pub mod run;
pub mod tests;
pub mod times;

/// The folder of this repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}
