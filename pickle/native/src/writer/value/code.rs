//! Code objects, as arguments of their class, and what is known about each.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::python::{Kind, Object, Owned, Raised, Result, bytes, import, int, interned, text, tuple};
use crate::writer::atoms::short_int;
use crate::writer::session::Session;
use crate::writer::step::op;

use super::atoms::{FLAT, fingerprint, mix};
use super::canon::{Hashes, Value, feed, finish};
use super::choice::{Canonical, Choices};
use super::program::{Do, Program, save};
use super::reads::{Reads, reads};
use super::standard::Standard;
use crate::room::Room as _;

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
    /// Those before the operations, as a stream has them; nothing where one is too large to be written so.
    numbers: Option<Vec<u8>>,
    /// Its constants are atoms, or tuples of atoms.
    pub(super) flat: bool,
    /// The file that it comes from, without the folders, once it was asked for.
    file: OnceLock<Owned>,
    /// The hash of the code as it is written where equal input gives equal bytes, where its constants are flat: with the places of
    /// code in its file, and without; with the name of its file, and without.
    canonical: [OnceLock<Value>; 4],
    /// What is equal where code objects are: with the places of code in its file, and without.
    fingerprint: [OnceLock<u64>; 2],
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
/// Which of them the operations are; what is before them are numbers.
const OPERATIONS: usize = 6;
/// The descriptors of those fields.
pub(crate) fn fields() -> Result<Vec<Owned>> {
    let of_code = import(c"types")?.get(&*interned("CodeType")?)?.class_dict()?;
    FIELDS.iter().map(|name| of_code.item(&*interned(name)?)).collect()
}

/// Which of them the flags are.
const FLAGS: usize = 5;
/// Which of them the constants are.
const CONSTANTS: usize = 7;
/// Which of them the names of parameters and variables are.
const VARIABLES: usize = 9;
/// Which of them the file is.
const FILE: usize = 10;
const QUALNAME: &str = "co_qualname";
const FILENAME: &str = "co_filename";
const FIRST_LINE: &str = "co_firstlineno";
const LINES: &str = if cfg!(Py_3_10) { "co_linetable" } else { "co_lnotab" };

/// What is written in place of a field of a code object, if anything is.
fn changed(name: &str, choices: &Choices, pickled: Option<&Owned>) -> Result<Option<Owned>> {
    match name {
        FILENAME => Ok(pickled.cloned()),
        FIRST_LINE if choices.strip => int(1).map(Some),
        LINES if choices.strip => bytes(b"").map(Some),
        _ => Ok(None),
    }
}

impl Facts {
    /// How many parameters there are that may be given by their place, and the names of all, with those of variables behind them.
    pub(super) fn parameters(&self) -> Result<(usize, &Object)> {
        let count = self.fields[0].small_int()?.and_then(|count| usize::try_from(count).ok());
        Ok((count.unwrap_or_default(), &self.fields[VARIABLES]))
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
                self.held.facts.keep(code, facts, |_| true)?
            }
        };
        self.facts.room()?.insert(address, (code.own(), facts.clone()));
        Ok(facts)
    }

    fn read_facts(&self, code: &Object) -> Result<Arc<Facts>> {
        let held = self.held;
        let fields: Vec<Owned> =
            held.code_fields.iter().map(|field| code.through(field)).collect::<Result<_>>()?;
        for value in &fields {
            if !(value.is_int() || value.is_text() || value.is_bytes() || value.is_tuple()) {
                return Err(Raised::type_error("a code object whose parts are of other classes"));
            }
        }
        let reads = reads(held.opcodes()?, &held.code_names, code, false)?;
        let field = |wanted: &str| FIELDS.iter().position(|name| *name == wanted).map(|at| &fields[at]);
        let lost = || Raised::system("a code object without one of its fields");
        let name = field("co_name").ok_or_else(lost)?.clone();
        let qualname = field("co_qualname").cloned().unwrap_or_else(|| name.clone());
        let freevars = field("co_freevars").ok_or_else(lost)?.clone();
        let first = fields[CONSTANTS].tuple_item(0).map(Object::own);
        let said = if cfg!(Py_3_14) {
            fields[FLAGS].small_int()?.is_some_and(|flags| flags & HAS_DOC != 0)
        } else {
            true
        };
        let doc = first.filter(|first| said && first.is_text());
        let flat = is_flat(&fields[CONSTANTS], 2);
        let numbers = fields[..OPERATIONS].iter().try_fold(Vec::new(), |mut numbers, value| {
            let (opcodes, length) = short_int(i32::try_from(value.exact_int()?).ok()?);
            numbers.extend_from_slice(&opcodes[..length]);
            Some(numbers)
        });
        #[allow(
            clippy::arc_with_non_send_sync,
            reason = "threads that have it are attached; the count is all they share"
        )]
        Ok(Arc::new(Facts {
            reads,
            name,
            qualname,
            doc,
            freevars,
            fields,
            numbers,
            flat,
            file: OnceLock::new(),
            canonical: Default::default(),
            fingerprint: Default::default(),
        }))
    }

    /// Writes a code object.
    pub(super) fn code(&mut self, code: Owned) -> Result<()> {
        if self.choices.source {
            let call = self.held.attached()?.source.call(&[&code, &self.choices.object])?;
            let steps = vec![save(&call), Do::Put(code.clone())];
            return self.run(Program::new(code, "code", steps));
        }
        self.guard()?;
        self.turn()?;
        let facts = self.facts(&code)?;
        if self.options.persistent_id.is_none() {
            // The short way: nothing in it is asked anybody about.
            if self.code_begin(&code, &facts)? {
                return Ok(());
            }
            self.opens(&code, 1, CODE_IN_ITSELF)?;
            let steps = vec![save(&facts.fields[CONSTANTS]), Do::CodeEnd(code.clone(), facts.clone())];
            return self.run(Program::new(code, "code", steps));
        }
        self.opens(&code, 1, CODE_IN_ITSELF)?;
        let file = self.file_of(&facts)?;
        let mut steps = Vec::with_capacity(FIELDS.len() + 5);
        steps.extend([Do::Standard(Standard::Code), Do::Bytes(&[op::MARK])]);
        for (name, value) in FIELDS.iter().zip(&facts.fields) {
            steps.room()?.push(match changed(name, &self.choices, file.as_ref())? {
                Some(value) => save(&value),
                None => save(value),
            });
        }
        steps.room()?.push(Do::Bytes(&[op::TUPLE, op::REDUCE]));
        steps.room()?.push(Do::Put(code.clone()));
        steps.room()?.push(Do::Leave(code.clone()));
        self.run(Program::new(code, "code", steps))
    }

    /// Writes the code of a function where nobody has to be asked how and nothing has to be begun for it; says whether it has.
    pub(super) fn code_at_once(&mut self, code: &Object, facts: &Facts) -> Result<bool> {
        if self.quick(code)? {
            return Ok(true);
        }
        let options = &self.options;
        if self.hashing
            || self.choices.source
            || self.reducer.is_some()
            || options.persistent_id.is_some()
            || options.reducer_override.is_some()
            || options.dispatch_table.is_some()
            || self.held.dispatch_table.dict_has(&code.class())?
        {
            return Ok(false);
        }
        if self.deterministic && self.same_value(code, Kind::Other)? {
            return Ok(true);
        }
        if !facts.flat {
            return Ok(false);
        }
        self.guard()?;
        self.code_begin(code, facts)
    }

    /// Mixes what is equal where code objects are. Few that differ have the same.
    pub(super) fn code_fingerprint(&self, facts: &Facts) -> Result<u64> {
        let kept = &facts.fingerprint[usize::from(self.choices.strip)];
        if let Some(known) = kept.get() {
            return Ok(*known);
        }
        let mut mixed = facts.name.hash()?;
        for (name, field) in FIELDS.iter().zip(&facts.fields) {
            if matches!(*name, FILENAME | FIRST_LINE | LINES) && (*name == FILENAME || self.choices.strip) {
                continue;
            }
            let next = match field.kind() {
                Kind::Tuple => fingerprint(field, FLAT),
                _ => field.hash()?,
            };
            mixed = mix(mixed, next);
        }
        // Code in it may be all that differs.
        let constants = &facts.fields[CONSTANTS];
        for inner in (0..constants.tuple_len()).filter_map(|at| constants.tuple_item(at)) {
            if inner.is_code() {
                let own = inner.through(&self.held.code_fields[CONSTANTS])?;
                mixed = mix(mixed, inner.through(&self.held.code_fields[OPERATIONS])?.hash()?);
                mixed = mix(mixed, if own.is_tuple() { fingerprint(&own, FLAT) } else { 0 });
            }
        }
        Ok(*kept.get_or_init(|| mixed))
    }

    /// What is written for the file of code, if that isn't the file itself.
    fn file_of(&self, facts: &Facts) -> Result<Option<Owned>> {
        if self.deterministic { self.canonical_file(facts).map(Some) } else { Ok(None) }
    }

    /// Tells whether the file of code counts. A class is compared with what it was in all dumps but those where nothing else counts.
    fn names_files(&self) -> bool {
        self.choices.canonical != Canonical::Always
    }

    /// What stands for the file of code, where equal input gives equal bytes: its name without the folders, for tracebacks, or,
    /// where bytes are all that counts, nothing of it.
    fn canonical_file(&self, facts: &Facts) -> Result<Owned> {
        if !self.names_files() {
            return Ok(self.held.code_names.pickled.clone());
        }
        if let Some(known) = facts.file.get() {
            return Ok(known.clone());
        }
        let whole = facts.fields[FILE].clone();
        let name = match whole.utf8().map_err(Raised::dismiss) {
            Ok(path) if !path.starts_with('<') => path.rfind(['/', '\\']).map(|at| &path[at + 1..]),
            _ => None,
        };
        let name = match name {
            Some(name) => text(name)?,
            None => whole.clone(),
        };
        Ok(facts.file.get_or_init(|| name).clone())
    }

    /// The fields of a code object as they are written where equal input gives equal bytes, as a tuple.
    pub(super) fn code_parts(&self, facts: &Facts) -> Result<Owned> {
        let file = self.canonical_file(facts)?;
        let mut fields = Vec::with_capacity(FIELDS.len());
        for (name, value) in FIELDS.iter().zip(&facts.fields) {
            fields.room()?.push(changed(name, &self.choices, Some(&file))?.unwrap_or_else(|| value.clone()));
        }
        tuple(&fields.iter().map(|field| &**field).collect::<Vec<_>>())
    }

    /// The hash of a code object with flat constants. It is kept as long as the code is there: nothing in it depends on what else
    /// is.
    pub(super) fn flat_code(&self, facts: &Facts) -> Result<Option<Value>> {
        if !facts.flat {
            return Ok(None);
        }
        let kept = &facts.canonical[usize::from(self.choices.strip) + 2 * usize::from(self.names_files())];
        if let Some(known) = kept.get() {
            return Ok(Some(*known));
        }
        let file = self.canonical_file(facts)?;
        let mut bytes = Vec::with_capacity(ROOM);
        bytes.update(b"code");
        for (name, value) in FIELDS.iter().zip(&facts.fields) {
            let changed = changed(name, &self.choices, Some(&file))?;
            if !feed_flat(changed.as_ref().unwrap_or(value), &mut bytes)? {
                return Ok(None);
            }
        }
        let value = finish(Sha256::new_with_prefix(bytes));
        Ok(Some(*kept.get_or_init(|| value)))
    }

    /// Writes a code object up to its constants, and the rest too where those are flat; says whether it is finished.
    fn code_begin(&mut self, code: &Object, facts: &Facts) -> Result<bool> {
        self.standard_at_once(Standard::Code)?;
        self.out.op(op::MARK)?;
        match &facts.numbers {
            Some(numbers) => self.out.put(numbers)?,
            None => self.code_fields(facts, 0, OPERATIONS)?,
        }
        self.code_fields(facts, OPERATIONS, CONSTANTS)?;
        let flat = self.flat_constants(facts)?;
        if flat {
            self.code_end(code, facts)?;
        }
        Ok(flat)
    }

    /// Goes on with a code object whose constants are written.
    pub(super) fn code_end(&mut self, code: &Object, facts: &Facts) -> Result<()> {
        self.code_fields(facts, CONSTANTS + 1, FIELDS.len())?;
        self.out.put(&[op::TUPLE, op::REDUCE])?;
        self.put(code)
    }

    /// Writes some of the fields, which hold no object that somebody may have beside the code.
    pub(super) fn code_fields(&mut self, facts: &Facts, from: usize, to: usize) -> Result<()> {
        let file = self.file_of(facts)?;
        for (name, value) in FIELDS.iter().zip(&facts.fields).take(to).skip(from) {
            self.out.boundary()?;
            if self.deterministic || self.choices.strip {
                if let Some(value) = changed(name, &self.choices, file.as_ref())? {
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
        let known =
            if self.deterministic { self.memo.atoms.get_flat(object) } else { self.memo.atoms.get(object) };
        match known {
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
        if self.deterministic {
            self.memo.atoms.put_flat(object, number)
        } else {
            self.memo.atoms.put(object, number)
        }
    }

    /// Writes the constants where they are atoms, or tuples of atoms; says whether they are.
    fn flat_constants(&mut self, facts: &Facts) -> Result<bool> {
        let constants = &facts.fields[CONSTANTS];
        if !facts.flat || self.deterministic && self.hashing {
            return Ok(false);
        }
        self.flat_tuple(constants)?;
        Ok(true)
    }

    pub(super) fn flat_tuple(&mut self, tuple: &Object) -> Result<()> {
        let length = tuple.tuple_len();
        if length == 0 {
            return self.out.op(op::EMPTY_TUPLE);
        }
        if self.get(tuple)? {
            return Ok(());
        }
        if self.deterministic {
            if let Some(number) = self.memo.atoms.get_flat(tuple) {
                return self.get_number(number);
            }
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

/// Why code isn't written that somebody has given such constants.
const CODE_IN_ITSELF: &str = ": its constants lead back to it, and can't be made before it is there";

/// How many bytes most code objects have here.
const ROOM: usize = 1000;

/// Gives an atom or a tuple to the hash; says whether it was one, with nothing but atoms and tuples in it.
fn feed_flat(value: &Object, hash: &mut Vec<u8>) -> Result<bool> {
    if value.kind() != Kind::Tuple {
        return feed(value, hash);
    }
    // `is_flat` says how deep tuples may lie in each other.
    let mut head = [b't'; 9];
    head[1..].copy_from_slice(&(value.tuple_len() as u64).to_le_bytes());
    hash.update(head);
    for item in (0..value.tuple_len()).filter_map(|at| value.tuple_item(at)) {
        if !feed_flat(item, hash)? {
            return Ok(false);
        }
    }
    Ok(true)
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
