//! The engine that writes streams itself: byte for byte what the running Python's own C pickler writes, without recursion.
//!
//! | file | what it owns |
//! |---|---|
//! | [`held`] | what a module keeps for this engine: names, tables, exceptions |
//! | [`output`] | the stream: opcodes, frames, the file behind it |
//! | [`memo`] | which objects have been written, and as which number |
//! | [`step`] | what is begun and not finished: the engine's own stack |
//! | [`session`] | one dump: the loop over the steps |
//! | [`atoms`] | objects that hold no other |
//! | [`sequences`] | lists, tuples, sets, and what an iterator gives |
//! | [`mappings`] | dicts, and the pairs that an iterator gives |
//! | [`buffers`] | bytearrays and `PickleBuffer`s, in the stream or beside it |
//! | [`dispatch`] | which way an object goes: hooks, tables, `__reduce_ex__` |
//! | [`reduce`] | what a reduction returned |
//! | [`plain`] | instances that need no `__reduce_ex__` to be asked |
//! | [`globals`] | classes and functions by their names |
//! | [`value`] | functions and classes by value |
//! | [`path`] | where in the object something failed, as notes |
//! | [`pickler`] | the class `Pickler`, and its memo as Python sees it |
//! | [`functions`] | `dump` and `dumps` |
//!
//! User code may run between any two steps: it may change what is being written, use the pickler again, or raise. The engine
//! keeps a reference to whatever it works on, and asks a container again after each item.

mod atoms;
mod buffers;
mod dispatch;
mod functions;
mod globals;
mod held;
mod mappings;
mod memo;
mod output;
mod path;
mod pickler;
mod plain;
mod reduce;
mod sequences;
mod session;
mod step;
mod value;

pub(crate) use functions::{dropin_dumps as dumps, options};
pub(crate) use held::Held;
pub(crate) use session::{Answer, ById, Named, Reducer, Session};
pub(crate) use value::{FIELDS, fields as code_fields};

use crate::python::{Definitions, Object, Result, interned, last, many};

static VALUES: Definitions<2> = Definitions::new([many::<value::Attach>(), last()]);

/// Puts this engine's functions and types into the module.
pub(crate) fn fill(module: &Object) -> Result<Held> {
    let held = Held::new()?;
    functions::add(module)?;
    VALUES.add_to(module)?;
    let (pickler, proxy) = pickler::classes(module)?;
    module.put(&*interned("Pickler")?, &pickler)?;
    // Python 3.13 gave the class a method for it.
    let no_persistent_id = if cfg!(Py_3_13) { Some(pickler::no_persistent_id_of(module)?) } else { None };
    Ok(Held { pickler: Some(pickler), proxy: Some(proxy), no_persistent_id, ..held })
}
