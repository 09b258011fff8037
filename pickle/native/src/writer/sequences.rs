//! Lists, tuples, sets, and what an iterator gives to something like a list.

use crate::python::{Object, Owned, Raised, Result, list_from, tuple};

use super::session::Session;
use super::step::{BATCH, SHORT_END, Step, op};
use super::value::Then;

/// What an iterator gives: items are fetched one ahead at the start of a batch, because a batch of one has another opcode.
pub(crate) struct Items {
    /// To whom, if anybody is known.
    pub(crate) owner: Option<Owned>,
    pub(crate) iterator: Owned,
    /// Fetched and not written.
    next: Option<Owned>,
    batch: u32,
    /// How many are written, for the path.
    pub(crate) at: usize,
}

impl Items {
    pub(crate) fn new(owner: Option<Owned>, iterator: Owned) -> Self {
        Self { owner, iterator, next: None, batch: 0, at: 0 }
    }
}

/// The members of a set or a frozenset.
pub(crate) struct Members {
    pub(crate) set: Owned,
    /// How many are to be written, as far as is known.
    left: usize,
    iterator: Owned,
    /// Nothing for a frozenset, which has no batches.
    batch: Option<u32>,
}

impl Session<'_> {
    pub(super) fn begin_list(&mut self, list: Owned) -> Result<()> {
        self.enter(&list)?;
        if self.options.protocol == 0 {
            self.out.put(&[op::MARK, op::LIST])?;
        } else {
            self.out.op(op::EMPTY_LIST)?;
        }
        self.put_once(&list, 1)?;
        match list.list_len() {
            0 => Ok(()),
            _ if self.options.protocol == 0 => {
                let iterator = list.iterate()?;
                self.steps.push(Step::Items(Box::new(Items::new(Some(list), iterator))))
            }
            1 => self.list_last(list, 0),
            _ => {
                self.out.op(op::MARK)?;
                let length = list.list_len();
                self.steps.push(Step::List { list, at: 0, batch: 0, length })
            }
        }
    }

    /// Writes an item that is a batch of its own.
    fn list_last(&mut self, list: Owned, at: usize) -> Result<()> {
        let Some(item) = list.list_get(at) else { return Ok(()) };
        self.steps.push(Step::Only { container: list, at, op: op::APPEND })?;
        self.later(item)
    }

    /// Goes on with a list whose MARK is written.
    pub(super) fn list(&mut self, list: Owned, mut at: usize, mut batch: u32, length: usize) -> Result<()> {
        // What an item did while it was written; Python looks since 3.14.
        if cfg!(Py_3_14) && list.list_len() != length {
            self.steps.push(Step::List { list, at, batch, length })?;
            return Err(Raised::runtime("list changed size during iteration"));
        }
        loop {
            match (batch < BATCH).then(|| list.list_get(at)).flatten() {
                Some(item) => {
                    (at, batch) = (at + 1, batch + 1);
                    let quick = self.quick(&item);
                    if let Ok(true) = quick {
                        continue;
                    }
                    self.steps.push(Step::List { list, at, batch, length })?;
                    quick?;
                    return self.begin(item);
                }
                None => {
                    self.out.op(op::APPENDS)?;
                    self.breathe()?;
                    let length = list.list_len();
                    if at >= length {
                        return Ok(());
                    }
                    if SHORT_END && length - at == 1 {
                        return self.list_last(list, at);
                    }
                    self.out.op(op::MARK)?;
                    batch = 0;
                }
            }
        }
    }

    /// Goes on with what an iterator gives.
    pub(super) fn items(&mut self, mut items: Box<Items>) -> Result<()> {
        if self.options.protocol == 0 {
            return self.items_one_by_one(items);
        }
        loop {
            if items.batch == 0 {
                let Some(first) = items.iterator.next()? else { return Ok(()) };
                match items.iterator.next()? {
                    None => {
                        let container = items.owner.clone().unwrap_or_else(|| items.iterator.clone());
                        self.steps.push(Step::Only { container, at: items.at, op: op::APPEND })?;
                        return self.begin(first);
                    }
                    Some(second) => items.next = Some(second),
                }
                self.out.op(op::MARK)?;
                items.batch = 1;
                items.at += 1;
                self.steps.push(Step::Items(items))?;
                return self.begin(first);
            }
            let next = if items.batch == BATCH {
                None
            } else {
                match items.next.take() {
                    Some(next) => Some(next),
                    None => match items.iterator.next() {
                        Ok(next) => next,
                        Err(raised) => {
                            self.steps.push(Step::Items(items))?;
                            return Err(raised);
                        }
                    },
                }
            };
            let Some(next) = next else {
                self.out.op(op::APPENDS)?;
                self.breathe()?;
                if items.batch < BATCH {
                    return Ok(());
                }
                items.batch = 0;
                continue;
            };
            items.batch += 1;
            items.at += 1;
            self.steps.push(Step::Items(items))?;
            return self.begin(next);
        }
    }

    fn items_one_by_one(&mut self, mut items: Box<Items>) -> Result<()> {
        // An item before this one has been written, and waits for its opcode.
        if items.batch == 1 {
            self.out.op(op::APPEND)?;
        }
        let Some(next) = items.iterator.next()? else { return Ok(()) };
        items.batch = 1;
        items.at += 1;
        self.steps.push(Step::Items(items))?;
        self.begin(next)
    }

    pub(super) fn begin_tuple(&mut self, tuple: Owned) -> Result<()> {
        match tuple.tuple_len() {
            0 if self.options.protocol == 0 => self.out.put(&[op::MARK, op::TUPLE]),
            0 => self.out.op(op::EMPTY_TUPLE),
            1..=3 if self.options.protocol >= 2 => self.steps.push(Step::Tuple { tuple, at: 0 }),
            _ => {
                self.out.op(op::MARK)?;
                self.steps.push(Step::Tuple { tuple, at: 0 })
            }
        }
    }

    /// Goes on with a tuple.
    pub(super) fn tuple(&mut self, tuple: Owned, mut at: usize) -> Result<()> {
        let length = tuple.tuple_len();
        while at < length {
            let Some(item) = tuple.tuple_item(at).map(Object::own) else {
                return Err(Raised::system("a tuple that isn't filled"));
            };
            at += 1;
            let quick = self.quick(&item);
            if let Ok(true) = quick {
                continue;
            }
            self.steps.push(Step::Tuple { tuple, at })?;
            quick?;
            return self.begin(item);
        }
        let short = length <= 3 && self.options.protocol >= 2;
        // What it holds may hold it: it has been written by now, and what was just written is thrown away.
        if self.memo.get(&tuple).is_some() {
            if short {
                self.out.put(&[op::POP; 3][..length])?;
            } else if self.options.protocol > 0 {
                self.out.op(op::POP_MARK)?;
            } else {
                for _ in 0..=length {
                    self.out.op(op::POP)?;
                }
            }
            return self.get(&tuple).map(drop);
        }
        self.out.op(match length {
            1 if short => op::TUPLE1,
            2 if short => op::TUPLE2,
            3 if short => op::TUPLE3,
            _ => op::TUPLE,
        })?;
        self.put(&tuple)
    }

    pub(super) fn begin_set(&mut self, set: Owned) -> Result<()> {
        if self.options.protocol < 4 {
            return self.set_by_list(set);
        }
        self.out.op(op::EMPTY_SET)?;
        self.put_once(&set, 1)?;
        if self.puts_in_order(&set)? {
            let items = set.clone();
            return if set.set_len() == 0 { Ok(()) } else { self.order(set, &items, Then::Set) };
        }
        let iterator = set.iterate()?;
        let left = set.set_len();
        if left == 0 {
            return Ok(());
        }
        self.out.op(op::MARK)?;
        self.steps.push(Step::Members(Box::new(Members { set, left, iterator, batch: Some(0) })))
    }

    pub(super) fn begin_frozen(&mut self, set: Owned) -> Result<()> {
        if self.options.protocol < 4 {
            return self.set_by_list(set);
        }
        if self.puts_in_order(&set)? {
            let items = set.clone();
            return self.order(set, &items, Then::Frozen);
        }
        self.out.op(op::MARK)?;
        let iterator = set.iterate()?;
        self.steps.push(Step::Members(Box::new(Members { set, left: 0, iterator, batch: None })))
    }

    /// Writes a set as protocols before 4 have it: its class, called with a list.
    fn set_by_list(&mut self, set: Owned) -> Result<()> {
        let items = list_from(&set)?;
        let class = set.class();
        if !self.puts_list_in_order(&items) {
            return self.reduce_call(&class, &[&items], set);
        }
        // As a reducer's answer, which is put in order.
        let arguments = tuple(&[&items])?;
        self.begin_reduce(&*tuple(&[&class, &arguments])?, set)
    }

    /// Goes on with the members of a set.
    pub(super) fn members(&mut self, mut members: Box<Members>) -> Result<()> {
        loop {
            let next = if members.batch == Some(BATCH) { Ok(None) } else { members.iterator.next() };
            let next = match next {
                Ok(next) => next,
                Err(raised) => {
                    self.steps.push(Step::Members(members))?;
                    return Err(raised);
                }
            };
            let Some(next) = next else { break };
            members.batch = members.batch.map(|batch| batch + 1);
            members.left = members.left.saturating_sub(1);
            let quick = self.quick(&next);
            if let Ok(true) = quick {
                continue;
            }
            self.steps.push(Step::Members(members))?;
            quick?;
            return self.begin(next);
        }
        self.breathe()?;
        match members.batch {
            Some(batch) => {
                self.out.op(op::ADDITEMS)?;
                // A set that has changed is found out by its iterator.
                if batch < BATCH || (SHORT_END && members.left == 0 && members.iterator.next()?.is_none()) {
                    return Ok(());
                }
                self.out.op(op::MARK)?;
                members.batch = Some(0);
                self.steps.push(Step::Members(members))
            }
            None if self.memo.get(&members.set).is_some() => {
                self.out.op(op::POP_MARK)?;
                self.get(&members.set).map(drop)
            }
            None => {
                self.out.op(op::FROZENSET)?;
                self.put(&members.set)
            }
        }
    }
}
