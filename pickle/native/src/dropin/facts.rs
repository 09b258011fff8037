//! What a code object does with names: which globals it reads or writes, which of its closure's variables it sets.
//!
//! The bytes are read directly. Python's `dis`, which cloudpickle asks, takes a hundred times as long.

use std::collections::HashSet;
use std::sync::Arc;

use crate::python::{Object, Owned, Raised, Result, dict, import, int, interned, none};

use super::Held;
use super::session::Session;

/// Numbers of operations, in this Python.
pub(crate) struct Opcodes {
    load_global: u8,
    store_global: Option<u8>,
    delete_global: Option<u8>,
    extended: Option<u8>,
    load_name: Option<u8>,
    store_name: Option<u8>,
    load_from_dict_or_globals: Option<u8>,
    store_deref: Option<u8>,
    delete_deref: Option<u8>,
}

impl Opcodes {
    fn read() -> Result<Self> {
        let map = import(c"opcode")?.get(&*interned("opmap")?)?;
        let number = |name: &str| -> Result<Option<u8>> {
            let Some(number) = map.dict_find(&*interned(name)?)? else { return Ok(None) };
            Ok(u8::try_from(number.int()?).ok())
        };
        Ok(Self {
            load_global: number("LOAD_GLOBAL")?
                .ok_or_else(|| Raised::system("this Python has no LOAD_GLOBAL"))?,
            store_global: number("STORE_GLOBAL")?,
            delete_global: number("DELETE_GLOBAL")?,
            extended: number("EXTENDED_ARG")?,
            load_name: number("LOAD_NAME")?,
            store_name: number("STORE_NAME")?,
            load_from_dict_or_globals: number("LOAD_FROM_DICT_OR_GLOBALS")?,
            store_deref: number("STORE_DEREF")?,
            delete_deref: number("DELETE_DEREF")?,
        })
    }

    fn of(held: &Held) -> Result<&Self> {
        if let Some(known) = held.opcodes.get() {
            return Ok(known);
        }
        let read = Self::read()?;
        Ok(held.opcodes.get_or_init(|| read))
    }
}

/// What a code object does, those nested in it included.
pub(crate) struct Facts {
    /// Kept, because it is known by its address.
    pub(crate) code: Owned,
    /// Names of globals, as the keys of a dict: in the order in which they are met.
    pub(crate) globals: Owned,
    /// The same, by operations that cloudpickle doesn't look at: in bodies of classes and scopes of annotations.
    pub(crate) more: Option<Owned>,
    /// `co_names`.
    pub(crate) names: Owned,
    /// How many variables its closure has.
    pub(crate) free: usize,
    /// Which of them it sets.
    pub(crate) sets: Vec<bool>,
}

/// The facts about a code object, read once for each session.
pub(crate) fn of(held: &Held, session: &Session, code: &Object) -> Result<Arc<Facts>> {
    let address = code.ptr().addr();
    if let Some(known) = session.caches().codes.get(&address).cloned() {
        return Ok(known);
    }
    let facts = read(held, session, code)?;
    let old = session.caches().codes.insert(address, facts.clone());
    drop(old);
    Ok(facts)
}

fn read(held: &Held, session: &Session, code: &Object) -> Result<Arc<Facts>> {
    let opcodes = Opcodes::of(held)?;
    let names = code.get(&held.names.co_names)?;
    let freevars = code.get(&held.names.co_freevars)?;
    let bytes = code.get(&held.names.co_code)?;
    let globals = dict()?;
    let empty = none();
    let mut more: Option<Owned> = None;
    let mut own: HashSet<usize> = HashSet::new();
    let mut derefs: HashSet<usize> = HashSet::new();
    let mut extended = 0usize;
    for pair in bytes.bytes()?.chunks_exact(2) {
        let (operation, argument) = (pair[0], usize::from(pair[1]) | extended);
        if Some(operation) == opcodes.extended {
            extended = argument << 8;
            continue;
        }
        extended = 0;
        let some = Some(operation);
        if operation == opcodes.load_global {
            // From 3.11 the lowest bit says something else.
            let at = if cfg!(Py_3_11) { argument >> 1 } else { argument };
            add(&globals, &names, at, &empty)?;
        } else if some == opcodes.store_global || some == opcodes.delete_global {
            add(&globals, &names, argument, &empty)?;
        } else if some == opcodes.store_name {
            own.insert(argument);
        } else if some == opcodes.load_from_dict_or_globals
            || some == opcodes.load_name && !own.contains(&argument)
        {
            let more = match &more {
                Some(more) => more,
                None => more.insert(dict()?),
            };
            add(more, &names, argument, &empty)?;
        } else if some == opcodes.store_deref || some == opcodes.delete_deref {
            derefs.insert(argument);
        }
    }
    let free = freevars.tuple_len();
    let mut sets = vec![false; free];
    for deref in derefs {
        if let Some(at) = free_index(held, code, &freevars, deref)? {
            if let Some(set) = sets.get_mut(at) {
                *set = true;
            }
        }
    }
    let constants = code.get(&held.names.co_consts)?;
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
            let theirs = inner.code.get(&held.names.co_freevars)?;
            for (at, _) in inner.sets.iter().enumerate().filter(|(_, set)| **set) {
                let Some(name) = theirs.tuple_item(at) else { continue };
                for (place, set) in sets.iter_mut().enumerate() {
                    if let Some(mine) = freevars.tuple_item(place) {
                        *set |= mine.is(name) || mine.equals(name)?;
                    }
                }
            }
        }
    }
    #[allow(clippy::arc_with_non_send_sync, reason = "it stays with its session, whose thread is attached")]
    Ok(Arc::new(Facts { code: code.own(), globals, more, names, free, sets }))
}

fn add(into: &Object, names: &Object, at: usize, empty: &Object) -> Result<()> {
    match names.tuple_item(at) {
        Some(name) => into.dict_set(name, empty),
        None => Err(Raised::value("a code object names a global that it doesn't have")),
    }
}

fn merge(into: &Object, from: &Object, empty: &Object) -> Result<()> {
    let keys = from.dict_keys()?;
    for at in 0..keys.list_len() {
        into.dict_set(&*keys.list_item(at)?, empty)?;
    }
    Ok(())
}

/// Which variable of the closure an operation means; none if it is one of the code's own.
fn free_index(held: &Held, code: &Object, freevars: &Object, argument: usize) -> Result<Option<usize>> {
    if cfg!(Py_3_11) {
        let number = int(i64::try_from(argument).unwrap_or(i64::MAX))?;
        let name = code.call_method(&held.names.varname, &[&number])?;
        for at in 0..freevars.tuple_len() {
            if let Some(free) = freevars.tuple_item(at) {
                if free.equals(&name)? {
                    return Ok(Some(at));
                }
            }
        }
        return Ok(None);
    }
    let own = code.get(&held.names.co_cellvars)?.tuple_len();
    Ok(argument.checked_sub(own))
}
