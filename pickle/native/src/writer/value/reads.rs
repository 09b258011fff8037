//! What a code object reads by name, those nested in it included: globals, the submodules that it reaches through them, and whether
//! it imports.

use std::collections::HashSet;

use crate::python::{CodeNames, Does, Object, Opcodes, Owned, Raised, Result, operations, variable};

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

impl Reads {
    /// Adds the name of a global. Python keeps each name of a code object once, so most are found by their identity.
    fn global(&mut self, name: &Object) -> Result<()> {
        if self.globals.iter().any(|known| known.is(name)) {
            return Ok(());
        }
        for known in &self.globals {
            if known.text_len() == name.text_len() && known.equals(name)? {
                return Ok(());
            }
        }
        self.globals.push(name.own());
        Ok(())
    }
}

/// Reads a code object, and those in its constants.
pub(crate) fn reads(opcodes: &Opcodes, names: &CodeNames, code: &Object) -> Result<Reads> {
    let mut whole = Reads { globals: Vec::new(), chains: Vec::new(), imports: false };
    let mut seen = HashSet::new();
    let mut left = vec![code.own()];
    while let Some(code) = left.pop() {
        read_one(opcodes, names, &code, &mut whole)?;
        let constants = code.get(&names.consts)?;
        for at in 0..constants.tuple_len() {
            if let Some(inner) = constants.tuple_item(at).filter(|inner| inner.is_code()) {
                if seen.insert(inner.ptr().addr()) {
                    left.push(inner.own());
                }
            }
        }
    }
    if whole.globals.len() > 1 {
        let text = |name: &Owned| name.utf8().map_err(Raised::dismiss).unwrap_or_default().to_owned();
        whole.globals.sort_by_cached_key(text);
    }
    Ok(whole)
}

fn read_one(opcodes: &Opcodes, names: &CodeNames, code: &Object, whole: &mut Reads) -> Result<()> {
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
                whole.global(name)?;
                chain = Some(Chain { free: false, root: name.own(), attributes: Vec::new() });
            }
            Does::ChangesGlobal(name) => whole.global(name)?,
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
