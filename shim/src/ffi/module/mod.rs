//! A module on bare pyo3-ffi as Python takes it: what it is made of, and the form that this build's API knows.
//!
//! - `parts`: what a module is made of, in either form.
//! - `definition`: a `PyModuleDef`, which `PyInit_…` returns; every Python up to now.
//! - `slots`: a list of slots, which `PyModExport_…` returns; abi3t, where nobody knows the layout of a `PyModuleDef`.

mod parts;

#[cfg(not(interbind_module_slots))]
mod definition;
#[cfg(interbind_module_slots)]
mod slots;

pub(crate) use self::parts::Parts;

#[cfg(not(interbind_module_slots))]
pub(crate) use self::definition::{Definition, Entry, state_of};
#[cfg(interbind_module_slots)]
pub(crate) use self::slots::{Definition, Entry, state_of};
