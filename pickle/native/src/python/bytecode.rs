//! What a code object reads by name: globals, the submodules that it reaches through them, and whether it imports. The bytes
//! are read directly; Python's `dis` takes a hundred times as long.

use std::collections::HashSet;

use super::builtin::{dict, int, interned, none};
use super::jumps::{Certainty, Jump, jumps};
use super::modules::import;
use super::object::{Object, Owned};
use super::raised::{Raised, Result};

/// Numbers of operations, in this Python.
pub(crate) struct Opcodes {
    load_global: u8,
    store_global: Option<u8>,
    delete_global: Option<u8>,
    extended: Option<u8>,
    load_name: Option<u8>,
    store_name: Option<u8>,
    delete_name: Option<u8>,
    load_from_dict_or_globals: Option<u8>,
    load_deref: Option<u8>,
    load_attr: Option<u8>,
    load_method: Option<u8>,
    import_name: Option<u8>,
    /// Room that the interpreter uses, from 3.11 on.
    cache: Option<u8>,
    /// What may go on further down.
    jumps: [Option<Jump>; 256],
}

impl Opcodes {
    /// Asks Python for them.
    pub(crate) fn read() -> Result<Self> {
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
            delete_name: number("DELETE_NAME")?,
            load_from_dict_or_globals: number("LOAD_FROM_DICT_OR_GLOBALS")?,
            load_deref: number("LOAD_DEREF")?,
            load_attr: number("LOAD_ATTR")?,
            load_method: number("LOAD_METHOD")?,
            import_name: number("IMPORT_NAME")?,
            cache: if cfg!(Py_3_11) { number("CACHE")?.or(Some(0)) } else { None },
            jumps: jumps()?,
        })
    }
}

/// Attributes that are taken one after the other, starting from a global or from a variable of the closure.
pub(crate) struct Chain {
    /// A variable of the closure, not a global.
    pub(crate) free: bool,
    /// Its name.
    pub(crate) root: Owned,
    /// The names of the attributes.
    pub(crate) attributes: Vec<Owned>,
}

/// What a code object reads, those nested in it included.
pub(crate) struct Reads {
    /// Names of globals, sorted.
    pub(crate) globals: Vec<Owned>,
    /// Attributes that may be submodules.
    pub(crate) chains: Vec<Chain>,
    /// It has import statements.
    pub(crate) imports: bool,
}

/// Names of attributes of code objects.
pub(crate) struct CodeNames {
    pub(crate) code: Owned,
    pub(crate) names: Owned,
    pub(crate) consts: Owned,
    pub(crate) cellvars: Owned,
    pub(crate) freevars: Owned,
    pub(crate) varname: Owned,
    pub(crate) name: Owned,
    pub(crate) qualname: Owned,
    pub(crate) flags: Owned,
}

impl CodeNames {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            code: interned("co_code")?,
            names: interned("co_names")?,
            consts: interned("co_consts")?,
            cellvars: interned("co_cellvars")?,
            freevars: interned("co_freevars")?,
            varname: interned("_varname_from_oparg")?,
            name: interned("co_name")?,
            qualname: interned("co_qualname")?,
            flags: interned("co_flags")?,
        })
    }
}

/// Reads a code object, and those in its constants.
pub(crate) fn reads(opcodes: &Opcodes, names: &CodeNames, code: &Object) -> Result<Reads> {
    let found = dict()?;
    let mut whole = Reads { globals: Vec::new(), chains: Vec::new(), imports: false };
    let mut seen = HashSet::new();
    let mut left = vec![code.own()];
    while let Some(code) = left.pop() {
        read_one(opcodes, names, &code, &found, &mut whole)?;
        let constants = code.get(&names.consts)?;
        for at in 0..constants.tuple_len() {
            if let Some(inner) = constants.tuple_item(at).filter(|inner| inner.is_code()) {
                if seen.insert(inner.ptr().addr()) {
                    left.push(inner.own());
                }
            }
        }
    }
    let keys = found.dict_keys()?;
    for at in 0..keys.list_len() {
        whole.globals.push(keys.list_item(at)?);
    }
    if whole.globals.len() > 1 {
        let text = |name: &Owned| name.utf8().map_err(Raised::dismiss).unwrap_or_default().to_owned();
        whole.globals.sort_by_cached_key(text);
    }
    Ok(whole)
}

fn read_one(
    opcodes: &Opcodes,
    attributes: &CodeNames,
    code: &Object,
    found: &Object,
    whole: &mut Reads,
) -> Result<()> {
    let names = code.get(&attributes.names)?;
    let bytes = code.get(&attributes.code)?;
    let empty = none();
    // Names that the body of a class has set by now, whatever way it took.
    let mut own: HashSet<usize> = HashSet::new();
    let mut certainty = Certainty::default();
    let mut extended = 0usize;
    let mut chain: Option<Chain> = None;
    let named = |at: usize| -> Result<Owned> {
        match names.tuple_item(at) {
            Some(name) => Ok(name.own()),
            None => Err(Raised::value("a code object reads a name that it doesn't have")),
        }
    };
    let bytes = bytes.bytes()?;
    for (at, pair) in bytes.chunks_exact(2).enumerate() {
        let (operation, argument) = (pair[0], usize::from(pair[1]) | extended);
        let some = Some(operation);
        if some == opcodes.extended {
            extended = argument << 8;
            continue;
        }
        extended = 0;
        if some == opcodes.cache {
            continue;
        }
        if some == opcodes.load_attr || some == opcodes.load_method {
            if let Some(chain) = &mut chain {
                let shifted = cfg!(Py_3_12) && some == opcodes.load_attr;
                chain.attributes.push(named(if shifted { argument >> 1 } else { argument })?);
            }
            continue;
        }
        whole.chains.extend(chain.take().filter(|chain| !chain.attributes.is_empty()));
        if let Some(jump) = opcodes.jumps[usize::from(operation)] {
            certainty.jump(jump, bytes, at, argument);
        }
        if operation == opcodes.load_global {
            // From 3.11 the lowest bit says something else.
            let name = named(if cfg!(Py_3_11) { argument >> 1 } else { argument })?;
            found.dict_set(&name, &empty)?;
            chain = Some(Chain { free: false, root: name, attributes: Vec::new() });
        } else if some == opcodes.store_global || some == opcodes.delete_global {
            found.dict_set(&*named(argument)?, &empty)?;
        } else if some == opcodes.store_name {
            if certainty.at(code, at)? {
                own.insert(argument);
            }
        } else if some == opcodes.delete_name {
            own.remove(&argument);
        } else if some == opcodes.load_from_dict_or_globals
            || some == opcodes.load_name && !own.contains(&argument)
        {
            let name = named(argument)?;
            found.dict_set(&name, &empty)?;
            chain = Some(Chain { free: false, root: name, attributes: Vec::new() });
        } else if some == opcodes.load_deref {
            if let Some(root) = variable(attributes, code, argument)? {
                chain = Some(Chain { free: true, root, attributes: Vec::new() });
            }
        } else if some == opcodes.import_name {
            whole.imports = true;
        }
    }
    whole.chains.extend(chain.filter(|chain| !chain.attributes.is_empty()));
    Ok(())
}

/// The name of a variable that is kept in a cell.
fn variable(names: &CodeNames, code: &Object, argument: usize) -> Result<Option<Owned>> {
    if cfg!(Py_3_11) {
        let number = int(i64::try_from(argument).unwrap_or(i64::MAX))?;
        return code.call_method(&names.varname, &[&number]).map(Some);
    }
    let cells = code.get(&names.cellvars)?;
    let free = code.get(&names.freevars)?;
    Ok(cells
        .tuple_item(argument)
        .or_else(|| free.tuple_item(argument.checked_sub(cells.tuple_len())?))
        .map(Object::own))
}
