//! Code objects, as the arguments of their class.

use crate::python::{Object, Owned, Result, tuple};
use crate::writer::FIELDS;

use super::Held;
use super::options::Options;
use crate::room::Room as _;

/// What makes a code object again.
pub(crate) fn reduce(
    held: &Held,
    options: &Options,
    kind: &Object,
    code: &Object,
    hidden: bool,
) -> Result<Owned> {
    let mut values = Vec::with_capacity(FIELDS.len());
    for (name, descriptor) in FIELDS.iter().zip(&held.code_fields) {
        values.room()?.push(match *name {
            "co_filename" if !options.filenames => held.names.dynamic_code.fresh()?,
            "co_name" => code.through(descriptor)?.fresh()?,
            "co_names" | "co_varnames" | "co_freevars" | "co_cellvars" => {
                code.through(descriptor)?.fresh_tuple()?
            }
            _ => code.through(descriptor)?,
        });
    }
    let arguments = tuple(&values.iter().map(|value| &**value).collect::<Vec<_>>())?;
    let reduced = tuple(&[kind, &arguments])?;
    if hidden {
        arguments.untrack();
        reduced.untrack();
        // The copies: names, variables, closure's variables, cells.
        let last = values.len();
        for copied in [8, 9, last - 2, last - 1] {
            if let Some(copied) = values.get(copied).filter(|copied| copied.tuple_len() > 0) {
                copied.untrack();
            }
        }
    }
    Ok(reduced)
}
