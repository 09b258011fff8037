//! What the operations of a code object do with names, for both engines. The bytes are read directly, in one place: Python's `dis`
//! takes a hundred times as long.

use super::builtin::{int, interned};
use super::jumps::{Certainty, Jump, jumps};
use super::modules::import;
use super::object::{Object, Owned};
use super::raised::{Raised, Result};
use crate::room::Room as _;

/// What an operation does, as far as it matters to anybody here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Something else.
    Other,
    /// Nothing: it is room that the interpreter uses, from 3.11 on.
    Room,
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
    /// Reads a variable that functions share.
    LoadVariable,
    /// Sets or removes one.
    ChangeVariable,
    /// Takes an attribute; from 3.12 the lowest bit of its argument says something else.
    LoadAttribute,
    /// Takes an attribute that is called, before 3.12.
    LoadMethod,
    /// Reads a variable of the function's own.
    LoadLocal,
    /// Reads two, from 3.13 on: four bits of the argument for each.
    LoadLocals,
    /// Sets one.
    StoreLocal,
    /// Sets two.
    StoreLocals,
    /// Sets one, and reads one.
    StoreLoad,
    /// What is on the stack is there once more.
    Copy,
    /// Imports a module.
    Import,
    /// Goes on further down, or not.
    Jump(Jump),
}

/// What each operation does, in this Python.
pub(crate) struct Opcodes([Action; 256]);

impl Opcodes {
    /// Asks Python.
    pub(crate) fn read() -> Result<Self> {
        let map = import(c"opcode")?.get(&*interned("opmap")?)?;
        let mut actions = [Action::Other; 256];
        for (action, jump) in actions.iter_mut().zip(jumps()?) {
            *action = jump.map_or(Action::Other, Action::Jump);
        }
        if cfg!(Py_3_11) {
            // Where the map doesn't have it, it is the first.
            actions[0] = Action::Room;
        }
        for (name, action) in [
            ("CACHE", Action::Room),
            ("EXTENDED_ARG", Action::Extend),
            ("LOAD_GLOBAL", Action::LoadGlobal),
            ("STORE_GLOBAL", Action::ChangeGlobal),
            ("DELETE_GLOBAL", Action::ChangeGlobal),
            ("STORE_NAME", Action::StoreName),
            ("DELETE_NAME", Action::DeleteName),
            ("LOAD_NAME", Action::LoadName),
            ("LOAD_FROM_DICT_OR_GLOBALS", Action::LoadFromDict),
            ("LOAD_DEREF", Action::LoadVariable),
            ("STORE_DEREF", Action::ChangeVariable),
            ("DELETE_DEREF", Action::ChangeVariable),
            ("LOAD_ATTR", Action::LoadAttribute),
            ("LOAD_METHOD", Action::LoadMethod),
            ("LOAD_FAST", Action::LoadLocal),
            ("LOAD_FAST_BORROW", Action::LoadLocal),
            ("LOAD_FAST_CHECK", Action::LoadLocal),
            ("LOAD_FAST_LOAD_FAST", Action::LoadLocals),
            ("LOAD_FAST_BORROW_LOAD_FAST_BORROW", Action::LoadLocals),
            ("STORE_FAST", Action::StoreLocal),
            ("STORE_FAST_STORE_FAST", Action::StoreLocals),
            ("STORE_FAST_LOAD_FAST", Action::StoreLoad),
            ("DUP_TOP", Action::Copy),
            ("COPY", Action::Copy),
            ("IMPORT_NAME", Action::Import),
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
}

/// What one operation does. A name in the body of a class that the body itself has set is no global, and isn't told.
pub(crate) enum Does<'o> {
    /// Reads this global.
    ReadsGlobal(&'o Object),
    /// Sets or removes this global.
    ChangesGlobal(&'o Object),
    /// Reads this global, in the body of a class or in a scope of annotations.
    ReadsInBody(&'o Object),
    /// Takes the attribute with this name of what the operation before has read.
    TakesAttribute(&'o Object),
    /// Reads the variable in the cell with this number: see [`variable`].
    ReadsVariable(usize),
    /// Sets or removes it.
    ChangesVariable(usize),
    /// Reads the variable of the function's own with this number.
    ReadsLocal(usize),
    /// Sets it, to what the operation before has read.
    ChangesLocal(usize),
    /// Reads what the operation before has read once more.
    Copies,
    /// Imports a module.
    Imports,
    /// Goes on further down, or not.
    Jumps,
    /// Something else.
    Other,
}

/// Names of attributes of code objects.
pub(crate) struct CodeNames {
    pub(crate) code: Owned,
    pub(crate) names: Owned,
    pub(crate) consts: Owned,
    pub(crate) cellvars: Owned,
    pub(crate) freevars: Owned,
    pub(crate) varnames: Owned,
    pub(crate) varname: Owned,
    pub(crate) name: Owned,
    pub(crate) qualname: Owned,
    pub(crate) flags: Owned,
    /// What stands for a file where it doesn't count.
    pub(crate) pickled: Owned,
}

impl CodeNames {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            code: interned("co_code")?,
            names: interned("co_names")?,
            consts: interned("co_consts")?,
            cellvars: interned("co_cellvars")?,
            freevars: interned("co_freevars")?,
            varnames: interned("co_varnames")?,
            varname: interned("_varname_from_oparg")?,
            name: interned("co_name")?,
            qualname: interned("co_qualname")?,
            flags: interned("co_flags")?,
            pickled: interned("<pickled>")?,
        })
    }
}

/// Says of each operation of a code object in turn what it does; those nested in it are left to the caller.
pub(crate) fn operations(
    opcodes: &Opcodes,
    attributes: &CodeNames,
    code: &Object,
    mut told: impl FnMut(Does<'_>) -> Result<()>,
) -> Result<()> {
    let names = code.get(&attributes.names)?;
    let bytes = code.get(&attributes.code)?;
    let bytes = bytes.bytes()?;
    let name = |at: usize| {
        let missing = || Raised::value("a code object has an operation on a name that it doesn't have");
        names.tuple_item(at).ok_or_else(missing)
    };
    // Names that the body of a class has set by now, whatever way it took.
    let mut own = Vec::new();
    let mut certainty = Certainty::default();
    let mut extended = 0usize;
    for (at, pair) in bytes.chunks_exact(2).enumerate() {
        let argument = usize::from(pair[1]) | extended;
        extended = 0;
        let does = match opcodes.0[usize::from(pair[0])] {
            Action::Extend => {
                extended = argument << 8;
                continue;
            }
            Action::Room => continue,
            Action::Other => Does::Other,
            Action::LoadGlobal => {
                Does::ReadsGlobal(name(if cfg!(Py_3_11) { argument >> 1 } else { argument })?)
            }
            Action::ChangeGlobal => Does::ChangesGlobal(name(argument)?),
            Action::StoreName => {
                if certainty.at(code, at)? && !own.contains(&argument) {
                    own.room()?.push(argument);
                }
                Does::Other
            }
            Action::DeleteName => {
                own.retain(|name| *name != argument);
                Does::Other
            }
            Action::LoadName if own.contains(&argument) => Does::Other,
            Action::LoadName | Action::LoadFromDict => Does::ReadsInBody(name(argument)?),
            Action::LoadVariable => Does::ReadsVariable(argument),
            Action::ChangeVariable => Does::ChangesVariable(argument),
            Action::LoadAttribute => {
                Does::TakesAttribute(name(if cfg!(Py_3_12) { argument >> 1 } else { argument })?)
            }
            Action::LoadMethod => Does::TakesAttribute(name(argument)?),
            Action::LoadLocal => Does::ReadsLocal(argument),
            Action::LoadLocals => {
                told(Does::ReadsLocal(argument >> 4))?;
                Does::ReadsLocal(argument & 15)
            }
            Action::StoreLocal => Does::ChangesLocal(argument),
            Action::StoreLocals => {
                told(Does::ChangesLocal(argument >> 4))?;
                Does::ChangesLocal(argument & 15)
            }
            Action::StoreLoad => {
                told(Does::ChangesLocal(argument >> 4))?;
                Does::ReadsLocal(argument & 15)
            }
            // Of 1: what is at the top. Before 3.11 the operation has no argument.
            Action::Copy if argument <= 1 => Does::Copies,
            Action::Copy => Does::Other,
            Action::Import => Does::Imports,
            Action::Jump(jump) => {
                certainty.jump(jump, bytes, at, argument);
                Does::Jumps
            }
        };
        told(does)?;
    }
    Ok(())
}

/// The name of a variable that is kept in a cell, by the number that operations have for it.
pub(crate) fn variable(names: &CodeNames, code: &Object, number: usize) -> Result<Option<Owned>> {
    if cfg!(Py_3_11) {
        let number = int(i64::try_from(number).unwrap_or(i64::MAX))?;
        return code.call_method(&names.varname, &[&number]).map(Some);
    }
    let cells = code.get(&names.cellvars)?;
    let free = code.get(&names.freevars)?;
    Ok(cells
        .tuple_item(number)
        .or_else(|| free.tuple_item(number.checked_sub(cells.tuple_len())?))
        .map(Object::own))
}
