//! The order in which the members of a set are written where equal input has to give equal bytes: those that have been written
//! first, by their numbers, then text, numbers and other values by their bits, then everything else by the hash of the stream
//! that it would have by itself, in which what is open around it stands as how far away it is.
//!
//! Two members that look alike can come in either order: see [`super::ties`].

use std::collections::VecDeque;

use crate::python::{Kind, Object, Owned, Raised, Result, list, list_from, tuple};
use crate::writer::memo::Memo;
use crate::writer::output::Output;
use crate::writer::session::{ById, Session};
use crate::writer::step::{BATCH, Step, Steps, op};

use super::choice::Identity;
use super::hooks::Late;
use super::ties::{Ambiguous, Tie};
use crate::room::Room as _;

/// How many bytes may be hashed to find orders in one dump, and how many more for each member of a set that lies in no other:
/// graphs whose sets lie in each other's members take more than any machine has time for.
const HASHED_MOST: usize = 1 << 27;
/// The same where members may come as they come.
const HASHED_LENIENT: usize = 1 << 23;
const HASHED_FOR_MEMBER: usize = 4096;
/// What the stream of one member costs beside its bytes.
const HASHED_ALONE: usize = 200;

/// By what a member is ordered: the smaller comes first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// It has a number.
    Number(usize),
    /// It is a value: its class, and its bits in an order of their own.
    Value(u8, Vec<u8>),
    /// The hash of its own stream.
    Stream([u8; 32]),
    /// Nobody knows: it comes as it comes.
    Last,
}

/// What becomes of the members.
pub(crate) enum Then {
    /// They are written into a set that has its number.
    Set,
    /// They are written for a frozenset.
    Frozen,
    /// They are the list in what a reduction returned.
    Reduced(Owned),
    /// They are the keys of a dict, and these its values.
    Dict(Vec<Owned>),
}

/// A set whose order is being found.
pub(crate) struct Sorting {
    pub(crate) owner: Owned,
    items: Vec<Owned>,
    keys: Vec<Option<Key>>,
    at: usize,
    /// A stream has been hashed for the item at this place.
    waiting: bool,
    then: Then,
    /// What the keys of a dict are, where some look alike: those come in the order of what they are with their values.
    first: Vec<Option<Key>>,
}

/// What stands behind a key of a dict.
enum Entry {
    Value(Owned),
    /// The key looks like another one: nobody can say which of them something else refers to.
    Both([u8; 32]),
}

/// A set whose members are being written in order.
pub(crate) struct Sorted {
    pub(crate) owner: Owned,
    pub(super) items: Vec<Owned>,
    /// For each member whether it looks like the one before.
    pub(super) alike: Vec<bool>,
    /// The values of a dict; for keys that look like others, the hash that stands for both.
    values: Vec<Entry>,
    pub(crate) at: usize,
    /// The place at which members that look alike were looked for last.
    looked: Option<usize>,
    batch: u32,
    then: Then,
}

/// What waits while a member's stream is hashed.
pub(crate) struct Suspended {
    out: Output,
    memo: Memo,
    pub(crate) steps: Steps,
    guarded: bool,
    hashing: bool,
    open_classes: ById<u32>,
    late: VecDeque<Late>,
    ties: Vec<Tie>,
    ambiguous: Vec<Ambiguous>,
    /// How many objects were open around, and what they were.
    around: usize,
    entered: Vec<usize>,
    /// The outermost of them that has been met.
    touched: usize,
    identity: Identity,
    shallow: bool,
    deterministic: bool,
    /// The ancestors, where the stream is one that nothing around counts for.
    ancestors: Option<ById<usize>>,
}

impl Suspended {
    /// The stream, the memo and the steps.
    pub(crate) fn into_parts(self) -> (Output, Memo, Steps) {
        (self.out, self.memo, self.steps)
    }
}

impl Session<'_> {
    /// Begins to order what a set holds.
    pub(in crate::writer) fn order(&mut self, owner: Owned, items: &Object, then: Then) -> Result<()> {
        let items = list_from(items)?;
        let items: Vec<Owned> = (0..items.list_len()).filter_map(|at| items.list_get(at)).collect();
        if !self.hashing && matches!(then, Then::Set | Then::Frozen) {
            if let Some(items) = self.texts_in_order(&items) {
                let (alike, values) = (vec![false; items.len()], Vec::new());
                self.out.op(op::MARK)?;
                let sorted = Sorted { owner, items, alike, values, at: 0, looked: None, batch: 0, then };
                return self.steps.push(Step::Sorted(Box::new(sorted)));
            }
        }
        if self.suspended.is_empty() {
            self.hashed_most += items.len().saturating_mul(HASHED_FOR_MEMBER);
        }
        let mut keys = Vec::new();
        keys.try_reserve_exact(items.len()).map_err(|_| Raised::memory())?;
        let asked = self.lenient && self.asks();
        for item in &items {
            let key = if items.len() == 1 && !self.hashing { Some(Key::Number(0)) } else { self.key(item)? };
            keys.room()?.push(if asked { key.or(Some(Key::Last)) } else { key });
        }
        let first = Vec::new();
        self.steps.push(Step::Sorting(Box::new(Sorting {
            owner,
            items,
            keys,
            at: 0,
            waiting: false,
            then,
            first,
        })))
    }

    /// Tells whether the caller is asked about each object: nobody is asked twice for an order.
    fn asks(&self) -> bool {
        let options = &self.options;
        options.persistent_id.is_some()
            || options.reducer_override.is_some()
            || options.buffer_callback.is_some()
    }

    /// Members in order, where all are text; nothing where some aren't, or can't be read as UTF-8.
    fn texts_in_order(&self, items: &[Owned]) -> Option<Vec<Owned>> {
        let mut keyed = Vec::new();
        keyed.try_reserve_exact(items.len()).ok()?;
        for (at, item) in items.iter().enumerate() {
            if item.kind() != Kind::Text {
                return None;
            }
            let text = item.utf8().map_err(Raised::dismiss).ok()?.as_bytes();
            let known = self.memo.get(item).or_else(|| self.memo.atoms.get(item));
            // Most texts differ in what fits into a number.
            let mut head = [0; 8];
            let length = text.len().min(8);
            head[..length].copy_from_slice(&text[..length]);
            keyed.push((known.unwrap_or(usize::MAX), u64::from_be_bytes(head), text, at));
        }
        keyed.sort_unstable();
        Some(keyed.into_iter().map(|(_, _, _, at)| items[at].clone()).collect())
    }

    /// The key of an item, if no stream is needed for it.
    fn key(&mut self, item: &Object) -> Result<Option<Key>> {
        let kind = item.kind();
        if !self.hashing {
            if let Some(number) = self.memo.get(item) {
                return Ok(Some(Key::Number(number)));
            }
            if matches!(kind, Kind::Text | Kind::Bytes) {
                if let Some(number) = self.memo.atoms.get(item) {
                    return Ok(Some(Key::Number(number)));
                }
            }
        }
        match kind {
            Kind::Text => {
                let bytes = match item.utf8() {
                    Ok(text) => text.as_bytes().to_vec(),
                    Err(raised) => {
                        raised.dismiss();
                        item.encode_with_surrogates()?.bytes()?.to_vec()
                    }
                };
                return Ok(Some(Key::Value(4, bytes)));
            }
            Kind::Int => {
                if let Some(value) = item.exact_int() {
                    // Unsigned, in the same order.
                    let shifted = (value as u64) ^ (1 << 63);
                    return Ok(Some(Key::Value(2, shifted.to_be_bytes().to_vec())));
                }
            }
            _ => {}
        }
        if let Some((_, known)) = self.keys.get(&item.ptr().addr()).filter(|_| !self.shallow) {
            return Ok(Some(Key::Stream(*known)));
        }
        if !self.hashing {
            if let Some(number) = self.value_number(item)? {
                return Ok(Some(Key::Number(number)));
            }
        }
        Ok(self.value(item)?.map(|value| Key::Value(9, value.to_vec())))
    }

    /// Goes on with finding an order.
    pub(in crate::writer) fn sorting(&mut self, mut sorting: Box<Sorting>) -> Result<()> {
        if sorting.waiting {
            sorting.waiting = false;
            let Some(key) = self.hashed.take() else { return Err(Raised::system("a hash was lost")) };
            sorting.keys[sorting.at] = Some(Key::Stream(key));
        }
        while let Some(key) = sorting.keys.get(sorting.at) {
            if key.is_some() {
                sorting.at += 1;
                continue;
            }
            if self.as_it_comes {
                sorting.keys[sorting.at] = Some(Key::Last);
                continue;
            }
            let item = sorting.items[sorting.at].clone();
            if let Some((_, known)) = self.keys.get(&item.ptr().addr()).filter(|_| !self.shallow) {
                sorting.keys[sorting.at] = Some(Key::Stream(*known));
                continue;
            }
            sorting.waiting = true;
            self.steps.push(Step::Sorting(sorting))?;
            return self.suspend(item);
        }
        if let Then::Dict(_) = sorting.then {
            return self.sorting_dict(sorting);
        }
        let Sorting { owner, items, keys, then, .. } = *sorting;
        let mut pairs: Vec<(Key, Owned)> = keys.into_iter().flatten().zip(items).collect();
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        if self.hashing {
            return self.put_keys(owner, pairs, then);
        }
        let mut alike = Vec::with_capacity(pairs.len());
        for at in 0..pairs.len() {
            alike
                .room()?
                .push(at > 0 && matches!(pairs[at].0, Key::Stream(_)) && pairs[at].0 == pairs[at - 1].0);
        }
        let items: Vec<Owned> = pairs.into_iter().map(|(_, item)| item).collect();
        if let Then::Reduced(value) = &then {
            let sorted = list()?;
            for item in &items {
                sorted.list_append(item)?;
            }
            let mut parts: Vec<Owned> =
                (0..value.tuple_len()).filter_map(|at| Some(value.tuple_item(at)?.own())).collect();
            if let Some(arguments) = parts.get_mut(1) {
                *arguments = tuple(&[&sorted])?;
            }
            self.ordered = Some(sorted);
            let value = tuple(&parts.iter().map(|part| &**part).collect::<Vec<_>>())?;
            return self.begin_reduce(&value, owner);
        }
        self.put_sorted(owner, items, alike, Vec::new(), then)
    }

    /// Puts what has its order now.
    fn put_sorted(
        &mut self,
        owner: Owned,
        items: Vec<Owned>,
        alike: Vec<bool>,
        values: Vec<Entry>,
        then: Then,
    ) -> Result<()> {
        self.out.op(op::MARK)?;
        let (at, looked, batch) = (0, None, 0);
        let sorted = Sorted { owner, items, alike, values, at, looked, batch, then };
        self.steps.push(Step::Sorted(Box::new(sorted)))
    }

    /// Puts the keys of a dict in order. Those that look alike are asked for once more, each with its value.
    fn sorting_dict(&mut self, mut sorting: Box<Sorting>) -> Result<()> {
        let Then::Dict(values) = &sorting.then else { return Err(Raised::system("not a dict")) };
        let mut places: Vec<usize> = (0..sorting.items.len()).collect();
        if sorting.first.is_empty() {
            places.sort_by(|one, other| sorting.keys[*one].cmp(&sorting.keys[*other]));
            let alike = |pair: &&[usize]| sorting.keys[pair[0]] == sorting.keys[pair[1]];
            let tied: Vec<usize> = places.windows(2).filter(alike).flatten().copied().collect();
            if !tied.is_empty() {
                let mut again: Vec<Option<Key>> = vec![Some(Key::Number(0)); places.len()];
                let mut items = sorting.items.clone();
                for place in
                    tied.into_iter().filter(|place| again[*place].take().is_some()).collect::<Vec<_>>()
                {
                    items[place] = tuple(&[&sorting.items[place], &values[place]])?;
                }
                sorting.items = items;
                sorting.first = core::mem::replace(&mut sorting.keys, again);
                sorting.at = 0;
                return self.sorting(sorting);
            }
        } else {
            let key = |place: usize| (&sorting.first[place], &sorting.keys[place]);
            places.sort_by(|one, other| key(*one).cmp(&key(*other)));
        }
        // Two that look alike with their values can change places: what follows may refer to either. All others are written.
        let alike = |one: usize, other: Option<&usize>| {
            other.is_some_and(|other| {
                sorting.first[one] == sorting.first[*other] && sorting.keys[one] == sorting.keys[*other]
            })
        };
        let mut entries = Vec::with_capacity(places.len());
        for (at, place) in places.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| places.get(before));
            let twin =
                !sorting.first.is_empty() && (alike(*place, before) || alike(*place, places.get(at + 1)));
            entries.room()?.push(match &sorting.keys[*place] {
                Some(Key::Stream(hash)) if twin => Entry::Both(*hash),
                _ => Entry::Value(values[*place].clone()),
            });
        }
        let item = |place: usize| match &sorting.keys[place] {
            // It was asked for with its value.
            Some(Key::Stream(_)) if !sorting.first.is_empty() => {
                sorting.items[place].tuple_item(0).map(Object::own)
            }
            _ => Some(sorting.items[place].clone()),
        };
        let items: Vec<Owned> = places.iter().filter_map(|place| item(*place)).collect();
        let Sorting { owner, then, .. } = *sorting;
        let alike = vec![false; items.len()];
        self.put_sorted(owner, items, alike, entries, then)
    }

    /// Where only a hash is wanted, the keys of the members say all of a set: nothing is gone through twice. Which of its members
    /// something else refers to doesn't count.
    fn put_keys(&mut self, owner: Owned, pairs: Vec<(Key, Owned)>, then: Then) -> Result<()> {
        self.out.put(b"{")?;
        self.out.put(&(pairs.len() as u64).to_le_bytes())?;
        for (key, _) in &pairs {
            match key {
                Key::Number(number) => self.get_number(*number)?,
                Key::Value(tag, bytes) => {
                    self.out.put(&[b'v', *tag])?;
                    self.out.put(&(bytes.len() as u64).to_le_bytes())?;
                    self.out.put(bytes)?;
                }
                Key::Stream(hash) => {
                    self.out.op(b's')?;
                    self.out.put(hash)?;
                }
                Key::Last => self.out.op(b'?')?,
            }
        }
        let Then::Reduced(value) = then else { return Ok(()) };
        let mut parts: Vec<Owned> =
            (0..value.tuple_len()).filter_map(|at| Some(value.tuple_item(at)?.own())).collect();
        if let Some(arguments) = parts.get_mut(1) {
            *arguments = tuple(&[&*list()?])?;
        }
        let value = tuple(&parts.iter().map(|part| &**part).collect::<Vec<_>>())?;
        self.begin_reduce(&value, owner)
    }

    /// Goes on with writing members in order.
    pub(in crate::writer) fn sorted(&mut self, mut sorted: Box<Sorted>) -> Result<()> {
        loop {
            if sorted.looked.replace(sorted.at) != Some(sorted.at) {
                if let Some(swaps) = self.tied(&sorted)? {
                    self.steps.push(Step::Sorted(sorted))?;
                    return self.steps.push(Step::Swaps(Box::new(swaps)));
                }
            }
            let Some(item) = sorted.items.get(sorted.at).cloned() else { break };
            if sorted.batch == BATCH && !matches!(sorted.then, Then::Frozen) {
                self.out.op(if matches!(sorted.then, Then::Dict(_)) {
                    op::SETITEMS
                } else {
                    op::ADDITEMS
                })?;
                self.out.op(op::MARK)?;
                self.breathe()?;
                sorted.batch = 0;
            }
            sorted.at += 1;
            sorted.batch += 1;
            if matches!(sorted.then, Then::Dict(_)) {
                match &sorted.values[sorted.at - 1] {
                    Entry::Both(hash) => {
                        self.out.op(b'p')?;
                        self.out.put(hash)?;
                        continue;
                    }
                    Entry::Value(value) => {
                        let value = value.clone();
                        self.steps.push(Step::Sorted(sorted))?;
                        self.later(value)?;
                        return self.begin(item);
                    }
                }
            }
            let quick = self.quick(&item);
            if let Ok(true) = quick {
                continue;
            }
            self.steps.push(Step::Sorted(sorted))?;
            quick?;
            return self.begin(item);
        }
        match sorted.then {
            Then::Set => self.out.op(op::ADDITEMS),
            Then::Dict(_) => self.out.op(op::SETITEMS),
            Then::Frozen if self.memo.get(&sorted.owner).is_some() => {
                self.out.op(op::POP_MARK)?;
                self.get(&sorted.owner).map(drop)
            }
            Then::Frozen => {
                self.out.op(op::FROZENSET)?;
                self.put(&sorted.owner)
            }
            Then::Reduced(_) => Ok(()),
        }
    }

    /// Puts aside what is going on, and begins with the stream of one object alone.
    pub(in crate::writer) fn suspend(&mut self, item: Owned) -> Result<()> {
        self.put_aside(item, false)
    }

    /// As [`Session::suspend`], for a stream that doesn't depend on what is open around it; `shallow`: nor on the globals of
    /// functions.
    pub(in crate::writer) fn suspend_alone(&mut self, item: Owned, shallow: bool) -> Result<()> {
        let ancestors = core::mem::take(&mut self.ancestors);
        let around = core::mem::take(&mut self.around);
        self.put_aside(item, shallow)?;
        self.ancestors.clear();
        self.around = 0;
        if let Some(suspended) = self.suspended.last_mut() {
            suspended.ancestors = Some(ancestors);
            suspended.around = around;
        }
        Ok(())
    }

    fn put_aside(&mut self, item: Owned, shallow: bool) -> Result<()> {
        self.suspended.try_reserve(1).map_err(|_| Raised::memory())?;
        if self.spare.is_empty() {
            self.spare.room()?.push(Output::hashing()?);
        }
        let around = self.around;
        let mut entered = Vec::new();
        let open: Vec<usize> = self.steps.iter().filter_map(Step::open).collect();
        for address in open.into_iter().rev() {
            if let std::collections::hash_map::Entry::Vacant(place) = self.ancestors.room()?.entry(address) {
                place.insert(around + entered.len());
                entered.room()?.push(address);
            }
        }
        self.around = around + entered.len();
        let shallow = shallow || self.shallow;
        let Some(out) = self.spare.pop() else { return Err(Raised::system("a stream was lost")) };
        let suspended = Suspended {
            out: core::mem::replace(&mut self.out, out),
            memo: core::mem::take(&mut self.memo),
            steps: core::mem::take(&mut self.steps),
            guarded: core::mem::replace(&mut self.guarded, true),
            hashing: core::mem::replace(&mut self.hashing, true),
            open_classes: core::mem::take(&mut self.open_classes),
            late: core::mem::take(&mut self.late),
            ties: core::mem::take(&mut self.ties),
            ambiguous: core::mem::take(&mut self.ambiguous),
            around,
            entered,
            touched: core::mem::replace(&mut self.touched, usize::MAX),
            identity: core::mem::replace(&mut self.identity, Identity::Nothing),
            shallow: core::mem::replace(&mut self.shallow, shallow),
            deterministic: core::mem::replace(&mut self.deterministic, true),
            ancestors: None,
        };
        self.suspended.room()?.push(suspended);
        self.whose.room()?.push(item.clone());
        self.later(item)
    }

    /// The stream of one object is at its end: goes back to what was put aside, and leaves the hash for it.
    pub(in crate::writer) fn resume(&mut self, suspended: Suspended) -> Result<()> {
        let mut out = core::mem::replace(&mut self.out, suspended.out);
        let memo = core::mem::replace(&mut self.memo, suspended.memo);
        self.steps = suspended.steps;
        self.guarded = suspended.guarded;
        self.hashing = suspended.hashing;
        self.open_classes = suspended.open_classes;
        self.late = suspended.late;
        self.ties = suspended.ties;
        self.ambiguous = suspended.ambiguous;
        self.identity = suspended.identity;
        self.deterministic = suspended.deterministic;
        let alone = suspended.ancestors.is_some();
        match suspended.ancestors {
            Some(ancestors) => self.ancestors = ancestors,
            None => {
                for address in suspended.entered {
                    self.ancestors.remove(&address);
                }
            }
        }
        let shallow = core::mem::replace(&mut self.shallow, suspended.shallow);
        let around = suspended.around;
        // What was met further out is met from the outer stream's point of view too.
        let own = if alone { usize::MAX } else { self.touched };
        self.around = around;
        self.touched = suspended.touched.min(if own < around { own } else { usize::MAX });
        let (hash, length) = out.take_hash();
        self.spare.room()?.push(out);
        if alone {
            self.class_bytes += length;
        } else {
            self.hashed_bytes += length + HASHED_ALONE;
        }
        self.hashed = Some(hash);
        if let Some(item) = self.whose.pop() {
            if own == usize::MAX && !shallow {
                self.keys.room()?.insert(item.ptr().addr(), (item, hash));
            }
        }
        // Dropping objects may run any code, when all is whole again.
        drop(memo);
        if self.lenient {
            self.as_it_comes |= self.hashed_bytes > HASHED_LENIENT.saturating_add(self.hashed_most);
            return Ok(());
        }
        if self.hashed_bytes > HASHED_MOST.saturating_add(self.hashed_most) {
            return Err(Raised::new(
                &self.held.pickling_error,
                "can't find an order for sets whose members hold each other's sets: it takes too long; write lists, or give the class \
                 a __reduce__ that says what of it counts",
            ));
        }
        Ok(())
    }

    /// In the stream of one object alone: writes an object that is open around it as how far away it is, and says whether it is
    /// one.
    pub(in crate::writer) fn ancestor(&mut self, object: &Object) -> Result<bool> {
        let Some(&at) = self.ancestors.get(&object.ptr().addr()) else { return Ok(false) };
        self.touched = self.touched.min(at);
        self.out.op(b'^')?;
        let away = u32::try_from(self.around - at).unwrap_or(u32::MAX);
        self.out.put(&away.to_le_bytes())?;
        Ok(true)
    }
}
