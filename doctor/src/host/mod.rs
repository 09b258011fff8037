//! Which Python is to load the modules. Nothing of it is run.
//!
//! - `python`: what is known of it, with the evidence;
//! - `place`: finding it and its folders by the names of files;
//! - `sysconfig`: what its own data files say of how it was built.

mod place;
mod python;
mod sysconfig;

pub use place::{Place, PlaceError, place};
pub use python::{HostPython, How, QUESTION};
pub(crate) use python::{compare, numbers, processor, system_name};
