//! What a code object does with names: which globals it reads or writes, which of its closure's variables it sets.
//!
//! The bytes are read directly. Python's `dis`, which cloudpickle asks, takes a hundred times as long.

use std::sync::Arc;

use crate::python::{Does, Object, Opcodes, Owned, Result, dict, none, operations, variable};

use super::Held;
use super::session::Session;
use crate::room::Room as _;

/// What the operations of this Python do.
fn opcodes(held: &Held) -> Result<&Opcodes> {
    if let Some(known) = held.opcodes.get() {
        return Ok(known);
    }
    let read = Opcodes::read()?;
    Ok(held.opcodes.get_or_init(|| read))
}

/// What a code object does, those nested in it included.
pub(crate) struct Facts {
    /// Names of globals, as the keys of a dict: in the order in which they are met.
    pub(crate) globals: Owned,
    /// The same, by operations that cloudpickle doesn't look at: in bodies of classes and scopes of annotations.
    pub(crate) more: Option<Owned>,
    /// `co_names`.
    pub(crate) names: Owned,
    /// `co_freevars`.
    freevars: Owned,
    /// How many variables its closure has.
    pub(crate) free: usize,
    /// Which of them is `__class__`.
    pub(crate) class_cell: Option<usize>,
    /// Which of them it sets.
    pub(crate) sets: Vec<bool>,
}

/// The facts about a code object, read once. What the session has met stays: nothing is asked about that again.
pub(crate) fn of(held: &Held, session: &Session, code: &Object) -> Result<Arc<Facts>> {
    let address = code.ptr().addr();
    let known = session.caches().codes.get(&address).map(|(_, known)| known.clone());
    if let Some(known) = known {
        return Ok(known);
    }
    let facts = match held.facts.find(code)? {
        Some(known) => known,
        None => {
            let facts = read(held, session, code)?;
            held.facts.keep(code, facts, |_| true)?
        }
    };
    let old = session.caches().codes.room()?.insert(address, (code.own(), facts.clone()));
    drop(old);
    Ok(facts)
}

fn read(held: &Held, session: &Session, code: &Object) -> Result<Arc<Facts>> {
    let names = code.get(&held.code_names.names)?;
    let freevars = code.get(&held.code_names.freevars)?;
    let globals = dict()?;
    let empty = none();
    let mut more: Option<Owned> = None;
    let mut variables = Vec::new();
    operations(opcodes(held)?, &held.code_names, code, |does| {
        match does {
            Does::ReadsGlobal(name) | Does::ChangesGlobal(name) => globals.dict_set(name, &empty)?,
            Does::ReadsInBody(name) => {
                let more = match &more {
                    Some(more) => more,
                    None => more.insert(dict()?),
                };
                more.dict_set(name, &empty)?;
            }
            Does::ChangesVariable(number) => {
                if !variables.contains(&number) {
                    variables.room()?.push(number);
                }
            }
            Does::TakesAttribute(_)
            | Does::ReadsVariable(_)
            | Does::ReadsLocal(_)
            | Does::ChangesLocal(_)
            | Does::Copies
            | Does::Imports
            | Does::Jumps
            | Does::Other => {}
        }
        Ok(())
    })?;
    let free = freevars.tuple_len();
    let mut sets = vec![false; free];
    for number in variables {
        let Some(name) = variable(&held.code_names, code, number)? else { continue };
        // What isn't there is one of the code's own.
        for (at, set) in sets.iter_mut().enumerate() {
            *set |= match freevars.tuple_item(at) {
                Some(free) => free.is(&name) || free.equals(&name)?,
                None => false,
            };
        }
    }
    let constants = code.get(&held.code_names.consts)?;
    for at in 0..constants.tuple_len() {
        let Some(inner) = constants.tuple_item(at).filter(|inner| inner.is_code()) else { continue };
        let inner = of(held, session, inner)?;
        merge(&globals, &inner.globals, &empty)?;
        if let Some(theirs) = &inner.more {
            let more = match &more {
                Some(more) => more,
                None => more.insert(dict()?),
            };
            merge(more, theirs, &empty)?;
        }
        if inner.sets.contains(&true) {
            for (at, _) in inner.sets.iter().enumerate().filter(|(_, set)| **set) {
                let Some(name) = inner.freevars.tuple_item(at) else { continue };
                for (place, set) in sets.iter_mut().enumerate() {
                    if let Some(mine) = freevars.tuple_item(place) {
                        *set |= mine.is(name) || mine.equals(name)?;
                    }
                }
            }
        }
    }
    let class_cell =
        (0..free).find(|at| freevars.tuple_item(*at).is_some_and(|name| name.is(&held.names.class_cell)));
    #[allow(
        clippy::arc_with_non_send_sync,
        reason = "threads that have it are attached; the count is all they share"
    )]
    Ok(Arc::new(Facts { globals, more, names, freevars, free, class_cell, sets }))
}

fn merge(into: &Object, from: &Object, empty: &Object) -> Result<()> {
    let keys = from.dict_keys()?;
    for at in 0..keys.list_len() {
        into.dict_set(&*keys.list_item(at)?, empty)?;
    }
    Ok(())
}
