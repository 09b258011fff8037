//! Where bytes come from: files, members of wheels, folders.
//!
//! `walk` finds the files of a folder; `file` reads one; `archive` lists the native members of a wheel and inflates one at a
//! time. Both write into `scratch` memory that is used again; `budget` keeps what is read at the same time below a bound;
//! `data` reads the files beside the binaries, such as metadata.

mod archive;
mod budget;
mod data;
mod file;
mod scratch;
mod walk;

pub(crate) use archive::{Archive, Member, Reader, is_archive};
pub(crate) use budget::Budget;
pub(crate) use data::{entries, text};
pub(crate) use file::Input;
pub(crate) use walk::{Found, is_native, unreadable, walk};
