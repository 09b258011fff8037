//! What a code object reads by name, those nested in it included: globals, the submodules that it reaches through them, and whether
//! it imports.

use std::collections::{HashMap, HashSet};

use crate::python::{CodeNames, Does, Object, Opcodes, Owned, Raised, Result, operations, variable};
use crate::room::Room as _;

/// Attributes that are taken one after the other, starting from something that has a name.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) start: Start,
    /// The name of what it starts from.
    pub(crate) root: Owned,
    /// The names of the attributes.
    pub(crate) attributes: Vec<Owned>,
}

/// What a chain starts from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    Global,
    /// A variable of the closure.
    Free,
    /// A parameter, which may have a default.
    Parameter,
}

/// Chains to which a variable of a function was set, by its number: how it goes on from there is their matter too.
type Locals = HashMap<usize, Vec<Chain>>;

/// From how many chains a variable may go on: code that was generated may set one ten thousand times.
const SET_MOST: usize = 8;

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
    /// Adds chains that have come to an end.
    fn ended(&mut self, chains: &mut Vec<Chain>) {
        self.chains.extend(chains.drain(..).filter(|chain| !chain.attributes.is_empty()));
    }

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
        self.globals.room()?.push(name.own());
        Ok(())
    }
}

/// Reads a code object, and those in its constants. `parameters`: with the chains that start from a parameter, which are many, and
/// few of which have a default that is a module.
pub(crate) fn reads(opcodes: &Opcodes, names: &CodeNames, code: &Object, parameters: bool) -> Result<Reads> {
    let mut whole = Reads { globals: Vec::new(), chains: Vec::new(), imports: false };
    // To what variables were set that inner functions share, which come later.
    let mut shared = Vec::new();
    let mut seen = HashSet::new();
    let mut left = vec![code.own()];
    while let Some(code) = left.pop() {
        read_one(opcodes, names, &code, parameters, &mut whole, &mut shared)?;
        let constants = code.get(&names.consts)?;
        for at in 0..constants.tuple_len() {
            if let Some(inner) = constants.tuple_item(at).filter(|inner| inner.is_code()) {
                if seen.room()?.insert(inner.ptr().addr()) {
                    left.room()?.push(inner.own());
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

fn read_one(
    opcodes: &Opcodes,
    names: &CodeNames,
    code: &Object,
    parameters: bool,
    whole: &mut Reads,
    shared: &mut Vec<(Owned, Chain)>,
) -> Result<()> {
    let variables = if parameters { Some(code.get(&names.varnames)?) } else { None };
    let mut locals = Locals::new();
    // What the operation before has read, by each way that it may have come.
    let mut chains: Vec<Chain> = Vec::new();
    let mut copied = false;
    // What it may have read instead, before it came here by a jump.
    let mut before: Vec<Chain> = Vec::new();
    let start = |start, root| Chain { start, root, attributes: Vec::new() };
    operations(opcodes, names, code, |does| {
        match does {
            Does::TakesAttribute(name) => {
                chains.iter_mut().for_each(|chain| chain.attributes.push(name.own()));
                return Ok(());
            }
            Does::Copies => {
                copied = true;
                return Ok(());
            }
            Does::Jumps if !chains.is_empty() => before.clone_from(&chains),
            Does::ChangesLocal(number) if !(chains.is_empty() && before.is_empty()) => {
                let known = locals.room()?.entry(number).or_default();
                known.extend(chains.iter().cloned());
                known.append(&mut before);
                known.truncate(SET_MOST);
            }
            Does::ChangesVariable(number) if !chains.is_empty() && shared.len() < SHARED_MOST => {
                if let Some(name) = variable(names, code, number)? {
                    shared.extend(chains.iter().map(|chain| (name.clone(), chain.clone())));
                }
            }
            _ => {}
        }
        let changed = matches!(does, Does::ChangesLocal(_) | Does::ChangesVariable(_));
        if !(changed && std::mem::take(&mut copied)) {
            whole.ended(&mut chains);
        }
        copied = false;
        match does {
            Does::ReadsGlobal(name) | Does::ReadsInBody(name) => {
                whole.global(name)?;
                chains.room()?.push(start(Start::Global, name.own()));
            }
            Does::ChangesGlobal(name) => whole.global(name)?,
            Does::ReadsVariable(number) => {
                if let Some(root) = variable(names, code, number)? {
                    for (name, chain) in shared.iter() {
                        if name.equals(&root)? {
                            chains.room()?.push(chain.clone());
                        }
                    }
                    chains.room()?.push(start(Start::Free, root));
                }
            }
            Does::ReadsLocal(number) => match locals.get(&number) {
                Some(known) => chains.extend(known.iter().cloned()),
                None => {
                    let root = variables.as_ref().and_then(|variables| variables.tuple_item(number));
                    chains.extend(root.map(|root| start(Start::Parameter, root.own())));
                }
            },
            Does::Imports => whole.imports = true,
            _ => {}
        }
        Ok(())
    })?;
    whole.ended(&mut chains);
    Ok(())
}

/// How many chains are kept for variables that functions share.
const SHARED_MOST: usize = 64;
