//! Functions and classes by value: opcodes and names of the standard library, so that Python's own `loads` reads them where
//! nothing else is installed.
//!
//! | file | what it owns |
//! |---|---|
//! | [`choice`] | what the caller chose, and by name or by value? |
//! | [`attached`] | what the package's Python half gives |
//! | [`standard`] | the names of the standard library that streams call |
//! | [`program`] | what is to be written one after the other for one object |
//! | [`function`] | functions: code, closure, state |
//! | [`space`] | the copies of their globals |
//! | [`code`] | code objects, and what is known about them |
//! | [`reads`] | what code reads by name |
//! | [`class`] | classes |
//! | [`hooks`] | what bases do with classes that inherit from them |
//! | [`identity`] | by what a class is known again where it is loaded twice |
//! | [`content`] | whether a class has changed since it was written last |
//! | [`part`] | cells, modules, methods, properties |
//! | [`canon`] | what a value is, apart from which object it is |
//! | [`atoms`] | text and bytes by their content |
//! | [`turn`] | from where on equal input gives equal bytes |
//! | [`order`] | the order of sets |
//! | [`ties`] | members of sets that look alike |
//! | [`guard`] | the error that another Python version gets |
//!
//! Everything here goes through the steps of the session: nothing calls itself, however deep functions lie in each other.

mod atoms;
mod attached;
mod canon;
mod choice;
mod class;
mod code;
mod content;
mod function;
mod guard;
mod hooks;
mod identity;
mod members;
mod order;
mod part;
mod program;
mod reads;
mod space;
mod standard;
mod ties;
mod turn;

pub(crate) use atoms::{Atoms, Codes};
pub(crate) use attached::{Attach, Attached};
pub(crate) use canon::{Known, Value};
pub(crate) use choice::{Canonical, Choices, Identity, Unsaid};
pub(crate) use code::{FIELDS, Facts, fields};
pub(crate) use guard::make as make_guard;
pub(crate) use hooks::Late;
pub(crate) use identity::{Contents, Tracked, WeakValues, Which};
pub(crate) use order::{Sorted, Sorting, Suspended, Then};
pub(crate) use program::Program;
pub(crate) use space::Space;
pub(crate) use standard::Standards;
pub(crate) use ties::{Ambiguous, Swaps, Tie};
