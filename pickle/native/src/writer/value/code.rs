//! Code objects, as arguments of their class, and what is known about each.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::python::{Object, Owned, Raised, Reads, Result, bytes, int, reads, text, tuple};
use crate::writer::session::{ById, Session};
use crate::writer::step::op;

use super::canon::Value;
use super::choice::Choices;
use super::program::{Do, Program, save};
use super::standard::Standard;

/// `CO_HAS_DOCSTRING`, since Python 3.14.
const HAS_DOC: i64 = 0x400_0000;

/// What is known about a code object.
pub(crate) struct Facts {
    pub(crate) reads: Reads,
    pub(crate) name: Owned,
    /// What a function that is made from it gets as `__qualname__`.
    pub(crate) qualname: Owned,
    /// What it gets as `__doc__`.
    pub(crate) doc: Option<Owned>,
    pub(crate) freevars: Owned,
    /// The fields that make it, as it has them.
    fields: Vec<Owned>,
    /// The hash of those, once it was asked for.
    pub(super) content: OnceLock<Value>,
}

impl Facts {
    /// All fields, as a tuple.
    pub(super) fn whole(&self) -> Result<Owned> {
        tuple(&self.fields.iter().map(|field| &**field).collect::<Vec<_>>())
    }
}

/// How many code objects are remembered before it is looked whether they still are.
const KEPT_AT_FIRST: usize = 256;

/// What was found out about code objects in earlier dumps. They are known weakly: what is gone is forgotten when there is more
/// than twice as much as there was.
#[derive(Default)]
pub(crate) struct KeptFacts(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    known: ById<(Owned, Arc<Facts>)>,
    most: usize,
}

impl KeptFacts {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known about a code object, if it is still this one that stands at its address.
    fn find(&self, code: &Object) -> Result<Option<Arc<Facts>>> {
        let found =
            self.lock().known.get(&code.ptr().addr()).map(|(weak, facts)| (weak.clone(), facts.clone()));
        let Some((weak, facts)) = found else { return Ok(None) };
        Ok(weak.weakly()?.is_some_and(|known| known.is(code)).then_some(facts))
    }

    fn keep(&self, code: &Object, facts: &Arc<Facts>) -> Result<()> {
        let weak = code.weak()?;
        let mut kept = self.lock();
        let full = kept.known.len() >= kept.most.max(KEPT_AT_FIRST);
        // What falls out is dropped when the lock is free: its end may run any code.
        let all = if full { core::mem::take(&mut kept.known) } else { ById::default() };
        let before = kept.known.insert(code.ptr().addr(), (weak, facts.clone()));
        drop((kept, before));
        if !full {
            return Ok(());
        }
        let mut alive = ById::default();
        for (address, (weak, facts)) in all {
            if weak.weakly()?.is_some() {
                alive.insert(address, (weak, facts));
            }
        }
        let mut kept = self.lock();
        kept.most = alive.len().saturating_mul(2);
        for (address, known) in alive {
            kept.known.entry(address).or_insert(known);
        }
        Ok(())
    }
}

/// The fields that make a code object, in order.
pub(crate) const FIELDS: &[&str] = &[
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_nlocals",
    "co_stacksize",
    "co_flags",
    "co_code",
    "co_consts",
    "co_names",
    "co_varnames",
    FILENAME,
    "co_name",
    #[cfg(Py_3_11)]
    "co_qualname",
    FIRST_LINE,
    LINES,
    #[cfg(Py_3_11)]
    "co_exceptiontable",
    "co_freevars",
    "co_cellvars",
];
const FILENAME: &str = "co_filename";
const FIRST_LINE: &str = "co_firstlineno";
const LINES: &str = if cfg!(Py_3_10) { "co_linetable" } else { "co_lnotab" };

/// What is written in place of a field of a code object, if anything is.
fn changed(name: &str, choices: &Choices, deterministic: bool) -> Result<Option<Owned>> {
    match name {
        FILENAME if deterministic => text("<pickled>").map(Some),
        FIRST_LINE if choices.strip => int(1).map(Some),
        LINES if choices.strip => bytes(b"").map(Some),
        _ => Ok(None),
    }
}

/// A field of a code object, as it is written.
pub(super) fn field(
    name: &str,
    attribute: &Object,
    code: &Object,
    choices: &Choices,
    deterministic: bool,
) -> Result<Owned> {
    match changed(name, choices, deterministic)? {
        Some(value) => Ok(value),
        None => code.get(attribute),
    }
}

impl Session<'_> {
    /// What is known about a code object.
    pub(super) fn facts(&mut self, code: &Object) -> Result<Arc<Facts>> {
        let address = code.ptr().addr();
        if let Some((_, known)) = self.facts.get(&address) {
            return Ok(known.clone());
        }
        let facts = match self.held.facts.find(code)? {
            Some(known) => known,
            None => {
                let facts = self.read_facts(code)?;
                self.held.facts.keep(code, &facts)?;
                facts
            }
        };
        self.facts.insert(address, (code.own(), facts.clone()));
        Ok(facts)
    }

    fn read_facts(&self, code: &Object) -> Result<Arc<Facts>> {
        let held = self.held;
        let reads = reads(held.opcodes()?, &held.code_names, code)?;
        let name = code.get(&held.code_names.name)?;
        let qualname = if cfg!(Py_3_11) { code.get(&held.code_names.qualname)? } else { name.clone() };
        let first = code.get(&held.code_names.consts)?.tuple_item(0).map(Object::own);
        let said = if cfg!(Py_3_14) {
            code.get(&held.code_names.flags)?.small_int()?.is_some_and(|flags| flags & HAS_DOC != 0)
        } else {
            true
        };
        let doc = first.filter(|first| said && first.is_text());
        let freevars = code.get(&held.code_names.freevars)?;
        let fields: Vec<Owned> = held.code_fields.iter().map(|name| code.get(name)).collect::<Result<_>>()?;
        for value in &fields {
            if !(value.is_int() || value.is_text() || value.is_bytes() || value.is_tuple()) {
                return Err(Raised::type_error("a code object whose parts are of other classes"));
            }
        }
        #[allow(
            clippy::arc_with_non_send_sync,
            reason = "threads that have it are attached; the count is all they share"
        )]
        Ok(Arc::new(Facts { reads, name, qualname, doc, freevars, fields, content: OnceLock::new() }))
    }

    /// Writes a code object.
    pub(super) fn code(&mut self, code: Owned) -> Result<()> {
        if self.choices.source {
            let call = self.held.attached()?.source.call(&[&code, &self.choices.object])?;
            let steps = vec![save(&call), Do::Put(code.clone())];
            return self.run(Program::new(code, "code", steps));
        }
        self.guard()?;
        let mut steps = Vec::with_capacity(FIELDS.len() + 4);
        steps.push(Do::Standard(Standard::Code));
        steps.push(Do::Bytes(&[op::MARK]));
        let facts = self.facts(&code)?;
        for (name, value) in FIELDS.iter().zip(&facts.fields) {
            steps.push(match changed(name, &self.choices, self.deterministic)? {
                Some(value) => save(&value),
                None => save(value),
            });
        }
        steps.push(Do::Bytes(&[op::TUPLE, op::REDUCE]));
        steps.push(Do::Put(code.clone()));
        self.run(Program::new(code, "code", steps))
    }
}
