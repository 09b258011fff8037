//! What a code object reads by name, those nested in it included: globals, the submodules that it reaches through them, and whether
//! it imports.

use std::collections::HashSet;

use crate::python::{
    CodeNames, Does, Object, Opcodes, Owned, Raised, Result, dict, none, operations, variable,
};

/// Attributes that are taken one after the other, starting from a global or from a variable of the closure.
pub(crate) struct Chain {
    /// A variable of the closure, not a global.
    pub(crate) free: bool,
    /// Its name.
    pub(crate) root: Owned,
    /// The names of the attributes.
    pub(crate) attributes: Vec<Owned>,
}

/// What a code object reads.
pub(crate) struct Reads {
    /// Names of globals, sorted.
    pub(crate) globals: Vec<Owned>,
    /// Attributes that may be submodules.
    pub(crate) chains: Vec<Chain>,
    /// It has import statements.
    pub(crate) imports: bool,
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
    names: &CodeNames,
    code: &Object,
    found: &Object,
    whole: &mut Reads,
) -> Result<()> {
    let empty = none();
    let mut chain: Option<Chain> = None;
    operations(opcodes, names, code, |does| {
        if let Does::TakesAttribute(name) = does {
            if let Some(chain) = &mut chain {
                chain.attributes.push(name.own());
            }
            return Ok(());
        }
        whole.chains.extend(chain.take().filter(|chain| !chain.attributes.is_empty()));
        match does {
            Does::ReadsGlobal(name) | Does::ReadsInBody(name) => {
                found.dict_set(name, &empty)?;
                chain = Some(Chain { free: false, root: name.own(), attributes: Vec::new() });
            }
            Does::ChangesGlobal(name) => found.dict_set(name, &empty)?,
            Does::ReadsVariable(number) => {
                let root = variable(names, code, number)?;
                chain = root.map(|root| Chain { free: true, root, attributes: Vec::new() });
            }
            Does::Imports => whole.imports = true,
            Does::ChangesVariable(_) | Does::TakesAttribute(_) | Does::Other => {}
        }
        Ok(())
    })?;
    whole.chains.extend(chain.filter(|chain| !chain.attributes.is_empty()));
    Ok(())
}
