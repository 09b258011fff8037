//! Code objects, as the arguments of their class.

use crate::python::{Object, Owned, Result, tuple};

use super::Held;
use super::options::Options;

/// What makes a code object again.
pub(crate) fn reduce(
    held: &Held,
    options: &Options,
    kind: &Object,
    code: &Object,
    hidden: bool,
) -> Result<Owned> {
    let names = &held.names;
    let get = |name: &Object| code.get(name);
    let copy = |name: &Object| code.get(name)?.fresh_tuple();
    let filename = if options.filenames { get(&names.co_filename)? } else { names.dynamic_code.fresh()? };
    let mut values = vec![
        get(&names.co_argcount)?,
        get(&names.co_posonlyargcount)?,
        get(&names.co_kwonlyargcount)?,
        get(&names.co_nlocals)?,
        get(&names.co_stacksize)?,
        get(&names.co_flags)?,
        get(&names.co_code)?,
        get(&names.co_consts)?,
        copy(&names.co_names)?,
        copy(&names.co_varnames)?,
        filename,
        get(&names.co_name)?.fresh()?,
    ];
    if cfg!(Py_3_11) {
        values.push(get(&names.co_qualname)?);
    }
    values.push(get(&names.co_firstlineno)?);
    values.push(if cfg!(Py_3_10) { get(&names.co_linetable)? } else { get(&names.co_lnotab)? });
    if cfg!(Py_3_11) {
        values.push(get(&names.co_exceptiontable)?);
    }
    values.push(copy(&names.co_freevars)?);
    values.push(copy(&names.co_cellvars)?);
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
