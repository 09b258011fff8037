//! What a reduction returned: a callable and its arguments, then items, pairs and a state for what they make.

use crate::python::{Object, Owned, Raised, Result, tuple};

use super::mappings::Pairs;
use super::sequences::Items;
use super::session::Session;
use super::step::{Step, op};
use super::value::Then;
use crate::room::Room as _;

/// How many reductions may be open inside each other. Objects that exist are never that deep in practice; a `__reduce_ex__`
/// that makes new ones for ever gets an error here, before it has all of the memory.
const OPEN_MOST: usize = 1_500_000;

/// From this depth on, an object is looked for that holds itself without ever getting into the memo.
const OPEN_WATCHED: usize = 1000;

/// How often one object may be open: it is written again where it holds itself by way of something that is in the memo by
/// then, so a few times are in order.
const OPEN_SAME: u32 = 1000;

/// Python 3.14 said this error anew.
const NEW: bool = cfg!(Py_3_14);

/// An object whose reduction is open.
#[derive(Default)]
pub(crate) struct Opened {
    times: u32,
    /// How many objects were in the memo the last time.
    memo: usize,
}

/// What a reduction returned, and how far it is written.
pub(crate) struct Reduce {
    /// What is reduced; nothing for a part that has no number in the memo.
    pub(crate) object: Option<Owned>,
    /// What it is counted for.
    whose: Owned,
    /// Whether the object, or somebody for it, was asked how to write it.
    pub(crate) asked: bool,
    how: How,
    pub(crate) stage: Stage,
    first: Owned,
    second: Owned,
    third: Option<Owned>,
    items: Option<Owned>,
    pairs: Option<Owned>,
    state: Option<Owned>,
    setter: Option<Owned>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Call,
    New,
    NewEx,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    First,
    Second,
    Third,
    Made,
    Items,
    Pairs,
    State,
    SetterObject,
    SetterState,
    SetterEnd,
    Build,
}

impl Reduce {
    /// What is being written, in the words of Python's notes.
    pub(crate) fn part(&self) -> Option<&'static str> {
        // The stage is what comes next.
        match (self.how, self.stage) {
            (How::Call, Stage::Second) => Some("reconstructor"),
            (How::Call, Stage::Made) => Some("reconstructor arguments"),
            (_, Stage::Second) => Some("class"),
            (_, Stage::Third | Stage::Made) => Some("__new__ arguments"),
            (_, Stage::SetterObject) => Some("state setter"),
            (_, Stage::SetterEnd | Stage::Build) => Some("state"),
            _ => None,
        }
    }
}

impl Session<'_> {
    /// Writes a call whose result is the object.
    pub(super) fn reduce_call(
        &mut self,
        callable: &Object,
        arguments: &[&Object],
        object: Owned,
    ) -> Result<()> {
        let arguments = tuple(arguments)?;
        let value = tuple(&[callable, &arguments])?;
        let reduce = self.unpack(&value, Some(object.clone()), object.clone())?;
        self.opened(&object)?;
        self.steps.push(Step::Reduce(Box::new(reduce)))
    }

    /// Writes a call whose result has no number of its own; it is for `whose` sake.
    pub(super) fn reduce_part(
        &mut self,
        callable: &Object,
        arguments: &[&Object],
        whose: Owned,
    ) -> Result<()> {
        let arguments = tuple(arguments)?;
        let value = tuple(&[callable, &arguments])?;
        let reduce = self.unpack(&value, None, whose)?;
        self.opened(&reduce.whose)?;
        self.steps.push(Step::Reduce(Box::new(reduce)))
    }

    /// Begins with the tuple that a reducer returned.
    pub(super) fn begin_reduce(&mut self, value: &Object, object: Owned) -> Result<()> {
        let reduce = match self.unpack(value, Some(object.clone()), object.clone()) {
            Ok(reduce) => Reduce { asked: true, ..reduce },
            Err(raised) => return Err(super::path::about_object(&object, raised)),
        };
        if (self.deterministic || self.lenient) && object.is_any_set() {
            let arguments = &reduce.second;
            if let (1, Some(items)) = (arguments.tuple_len(), arguments.tuple_item(0)) {
                if items.is_exact_list()
                    && items.list_len() > usize::from(!self.hashing)
                    && !self.is_ordered(items)
                    && self.puts_list_in_order(items)
                {
                    let items = items.own();
                    return self.order(object, &items, Then::Reduced(value.own()));
                }
            }
        }
        self.opened(&object)?;
        self.steps.push(Step::Reduce(Box::new(reduce)))
    }

    /// Tells whether a list is one that was just put in order.
    fn is_ordered(&self, items: &Object) -> bool {
        self.ordered.as_ref().is_some_and(|ordered| ordered.is(items))
    }

    /// Counts a reduction that begins, and looks for one that never ends.
    fn opened(&mut self, object: &Object) -> Result<()> {
        self.reductions += 1;
        if self.reductions <= OPEN_WATCHED {
            return Ok(());
        }
        let endless = self.reductions > OPEN_MOST;
        let length = self.memo.len();
        let opened = self.open.room()?.entry(object.ptr().addr()).or_default();
        opened.times += 1;
        let itself = opened.times > 1 && opened.memo == length || opened.times > OPEN_SAME;
        opened.memo = length;
        if endless || itself {
            let text = format!(
                "the reduction of '{}' never ends: what its __reduce_ex__() returns holds {}",
                object.class_name(),
                if itself { "the object itself" } else { "new objects of the kind again and again" }
            );
            return Err(Raised::recursion(&text));
        }
        Ok(())
    }

    fn closed(&mut self, object: &Object) {
        if self.reductions > OPEN_WATCHED {
            let id = object.ptr().addr();
            if let Some(opened) = self.open.get_mut(&id) {
                opened.times -= 1;
                if opened.times == 0 {
                    self.open.remove(&id);
                }
            }
        }
        self.reductions -= 1;
    }

    fn error<T>(&self, text: &str) -> Result<T> {
        Err(Raised::new(&self.held.pickling_error, text))
    }

    /// Judges what a reducer returned.
    fn unpack(&self, value: &Object, object: Option<Owned>, whose: Owned) -> Result<Reduce> {
        let length = value.tuple_len();
        if !(2..=6).contains(&length) {
            return self.error("tuple returned by __reduce__ must contain 2 through 6 elements");
        }
        let item = |at| value.tuple_item(at).map(Object::own);
        let some = |at| item(at).filter(|item| !item.is_none());
        let (Some(first), Some(second)) = (item(0), item(1)) else {
            return self.error("tuple returned by __reduce__ isn't filled");
        };
        if !first.is_callable() {
            let name = first.class_name();
            return self.error(&format!(
                "first item of the tuple returned by __reduce__ must be callable, not {name}"
            ));
        }
        if !second.is_tuple() {
            let name = second.class_name();
            return self.error(&format!(
                "second item of the tuple returned by __reduce__ must be a tuple, not {name}"
            ));
        }
        let (items, pairs, setter) = (some(3), some(4), some(5));
        for (which, given) in [("fourth", &items), ("fifth", &pairs)] {
            if let Some(given) = given.as_ref().filter(|given| !given.is_iterator()) {
                let name = given.class_name();
                return self.error(&format!(
                    "{which} item of the tuple returned by __reduce__ must be an iterator, not {name}"
                ));
            }
        }
        if let Some(given) = setter.as_ref().filter(|given| !given.is_callable()) {
            let name = given.class_name();
            return self.error(&format!(
                "sixth item of the tuple returned by __reduce__ must be callable, not {name}"
            ));
        }
        let mut reduce = Reduce {
            object,
            whose,
            asked: false,
            how: How::Call,
            stage: Stage::First,
            first,
            second,
            third: None,
            items,
            pairs,
            state: some(2),
            setter,
        };
        if self.options.protocol >= 2 {
            self.recognise(&mut reduce)?;
        }
        Ok(reduce)
    }

    /// Recognises `copyreg.__newobj__` and `__newobj_ex__`, by their names as Python does: they have opcodes.
    fn recognise(&self, reduce: &mut Reduce) -> Result<()> {
        let Some(name) = reduce.first.find(&self.held.names.name)? else { return Ok(()) };
        if !name.is_text() {
            return Ok(());
        }
        let name = name.utf8().map_err(Raised::dismiss).unwrap_or_default();
        let item = |at| reduce.second.tuple_item(at).map(Object::own);
        let length = reduce.second.tuple_len();
        match name {
            "__newobj_ex__" => {
                let (3, Some(class), Some(arguments), Some(keywords)) = (length, item(0), item(1), item(2))
                else {
                    return self.error(&format!("__newobj_ex__ expected 3 arguments, got {length}"));
                };
                if !class.is_class() {
                    let name = class.class_name();
                    return self
                        .error(&format!("first argument to __newobj_ex__() must be a class, not {name}"));
                }
                if !arguments.is_tuple() {
                    let name = arguments.class_name();
                    return self
                        .error(&format!("second argument to __newobj_ex__() must be a tuple, not {name}"));
                }
                if !keywords.is_dict() {
                    let name = keywords.class_name();
                    return self
                        .error(&format!("third argument to __newobj_ex__() must be a dict, not {name}"));
                }
                if self.options.protocol < 4 {
                    let mut given = vec![class.get(&self.held.names.new)?, class];
                    given.extend(
                        (0..arguments.tuple_len()).filter_map(|at| Some(arguments.tuple_item(at)?.own())),
                    );
                    let given: Vec<&Object> = given.iter().map(|given| &**given).collect();
                    // Lent: what nobody else holds, `partial` takes as it is, of whatever class; else it makes a dict of it.
                    drop(keywords);
                    let keywords = reduce.second.tuple_item(2);
                    reduce.first = self.held.partial.call_with(&*tuple(&given)?, keywords)?;
                    reduce.second = self.held.empty_tuple.clone();
                } else {
                    reduce.how = How::NewEx;
                    (reduce.first, reduce.second, reduce.third) = (class, arguments, Some(keywords));
                }
            }
            "__newobj__" => {
                let Some(class) = item(0) else {
                    return self.error("__newobj__ expected at least 1 argument, got 0");
                };
                if !class.is_class() {
                    let name = class.class_name();
                    return self
                        .error(&format!("first argument to __newobj__() must be a class, not {name}"));
                }
                if let Some(object) = &reduce.object {
                    let own = object.find(&self.held.names.class)?.unwrap_or_else(|| object.class());
                    if !own.is(&class) && !NEW {
                        return self.error("args[0] from __newobj__ args has the wrong class");
                    }
                    if !own.is(&class) {
                        let (own, given) = (own.repr()?, class.repr()?);
                        let (own, given) = (own.utf8()?, given.utf8()?);
                        return self
                            .error(&format!("first argument to __newobj__() must be {own}, not {given}"));
                    }
                }
                reduce.how = How::New;
                reduce.second = reduce.second.tuple_from(1)?;
                reduce.first = class;
            }
            _ => {}
        }
        Ok(())
    }

    /// Goes on with a reduction.
    pub(super) fn reduce(&mut self, mut reduce: Box<Reduce>) -> Result<()> {
        loop {
            let (next, part) = match reduce.stage {
                Stage::First => (Stage::Second, Some(reduce.first.clone())),
                Stage::Second => (
                    if reduce.third.is_some() { Stage::Third } else { Stage::Made },
                    Some(reduce.second.clone()),
                ),
                Stage::Third => (Stage::Made, reduce.third.take()),
                Stage::Made => {
                    self.out.op(match reduce.how {
                        How::Call => op::REDUCE,
                        How::New => op::NEWOBJ,
                        How::NewEx => op::NEWOBJ_EX,
                    })?;
                    let Some(object) = &reduce.object else {
                        self.closed(&reduce.whose);
                        return Ok(());
                    };
                    // What makes it may hold it: it has been written by now, and what was just written is thrown away.
                    if self.memo.get(object).is_some() {
                        self.out.op(op::POP)?;
                        self.get(object)?;
                        self.closed(&reduce.whose);
                        return Ok(());
                    }
                    let object = object.clone();
                    self.put_once(&object, 3)?;
                    (Stage::Items, None)
                }
                Stage::Items => {
                    if let Some(iterator) = reduce.items.take() {
                        let owner = reduce.object.clone();
                        reduce.stage = Stage::Pairs;
                        self.steps.push(Step::Reduce(reduce))?;
                        return self.steps.push(Step::Items(Box::new(Items::new(owner, iterator))));
                    }
                    (Stage::Pairs, None)
                }
                Stage::Pairs => {
                    if let Some(iterator) = reduce.pairs.take() {
                        let owner = reduce.object.clone();
                        reduce.stage = Stage::State;
                        self.steps.push(Step::Reduce(reduce))?;
                        return self.steps.push(Step::Pairs(Box::new(Pairs::new(owner, iterator))));
                    }
                    (Stage::State, None)
                }
                Stage::State => match (&reduce.state, reduce.setter.take()) {
                    (None, _) => return self.reduce_end(&reduce),
                    (Some(_), Some(setter)) => (Stage::SetterObject, Some(setter)),
                    (Some(_), None) => (Stage::Build, reduce.state.take()),
                },
                Stage::SetterObject => (Stage::SetterState, reduce.object.clone()),
                Stage::SetterState => (Stage::SetterEnd, reduce.state.take()),
                Stage::SetterEnd => {
                    self.out.put(&[op::TUPLE2, op::REDUCE, op::POP])?;
                    return self.reduce_end(&reduce);
                }
                Stage::Build => {
                    self.out.op(op::BUILD)?;
                    return self.reduce_end(&reduce);
                }
            };
            reduce.stage = next;
            if let Some(part) = part {
                self.steps.push(Step::Reduce(reduce))?;
                return self.begin(part);
            }
        }
    }

    fn reduce_end(&mut self, reduce: &Reduce) -> Result<()> {
        self.closed(&reduce.whose);
        Ok(())
    }
}
