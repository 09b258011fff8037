//! What a module asks of Python and of the machine: fills [`PythonNeeds`](crate::facts::PythonNeeds) and
//! [`Target`](crate::facts::Target) from an image, its name, and the wheel it came in.
//!
//! `place` is the name and the wheel, `tag` the part of a file's name that says for which Python it is; `entries` the
//! functions Python calls; `python` puts together what is asked of it, with `stable` for the limited API and its table
//! `stable_abi`, `definition` for the module's own statements about the GIL and sub-interpreters, `handed` for those that its
//! code makes on import, `abi_info` for the record of what it was built with, and `protocols`.
//! `target` is the machine, `compilers` what built it, `note` our own build note. `marks` is what they look for in texts.

mod abi_info;
mod compilers;
mod definition;
mod entries;
mod handed;
mod marks;
mod note;
mod place;
mod protocols;
mod python;
mod slots;
mod stable;
mod stable_abi;
mod tag;
mod target;

pub(crate) use marks::MARKS;
pub(crate) use note::note;
pub(crate) use place::{Place, WheelTags};
pub(crate) use python::{contradiction, python};
pub(crate) use stable_abi::{Release, exported_since, since};
pub(crate) use target::target;
