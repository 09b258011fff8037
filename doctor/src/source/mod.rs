//! Where bytes come from: files mapped into memory, members of wheels, folders.
//!
//! `walk` finds the files of a folder; `file` maps one (`map` holds the only `unsafe` of the crate); `archive` lists the
//! native members of a wheel and inflates one at a time into `scratch` memory that is used again; `budget` keeps what is inflated
//! at the same time below a bound.

mod archive;
mod budget;
mod file;
mod map;
mod scratch;
mod walk;

pub(crate) use archive::{Archive, Member, is_archive};
pub(crate) use budget::Budget;
pub(crate) use file::Bytes;
pub(crate) use walk::{Found, unreadable, walk};
