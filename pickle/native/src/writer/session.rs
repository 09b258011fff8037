//! One dump: what the caller chose, the stream, the memo, and the loop over the steps.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::python::{Kind, Object, Owned, Raised, Result, list};

use super::held::Held;
use super::memo::Memo;
use super::output::Output;
use super::plain::PlainClasses;
use super::step::{Step, Steps, op};
use super::value::{
    Ambiguous, Canonical, Choices, Contents, Facts, Identity, Known, Late, Suspended, Tie, Value,
};
use crate::room::Room as _;

/// Python's default protocol, which changed with 3.14.
pub(crate) const DEFAULT_PROTOCOL: u8 = if cfg!(Py_3_14) { 5 } else { 4 };
pub(crate) const HIGHEST_PROTOCOL: u8 = 5;

/// How many steps are made until signals are asked for.
const STEPS_TO_SIGNALS: u32 = 1024;

/// How deep lists and dicts may lie in each other until `fast` mode looks for cycles, as in Python's C pickler.
const FAST_NESTING: u32 = 50;

/// How many persistent ids may lie in each other: a hook that returns something with the object in it has no end.
const PERSISTENT_MOST: usize = 10_000;

/// A table by objects' addresses.
pub(crate) type ById<T> = HashMap<usize, T, BuildHasherDefault<Address>>;

/// Mixes an address. Its hashes are the same in each run: nobody chooses addresses.
#[derive(Default)]
pub(crate) struct Address(u64);

impl Hasher for Address {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0.rotate_left(8) ^ u64::from(*byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn write_usize(&mut self, address: usize) {
        // The lowest bits choose the place, the highest ones the tag: both should come from all of them.
        self.0 = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

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

/// Says for each object that the engine doesn't know by its exact class how it is written: `reducer_override` without a call
/// through Python.
pub(crate) trait Reducer {
    /// What a `reducer_override` would return.
    fn reduce(&self, object: &Object) -> Result<Answer>;
}

/// What a [`Reducer`] says.
pub(crate) enum Answer {
    /// Nothing: the object goes the usual way.
    Usual,
    /// It goes by this name of this module, where it has just been found.
    Named(Named),
    /// What a reducer returns: a tuple or a name.
    Value(Owned),
}

/// A module's name, and a name in it.
pub(crate) struct Named {
    pub(crate) module: Owned,
    pub(crate) name: Owned,
}

/// One dump.
pub(crate) struct Session<'s> {
    pub(super) held: &'s Held,
    pub(super) options: Options,
    /// Asked before `Options::reducer_override`.
    pub(crate) reducer: Option<&'s dyn Reducer>,
    pub(super) out: Output,
    pub(super) memo: Memo,
    pub(super) steps: Steps,
    pub(super) plain: PlainClasses,
    /// How many reductions are open, and of which objects, from some depth on.
    pub(super) reductions: usize,
    pub(super) open: ById<super::reduce::Opened>,
    /// How many persistent ids are being written, one in another.
    persistent_open: usize,
    /// What goes by value, and how.
    pub(super) choices: Arc<Choices>,
    /// The object that is dumped.
    root: Option<Owned>,
    /// A list of that, and of what reducers keep for this dump.
    kept: Option<Owned>,
    /// Code objects that have been read, by address; each keeps its own alive.
    pub(super) facts: ById<(Owned, Arc<Facts>)>,
    /// How often each class, and code with more than atoms in it, is begun and not finished.
    pub(super) open_classes: ById<u32>,
    /// Classes whose slots Python finds by now, by address.
    pub(super) slotted: ById<Owned>,
    /// The classes that are being written, the innermost last.
    pub(super) class_stack: Vec<Owned>,
    /// Classes by the addresses of their own dicts.
    pub(super) class_dicts: ById<Owned>,
    /// By what classes are known again.
    pub(super) identity: Identity,
    /// Only a hash is wanted: text and values are written each time, and what nobody can meet again isn't remembered.
    pub(super) hashing: bool,
    /// Equal input gives equal bytes, from here on.
    pub(super) deterministic: bool,
    /// What nobody can tell apart comes as it comes; where this isn't so, it's an error if equal input has to give equal bytes.
    pub(super) lenient: bool,
    /// Orders that would take too long to be found are no longer looked for.
    pub(super) as_it_comes: bool,
    /// The globals of functions don't count.
    pub(super) shallow: bool,
    /// Names that are attributes of packages, and no submodules, by what the modules' finders have said in this dump.
    pub(super) no_submodules: HashSet<String>,
    /// Ids of classes that had to be known before the class was there; each keeps its own alive.
    pub(super) early_ids: ById<(Owned, Owned)>,
    /// Hooks that are set when everything else of the stream is there.
    pub(super) late: VecDeque<Late>,
    /// By what classes are known again; each keeps its own alive.
    pub(super) class_contents: ById<(Owned, Contents)>,
    /// What has been asked whether it is a value; each keeps its own alive.
    pub(super) values: ById<(Owned, Known)>,
    /// Numbers of aliases, by hashes that hold in this dump.
    pub(super) aliases: HashMap<Value, usize, BuildHasherDefault<super::memo::Hashed>>,
    /// The hash of the stream of one object alone, which has just ended.
    pub(super) hashed: Option<[u8; 32]>,
    /// How many bytes were hashed to find orders.
    pub(super) hashed_bytes: usize,
    /// How many bytes were hashed for the ids of classes.
    pub(super) class_bytes: usize,
    /// How many more may be hashed to find orders.
    pub(super) hashed_most: usize,
    /// Hashes of objects' own streams that don't depend on what is around; each keeps its own alive.
    pub(super) keys: ById<(Owned, [u8; 32])>,
    /// What was put aside for the stream of one object alone, the innermost last.
    pub(super) suspended: Vec<Suspended>,
    /// Streams of which only the hash is wanted, to be used again.
    pub(super) spare: Vec<Output>,
    /// Whose streams those are.
    pub(super) whose: Vec<Owned>,
    /// What is open around such a stream: address to place, from outside.
    pub(super) ancestors: ById<usize>,
    pub(super) around: usize,
    /// The outermost of them that this stream has met.
    pub(super) touched: usize,
    /// The list that was put in order last.
    pub(super) ordered: Option<Owned>,
    pub(super) ties: Vec<Tie>,
    pub(super) ambiguous: Vec<Ambiguous>,
    /// The stream begins with the error for other Python versions.
    pub(super) guarded: bool,
    fast_nesting: u32,
    fast_open: ById<()>,
    until_signals: u32,
}

impl<'s> Session<'s> {
    pub(crate) fn new(held: &'s Held, options: Options, file: Option<Owned>) -> Result<Self> {
        Ok(Self {
            held,
            options,
            reducer: None,
            out: Output::new(file)?,
            memo: Memo::default(),
            steps: Steps::default(),
            plain: PlainClasses::default(),
            reductions: 0,
            open: ById::default(),
            persistent_open: 0,
            choices: held.choices.by_name.clone(),
            root: None,
            kept: None,
            facts: ById::default(),
            open_classes: ById::default(),
            slotted: ById::default(),
            class_stack: Vec::new(),
            class_dicts: ById::default(),
            guarded: false,
            identity: Identity::Nothing,
            hashing: false,
            deterministic: false,
            lenient: false,
            as_it_comes: false,
            shallow: false,
            no_submodules: HashSet::new(),
            early_ids: ById::default(),
            late: VecDeque::new(),
            class_contents: ById::default(),
            values: ById::default(),
            aliases: HashMap::default(),
            hashed: None,
            hashed_bytes: 0,
            class_bytes: 0,
            hashed_most: 0,
            keys: ById::default(),
            suspended: Vec::new(),
            spare: Vec::new(),
            whose: Vec::new(),
            ancestors: ById::default(),
            around: 0,
            touched: usize::MAX,
            ordered: None,
            ties: Vec::new(),
            ambiguous: Vec::new(),
            fast_nesting: 0,
            fast_open: ById::default(),
            until_signals: STEPS_TO_SIGNALS,
        })
    }

    /// A list of the object that is dumped, for reducers that keep something during a dump.
    pub(super) fn kept(&mut self) -> Result<Owned> {
        if let Some(kept) = &self.kept {
            return Ok(kept.clone());
        }
        let kept = list()?;
        if let Some(root) = &self.root {
            kept.list_append(root)?;
        }
        self.kept = Some(kept.clone());
        Ok(kept)
    }

    /// Writes an object as a whole stream. Returns the stream where there is no file, and the memo in any case: after a
    /// failure as it was before, because nobody can have read what was written.
    pub(crate) fn dump(&mut self, object: &Object) -> (Result<Option<Owned>>, Memo) {
        let before = self.memo.len();
        self.identity = self.choices.identity;
        self.lenient = self.choices.canonical == Canonical::FromValues;
        self.deterministic =
            self.choices.canonical == Canonical::Always || self.lenient && self.memo.canonical;
        self.root = Some(object.own());
        let streamed = self.begin_stream(object).map_err(|raised| {
            let raised = super::path::explain(&self.steps, raised);
            self.suspended
                .iter()
                .rev()
                .fold(raised, |raised, outer| super::path::explain(&outer.steps, raised))
        });
        // Where a stream of one object alone failed, the memo is the outermost one's.
        let inner = if self.suspended.is_empty() {
            None
        } else {
            let (out, memo, steps) = self.suspended.remove(0).into_parts();
            let out = core::mem::replace(&mut self.out, out);
            let memo = core::mem::replace(&mut self.memo, memo);
            Some((out, memo, core::mem::replace(&mut self.steps, steps)))
        };
        let mut memo = core::mem::take(&mut self.memo);
        let raised = match streamed.and_then(|()| self.out.finish()) {
            Ok(stream) => return (Ok(stream), memo),
            Err(raised) => raised,
        };
        // Dropping objects may run any code, which must not meet our exception, nor clear it.
        let exception = raised.take();
        drop(inner);
        self.forget();
        drop(memo.forget_from(before));
        let raised = exception.map_or_else(|| Raised::system("an exception was lost"), Raised::restore);
        (Err(raised), memo)
    }

    /// Lets go of what the dump has met.
    fn forget(&mut self) {
        use core::mem::take;
        drop((
            take(&mut self.steps),
            take(&mut self.suspended),
            take(&mut self.values),
            take(&mut self.keys),
        ));
        drop((take(&mut self.facts), take(&mut self.class_dicts), take(&mut self.class_contents)));
        drop((take(&mut self.class_stack), take(&mut self.whose), take(&mut self.ordered)));
        drop((take(&mut self.late), take(&mut self.early_ids), take(&mut self.slotted)));
        drop((take(&mut self.ties), take(&mut self.ambiguous), take(&mut self.open), self.kept.take()));
    }

    /// Gives what says what an object is to a hash, piece by piece: the canonical stream, without what only numbers objects.
    pub(crate) fn digest(mut self, object: &Object, update: Owned) -> Result<()> {
        self.out = Output::updating(update)?;
        (self.hashing, self.guarded) = (true, true);
        self.dump(object).0.map(drop)
    }

    fn begin_stream(&mut self, object: &Object) -> Result<()> {
        if self.choices.values {
            self.held.refresh()?;
        }
        if self.lenient && !self.deterministic && self.sees_values(object)? {
            self.turn()?;
        }
        self.stream(object)
    }

    fn stream(&mut self, object: &Object) -> Result<()> {
        let protocol = self.options.protocol;
        if protocol >= 2 {
            self.out.put(&[op::PROTO, protocol])?;
        }
        if protocol >= 4 && !self.hashing {
            self.out.start_frames();
        }
        self.begin(object.own())?;
        loop {
            let Some(step) = self.steps.pop() else {
                if let Some(late) = self.late.pop_front() {
                    self.late_hook(late)?;
                    continue;
                }
                let Some(suspended) = self.suspended.pop() else { break };
                self.resume(suspended)?;
                continue;
            };
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
            Step::List { list, at, batch, length } => self.list(list, at, batch, length),
            Step::Only { op, .. } | Step::Emit { op } => {
                if op == op::BINPERSID {
                    self.persistent_open -= 1;
                }
                self.out.op(op)
            }
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
            Step::Program(program) => self.program(program),
            Step::Identified { class, which } => self.identified(class, which),
            Step::Sorting(sorting) => self.sorting(sorting),
            Step::Sorted(sorted) => self.sorted(sorted),
            Step::Swaps(swaps) => self.swaps(swaps),
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
        if self.atom(&object)? {
            return Ok(());
        }
        if self.deterministic {
            if !self.ancestors.is_empty() && self.ancestor(&object)? {
                return Ok(());
            }
            if self.hashing && self.normalized(&object)? {
                return Ok(());
            }
            let kind = object.kind();
            if self.same_value(&object, kind)? {
                return Ok(());
            }
        }
        self.dispatch(object)
    }

    /// Where only a hash is wanted: writes what the caller's function says of an object of its class, if there is one.
    fn normalized(&mut self, object: &Object) -> Result<bool> {
        let Some(table) = self.choices.normalize.clone() else { return Ok(false) };
        let class = object.class();
        let Some(function) = table.dict_find(&class)? else { return Ok(false) };
        self.memo.put(object)?;
        let said = function.call(&[object])?;
        if said.type_ptr() == object.type_ptr() {
            let text = "normalize returned an object of the class that it was asked to normalize: ";
            return Err(Raised::about(&self.held.pickling_error, text, &class, ""));
        }
        self.out.op(b'n')?;
        self.later(said)?;
        self.later(class)?;
        Ok(true)
    }

    /// Writes a persistent id, if the object has one.
    fn persistent(&mut self, object: &Object) -> Result<bool> {
        let Some(hook) = self.options.persistent_id.clone() else { return Ok(false) };
        let id = hook.call(&[object])?;
        if id.is_none() {
            return Ok(false);
        }
        if self.options.protocol > 0 {
            if self.persistent_open >= PERSISTENT_MOST {
                return Err(Raised::recursion(&format!(
                    "persistent_id returns what it is asked about again: {} persistent ids lie in each other, the last for {} object",
                    self.persistent_open,
                    object.class_name()
                )));
            }
            self.persistent_open += 1;
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
        if self.fast_nesting >= FAST_NESTING
            && self.fast_open.room()?.insert(object.ptr().addr(), ()).is_some()
        {
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
