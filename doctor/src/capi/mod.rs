//! What a module gives to other modules in C, and asks of them, as its file and its code tell.
//!
//! - `classes`: classes that stand in its data, with the sizes of their objects;
//! - `taken`: the calls by which Cython's modules give functions, take them, and compare sizes of classes, and those that give and
//!   take capsules; read from the constants that they pass;
//! - `packed`: the texts in which Cython packs names and signatures from 3.2 on;
//! - `judge`: whether two modules' sides fit.
//!
//! Code is followed for x86-64 and arm64 in ELF files.

mod classes;
mod judge;
mod packed;
mod taken;

pub(crate) use judge::misfits;

use crate::binary::Image;
use crate::facts::{CApi, Framework, FrameworkKind};

/// Reads both sides of a module.
pub(crate) fn capi(image: &Image<'_>, frameworks: &[Framework]) -> CApi {
    let cython = frameworks.iter().any(|found| found.kind == FrameworkKind::Cython);
    let mut found = CApi { classes: classes::classes(image), ..CApi::default() };
    taken::read(image, cython, &mut found);
    found
}
