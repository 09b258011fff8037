//! One dump: what the caller chose, the stream, the memo, and the loop over the steps.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use crate::python::{Kind, Object, Owned, Raised, Result};

use super::held::Held;
use super::memo::Memo;
use super::output::Output;
use super::plain::PlainClasses;
use super::step::{Step, Steps, op};

/// Python's default protocol, which changed with 3.14.
pub(crate) const DEFAULT_PROTOCOL: u8 = if cfg!(Py_3_14) { 5 } else { 4 };
pub(crate) const HIGHEST_PROTOCOL: u8 = 5;

/// How many steps are made until signals are asked for.
const STEPS_TO_SIGNALS: u32 = 1024;

/// How deep lists and dicts may lie in each other until `fast` mode looks for cycles, as in Python's C pickler.
const FAST_NESTING: u32 = 50;

/// A table by objects' addresses. Its hashes are the same in each run: nobody chooses addresses.
pub(super) type ById<T> = HashMap<usize, T, BuildHasherDefault<DefaultHasher>>;

/// What the caller chose.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) protocol: u8,
    pub(crate) fix_imports: bool,
    pub(crate) fast: bool,
    pub(crate) persistent_id: Option<Owned>,
    pub(crate) reducer_override: Option<Owned>,
    pub(crate) dispatch_table: Option<Owned>,
    pub(crate) buffer_callback: Option<Owned>,
}

/// One dump.
pub(crate) struct Session<'s> {
    pub(super) held: &'s Held,
    pub(super) options: Options,
    pub(super) out: Output,
    pub(super) memo: Memo,
    pub(super) steps: Steps,
    pub(super) plain: PlainClasses,
    /// How many reductions are open, and of which objects, from some depth on.
    pub(super) reductions: usize,
    pub(super) open: ById<super::reduce::Opened>,
    fast_nesting: u32,
    fast_open: ById<()>,
    until_signals: u32,
}

impl<'s> Session<'s> {
    pub(crate) fn new(held: &'s Held, options: Options, file: Option<Owned>) -> Result<Self> {
        Ok(Self {
            held,
            options,
            out: Output::new(file)?,
            memo: Memo::default(),
            steps: Steps::default(),
            plain: PlainClasses::default(),
            reductions: 0,
            open: ById::default(),
            fast_nesting: 0,
            fast_open: ById::default(),
            until_signals: STEPS_TO_SIGNALS,
        })
    }

    /// Writes an object as a whole stream. Returns the stream where there is no file, and the memo in any case: after a
    /// failure as it was before, because nobody can have read what was written.
    pub(crate) fn dump(mut self, object: &Object) -> (Result<Option<Owned>>, Memo) {
        let before = self.memo.len();
        let streamed = self.stream(object).map_err(|raised| super::path::explain(&self.steps, raised));
        let Self { out, mut memo, steps, .. } = self;
        let raised = match streamed.and_then(|()| out.finish()) {
            Ok(stream) => return (Ok(stream), memo),
            Err(raised) => raised,
        };
        // Dropping objects may run any code, which must not meet our exception, nor clear it.
        let exception = raised.take();
        drop(steps);
        drop(memo.forget_from(before));
        let raised = exception.map_or_else(|| Raised::system("an exception was lost"), Raised::restore);
        (Err(raised), memo)
    }

    fn stream(&mut self, object: &Object) -> Result<()> {
        let protocol = self.options.protocol;
        if protocol >= 2 {
            self.out.put(&[op::PROTO, protocol])?;
        }
        if protocol >= 4 {
            self.out.start_frames();
        }
        self.begin(object.own())?;
        while let Some(step) = self.steps.pop() {
            self.until_signals -= 1;
            if self.until_signals == 0 {
                self.steps.push(step)?;
                self.breathe()?;
                continue;
            }
            self.go_on(step)?;
        }
        self.out.op(op::STOP)
    }

    fn go_on(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Begin(object) => self.begin(object),
            Step::List { list, at, batch } => self.list(list, at, batch),
            Step::Only { op, .. } | Step::Emit { op } => self.out.op(op),
            Step::Items(items) => self.items(items),
            Step::Dict(dict) => self.dict(dict),
            Step::Pairs(pairs) => self.pairs(pairs),
            Step::Members(members) => self.members(members),
            Step::Tuple { tuple, at } => self.tuple(tuple, at),
            Step::Reduce(reduce) => self.reduce(reduce),
            Step::PlainClass { object, state } => self.plain_made(object, state),
            Step::PlainState { .. } => self.out.op(op::BUILD),
            Step::Global { object, name } => self.global_named(object, name),
            Step::Attributes(attributes) => self.attributes(attributes),
            Step::Put { object } => self.put(&object),
            Step::Leave { object } => {
                self.leave(&object);
                Ok(())
            }
        }
    }

    /// Lets signal handlers run.
    pub(super) fn breathe(&mut self) -> Result<()> {
        self.until_signals = STEPS_TO_SIGNALS;
        crate::python::signals()
    }

    /// Writes an object that holds no other, or is in the memo; says whether it was one. With a persistent id to be asked
    /// for, none is.
    #[inline]
    pub(super) fn quick(&mut self, object: &Object) -> Result<bool> {
        if self.options.persistent_id.is_some() {
            return Ok(false);
        }
        self.out.boundary()?;
        self.atom(object)
    }

    /// Writes an object, or begins to.
    pub(super) fn begin(&mut self, object: Owned) -> Result<()> {
        self.out.boundary()?;
        if self.options.persistent_id.is_some() && self.persistent(&object)? {
            return Ok(());
        }
        self.begin_itself(object)
    }

    /// Begins with an object when what is being done now is done.
    pub(super) fn later(&mut self, object: Owned) -> Result<()> {
        self.steps.push(Step::Begin(object))
    }

    fn begin_itself(&mut self, object: Owned) -> Result<()> {
        if self.atom(&object)? { Ok(()) } else { self.dispatch(object) }
    }

    /// Writes a persistent id, if the object has one.
    fn persistent(&mut self, object: &Object) -> Result<bool> {
        let Some(hook) = self.options.persistent_id.clone() else { return Ok(false) };
        let id = hook.call(&[object])?;
        if id.is_none() {
            return Ok(false);
        }
        if self.options.protocol > 0 {
            self.steps.push(Step::Emit { op: op::BINPERSID })?;
            self.out.boundary()?;
            self.begin_itself(id)?;
            return Ok(true);
        }
        let text = id.to_text()?;
        let Ok(ascii) = text.encode(true).map_err(Raised::dismiss) else {
            return Err(Raised::new(
                &self.held.pickling_error,
                "persistent IDs in protocol 0 must be ASCII strings",
            ));
        };
        self.out.op(op::PERSID)?;
        self.out.put(ascii.bytes()?)?;
        self.out.put(b"\n")?;
        Ok(true)
    }

    /// Enters a list or dict: in `fast` mode there is no memo, so cycles are looked for from some depth on.
    pub(super) fn enter(&mut self, object: &Owned) -> Result<()> {
        if !self.options.fast {
            return Ok(());
        }
        self.fast_nesting += 1;
        if self.fast_nesting >= FAST_NESTING && self.fast_open.insert(object.ptr().addr(), ()).is_some() {
            return Err(Raised::value(&format!(
                "fast mode: can't pickle cyclic objects including object type {} at {:p}",
                object.class_name(),
                object.ptr()
            )));
        }
        self.steps.push(Step::Leave { object: object.clone() })
    }

    fn leave(&mut self, object: &Object) {
        if self.fast_nesting >= FAST_NESTING {
            self.fast_open.remove(&object.ptr().addr());
        }
        self.fast_nesting -= 1;
    }

    /// Tells whether an object is written by a kind that this engine knows, or is asked how to write itself.
    pub(super) fn dispatch(&mut self, object: Owned) -> Result<()> {
        match object.kind() {
            Kind::Dict => self.begin_dict(object),
            Kind::List => self.begin_list(object),
            Kind::Tuple => self.begin_tuple(object),
            Kind::Set => self.begin_set(object),
            Kind::FrozenSet => self.begin_frozen(object),
            Kind::Bytes => self.old_bytes(object),
            Kind::ByteArray => self.bytearray(object),
            Kind::PickleBuffer => self.picklebuffer(&object),
            kind => self.other(object, kind),
        }
    }
}
