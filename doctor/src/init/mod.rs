//! What a module's entry point hands to Python, by following its code: some binding libraries write the list of slots while
//! the module is imported, so that the file's data hold nothing.
//!
//! `state` is a processor's registers and memory, where each byte is known or isn't; `x86` says what instructions do to them;
//! `follow` takes every way through `PyInit_x` as the first import would, up to `PyModuleDef_Init` or the return of a module
//! that was made in one step; `handed` reads what is in memory then, and says how certain each part is.
//!
//! Nothing runs. x86-64 ELF alone is followed; of other files nothing is said here.

mod follow;
mod handed;
mod state;
mod x86;

pub(crate) use handed::{Handed, handed_over};
