//! ELF, Mach-O, PE and WebAssembly as one [`Image`]: sections, symbols, libraries, and where an address is in the file.
//!
//! `image` is the vocabulary, with `relocations` for what the loader would write; neither knows a format. `format` tells by
//! the first bytes what a file is, gives the slices of a fat one, and calls `elf`, `macho`, `pe` or `wasm`, which read one slice
//! each; `text` reads names with bounds; `pointers` resolves what the loader would write into a place. Any bytes may come
//! in: a part that can't be read becomes a [`Flaw`] of the image, and the rest is still read.

mod elf;
mod format;
mod image;
mod macho;
mod pe;
mod pointers;
mod relocations;
mod text;
mod wasm;

pub use format::{Slice, is_known, slices};
pub use image::{Binding, Export, Flaw, Image, Kind, Linking, Need, Section, Unreadable};
pub use relocations::{Pointer, Pointers};
pub use text::{cut_text, text_at, text_round};
