//! A small safe layer over pyo3-ffi, for both engines.
//!
//! | file | what it owns |
//! |---|---|
//! | [`object`] | borrowed references (`&Object`) and owned ones ([`Owned`]) |
//! | [`raised`] | [`Raised`]: proof that an exception is set |
//! | [`attributes`] | attributes, calls, comparisons, iteration |
//! | [`builtin`] | numbers, text, bytes, tuples, lists, dicts |
//! | [`kinds`] | what an object is, by its exact type |
//! | [`bytecode`] | what the operations of a code object do with names |
//! | [`jumps`] | which of them run for certain |
//! | [`classes`] | what a class says about its instances |
//! | [`memory`] | a `bytes` that is still being written |
//! | [`functions`] | tables of functions and methods |
//! | [`definitions`] | functions and methods as types: the drop-in's tables |
//! | [`code`] | Python's functions, code, cells and containers, as the drop-in reads them |
//! | [`holder`] | the drop-in's classes whose instances hold a value of Rust's, without a constructor |
//! | [`exceptions`] | what is done about exceptions of some kinds |
//! | [`making`] | classes whose instances hold a value of Rust's |
//! | [`notes`] | notes on exceptions, and texts for people |
//! | [`declared`] | what pyo3-ffi leaves out |
//! | [`modules`] | imports, and what a module is given |
//! | [`entry`] | where Python enters, panics caught |
//! | [`sign`] | lengths with and without a sign |
//! | [`shared`] | definitions that Python wants static |
//!
//! The layer never detaches its thread from the interpreter. A thread that has a reference of ours is therefore attached, and
//! neither [`Owned`] nor `&Object` can go to another thread: that's why the functions here are safe without a token.
//!
//! Every function that can fail returns [`Result`], a failed allocation of Python's included.

#![allow(
    dead_code,
    unused_imports,
    reason = "a layer for two engines: what one of them doesn't use, the other may"
)]

mod attributes;
mod builtin;
mod bytecode;
mod classes;
mod code;
mod declared;
mod definitions;
mod entry;
mod exceptions;
mod functions;
mod holder;
mod jumps;
mod kinds;
pub(crate) mod making;
mod memory;
mod modules;
mod notes;
mod object;
mod raised;
mod shared;
mod sign;

pub(crate) use builtin::{View, bytes, dict, int, interned, list, list_from, none, text, truth, tuple};
pub(crate) use bytecode::{CodeNames, Does, Opcodes, operations, variable};
pub(crate) use classes::Found;
pub(crate) use code::{FunctionParts, cell, ellipsis, modules, not_implemented, object_class, type_class};
pub(crate) use definitions::{Definitions, Many, One, last, many, one};
pub(crate) use entry::{Arguments, Visit, entry};
pub(crate) use functions::{Function, Functions};
pub(crate) use holder::{Class, Content};
pub(crate) use kinds::Kind;
pub(crate) use memory::Growing;
pub(crate) use modules::{import, import_object, singletons};
pub(crate) use notes::{add_note, signals};
pub(crate) use object::{Object, Owned};
pub(crate) use raised::{Raised, Result};
pub(crate) use shared::Shared;
pub(crate) use sign::Sign;
