//! ELF, Mach-O and PE as one [`Image`]: sections, symbols, libraries, and where an address stands in the file.
//!
//! `format` tells by the first bytes what a file is, and gives the slices of a fat one; `elf`, `macho` and `pe` read one
//! slice each; `text` reads names with bounds; `pointers` resolves what the loader would write into a place. Any bytes may
//! come in: a part that can't be read becomes a [`Flaw`] of the image, and the rest is still read.

mod elf;
mod format;
mod image;
mod macho;
mod pe;
mod pointers;
mod text;

pub use format::{Slice, slices};
pub use image::{Export, Flaw, Image, Kind, Need, Section, Unreadable};
pub use pointers::{Pointer, Pointers};
pub use text::{cut_text, text_at, text_round};
