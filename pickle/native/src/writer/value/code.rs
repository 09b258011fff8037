//! Code objects, as arguments of their class, and what is known about each.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::python::{Kind, Object, Owned, Raised, Result, bytes, int, text, tuple};
use crate::writer::session::{ById, Session};
use crate::writer::step::op;

use super::canon::Value;
use super::choice::Choices;
use super::program::{Do, Program, save};
use super::reads::{Reads, reads};
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
    pub(super) fields: Vec<Owned>,
    /// Its constants are atoms, or tuples of atoms.
    pub(super) flat: bool,
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
    QUALNAME,
    FIRST_LINE,
    LINES,
    #[cfg(Py_3_11)]
    "co_exceptiontable",
    "co_freevars",
    "co_cellvars",
];
/// Which of them the constants are.
const CONSTANTS: usize = 7;
const QUALNAME: &str = "co_qualname";
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
        let flat = is_flat(&fields[CONSTANTS], 2);
        #[allow(
            clippy::arc_with_non_send_sync,
            reason = "threads that have it are attached; the count is all they share"
        )]
        Ok(Arc::new(Facts { reads, name, qualname, doc, freevars, fields, flat, content: OnceLock::new() }))
    }

    /// Writes a code object.
    pub(super) fn code(&mut self, code: Owned) -> Result<()> {
        if self.choices.source {
            let call = self.held.attached()?.source.call(&[&code, &self.choices.object])?;
            let steps = vec![save(&call), Do::Put(code.clone())];
            return self.run(Program::new(code, "code", steps));
        }
        self.guard()?;
        let facts = self.facts(&code)?;
        let make = self.held.standards.get(Standard::Code)?;
        let made = self.options.persistent_id.is_none().then(|| self.memo.get(&make.object)).flatten();
        if let Some(number) = made {
            // The short way: nothing in it is asked anybody about.
            self.get_number(number)?;
            self.out.op(op::MARK)?;
            self.code_fields(&facts, 0, CONSTANTS)?;
            if self.flat_constants(&facts)? {
                self.code_fields(&facts, CONSTANTS + 1, FIELDS.len())?;
                self.out.put(&[op::TUPLE, op::REDUCE])?;
                return self.put(&code);
            }
            let steps = vec![save(&facts.fields[CONSTANTS]), Do::CodeEnd(code.clone(), facts.clone())];
            return self.run(Program::new(code, "code", steps));
        }
        let mut steps = Vec::with_capacity(FIELDS.len() + 4);
        steps.extend([Do::Standard(Standard::Code), Do::Bytes(&[op::MARK])]);
        for (at, (name, value)) in FIELDS.iter().zip(&facts.fields).enumerate() {
            steps.push(match changed(name, &self.choices, self.deterministic)? {
                Some(value) => save(&value),
                None if at == CONSTANTS || self.options.persistent_id.is_some() => save(value),
                None => Do::CodeField(facts.clone(), at),
            });
        }
        steps.push(Do::Bytes(&[op::TUPLE, op::REDUCE]));
        steps.push(Do::Put(code.clone()));
        self.run(Program::new(code, "code", steps))
    }

    /// Goes on with a code object whose constants are written.
    pub(super) fn code_end(&mut self, code: &Object, facts: &Facts) -> Result<()> {
        self.code_fields(facts, CONSTANTS + 1, FIELDS.len())?;
        self.out.put(&[op::TUPLE, op::REDUCE])?;
        self.put(code)
    }

    /// Writes some of the fields, which hold no object that somebody may have beside the code.
    pub(super) fn code_fields(&mut self, facts: &Facts, from: usize, to: usize) -> Result<()> {
        for (name, value) in FIELDS.iter().zip(&facts.fields).take(to).skip(from) {
            self.out.boundary()?;
            if self.deterministic || self.choices.strip {
                if let Some(value) = changed(name, &self.choices, self.deterministic)? {
                    self.atom(&value)?;
                    continue;
                }
            }
            match value.kind() {
                Kind::Tuple => self.names(value)?,
                Kind::Bytes => self.same_content(value)?,
                Kind::Text if *name == QUALNAME && !super::function::same_text(value, &facts.name)? => {
                    self.text_alone(value)?;
                }
                _ => self.atom(value).map(drop)?,
            }
        }
        Ok(())
    }

    /// Writes a tuple of names.
    fn names(&mut self, names: &Object) -> Result<()> {
        let length = names.tuple_len();
        if length == 0 {
            return self.out.op(op::EMPTY_TUPLE);
        }
        if self.known_content(names)? {
            return Ok(());
        }
        if length > 3 {
            self.out.op(op::MARK)?;
        }
        for at in 0..length {
            let Some(name) = names.tuple_item(at) else { break };
            self.atom(name)?;
        }
        self.out.op(tuple_of(length))?;
        self.put_content(names)
    }

    /// Writes `bytes` once for all that are equal.
    fn same_content(&mut self, bytes: &Object) -> Result<()> {
        if self.deterministic {
            // That is so with all of them.
            return self.atom(bytes).map(drop);
        }
        if self.known_content(bytes)? {
            return Ok(());
        }
        self.atom(bytes)?;
        match self.memo.get(bytes) {
            Some(number) => self.memo.atoms.put(bytes, number),
            None => Ok(()),
        }
    }

    /// Writes that something equal has been written, which only code objects know by its content; says whether it has.
    fn known_content(&mut self, object: &Object) -> Result<bool> {
        if self.hashing {
            return Ok(false);
        }
        match self.memo.atoms.get(object) {
            Some(number) => self.get_number(number).map(|()| true),
            None => Ok(false),
        }
    }

    fn put_content(&mut self, object: &Object) -> Result<()> {
        if self.hashing || self.options.fast {
            return Ok(());
        }
        // Under no object: a user's tuple that happens to be this one isn't it.
        let number = self.put_nothing()?;
        self.memo.atoms.put(object, number)
    }

    /// Writes the constants where they are atoms, or tuples of atoms; says whether they are.
    fn flat_constants(&mut self, facts: &Facts) -> Result<bool> {
        let constants = &facts.fields[CONSTANTS];
        if !facts.flat || self.deterministic {
            return Ok(false);
        }
        self.flat_tuple(constants)?;
        Ok(true)
    }

    fn flat_tuple(&mut self, tuple: &Object) -> Result<()> {
        if self.get(tuple)? {
            return Ok(());
        }
        let length = tuple.tuple_len();
        if length == 0 {
            return self.out.op(op::EMPTY_TUPLE);
        }
        if length > 3 {
            self.out.op(op::MARK)?;
        }
        for at in 0..length {
            let Some(item) = tuple.tuple_item(at) else { break };
            self.out.boundary()?;
            if item.kind() == Kind::Tuple {
                // As deep as `is_flat` allows.
                self.flat_tuple(item)?;
            } else {
                self.atom(item)?;
            }
        }
        self.out.op(tuple_of(length))?;
        self.put(tuple)
    }
}

/// The opcode that makes a tuple of that many items.
pub(super) fn tuple_of(length: usize) -> u8 {
    match length {
        0 => op::EMPTY_TUPLE,
        1 => op::TUPLE1,
        2 => op::TUPLE2,
        3 => op::TUPLE3,
        _ => op::TUPLE,
    }
}

/// Tells whether an object is a tuple of atoms, and of tuples of atoms that are this deep in it, and of no more.
pub(super) fn is_flat(tuple: &Object, depth: u32) -> bool {
    tuple.kind() == Kind::Tuple
        && (0..tuple.tuple_len())
            .filter_map(|at| tuple.tuple_item(at))
            .all(|item| Session::is_atom(item) || depth > 0 && is_flat(item, depth - 1))
}
