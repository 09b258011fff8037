//! What a code object does with names: which globals it reads or writes, which of its closure's variables it sets.
//!
//! The bytes are read directly. Python's `dis`, which cloudpickle asks, takes a hundred times as long.

use std::sync::Arc;

use crate::python::{
    Certainty, Jump, Object, Owned, Raised, Result, dict, import, int, interned, jumps, none,
};

use super::Held;
use super::session::Session;

/// What an operation does, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Nothing,
    /// The argument of the next operation is longer than a byte.
    Extend,
    /// Reads a global; from 3.11 the lowest bit of its argument says something else.
    LoadGlobal,
    /// Sets or removes a global.
    ChangeGlobal,
    /// Sets a name, in the body of a class.
    StoreName,
    DeleteName,
    /// Reads a name, which is a global where the body has set none.
    LoadName,
    /// Reads a global in a scope of annotations.
    LoadFromDict,
    /// Sets or removes a variable that functions share.
    ChangeVariable,
    /// Goes on further down, or not.
    Jump(Jump),
}

/// What each operation does, in this Python.
pub(crate) struct Opcodes([Action; 256]);

impl Opcodes {
    fn read() -> Result<Self> {
        let opcode = import(c"opcode")?;
        let mut actions = [Action::Nothing; 256];
        for (action, jump) in actions.iter_mut().zip(jumps()?) {
            *action = jump.map_or(Action::Nothing, Action::Jump);
        }
        let map = opcode.get(&*interned("opmap")?)?;
        for (name, action) in [
            ("EXTENDED_ARG", Action::Extend),
            ("LOAD_GLOBAL", Action::LoadGlobal),
            ("STORE_GLOBAL", Action::ChangeGlobal),
            ("DELETE_GLOBAL", Action::ChangeGlobal),
            ("STORE_NAME", Action::StoreName),
            ("DELETE_NAME", Action::DeleteName),
            ("LOAD_NAME", Action::LoadName),
            ("LOAD_FROM_DICT_OR_GLOBALS", Action::LoadFromDict),
            ("STORE_DEREF", Action::ChangeVariable),
            ("DELETE_DEREF", Action::ChangeVariable),
        ] {
            let Some(number) = map.dict_find(&*interned(name)?)? else { continue };
            if let Ok(operation) = u8::try_from(number.int()?) {
                actions[usize::from(operation)] = action;
            }
        }
        if !actions.contains(&Action::LoadGlobal) {
            return Err(Raised::system("this Python has no LOAD_GLOBAL"));
        }
        Ok(Self(actions))
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
    /// Which of them is `__class__`.
    pub(crate) class_cell: Option<usize>,
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
    // Names that the body of a class has set by now, whatever way it took.
    let mut own = Vec::new();
    let mut certainty = Certainty::default();
    let mut variables = Vec::new();
    let mut extended = 0usize;
    let bytes = bytes.bytes()?;
    for (at, pair) in bytes.chunks_exact(2).enumerate() {
        let argument = usize::from(pair[1]) | extended;
        extended = 0;
        match opcodes.0[usize::from(pair[0])] {
            Action::Nothing => {}
            Action::Extend => extended = argument << 8,
            Action::LoadGlobal => {
                let name = if cfg!(Py_3_11) { argument >> 1 } else { argument };
                add(&globals, &names, name, &empty)?;
            }
            Action::ChangeGlobal => add(&globals, &names, argument, &empty)?,
            Action::StoreName => {
                if certainty.at(code, at)? && !own.contains(&argument) {
                    own.push(argument);
                }
            }
            Action::DeleteName => own.retain(|name| *name != argument),
            Action::LoadName if own.contains(&argument) => {}
            Action::LoadName | Action::LoadFromDict => {
                let more = match &more {
                    Some(more) => more,
                    None => more.insert(dict()?),
                };
                add(more, &names, argument, &empty)?;
            }
            Action::ChangeVariable => {
                if !variables.contains(&argument) {
                    variables.push(argument);
                }
            }
            Action::Jump(jump) => certainty.jump(jump, bytes, at, argument),
        }
    }
    let free = freevars.tuple_len();
    let mut sets = vec![false; free];
    for variable in variables {
        if let Some(at) = free_index(held, code, &freevars, variable)? {
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
    let class_cell =
        (0..free).find(|at| freevars.tuple_item(*at).is_some_and(|name| name.is(&held.names.class_cell)));
    #[allow(clippy::arc_with_non_send_sync, reason = "it stays with its session, whose thread is attached")]
    Ok(Arc::new(Facts { code: code.own(), globals, more, names, free, class_cell, sets }))
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
