//! Dicts, and the pairs that an iterator gives to something like a dict.

use crate::python::{Owned, Raised, Result, list};

use super::session::Session;
use super::step::{BATCH, SHORT_END, Step, op};
use super::value::Then;
use crate::room::Room as _;

/// An exact dict. Python may change it between two pairs: the place stays valid, and the length is compared at the end of
/// each batch, as in Python's C pickler.
pub(crate) struct Dict {
    pub(crate) dict: Owned,
    at: isize,
    length: usize,
    /// How many pairs are written.
    written: usize,
    batch: u32,
    /// A pair that is a batch of its own.
    single: bool,
    /// The key that is written, or being written.
    pub(crate) key: Option<Owned>,
    /// Its value, while the key is being written.
    pub(crate) value: Option<Owned>,
}

/// The pairs that an iterator gives: one ahead at the start of a batch.
pub(crate) struct Pairs {
    pub(crate) owner: Option<Owned>,
    pub(crate) iterator: Owned,
    next: Option<(Owned, Owned)>,
    batch: u32,
    /// A batch of one has another opcode.
    single: bool,
    pub(crate) key: Option<Owned>,
    pub(crate) value: Option<Owned>,
}

impl Pairs {
    pub(crate) fn new(owner: Option<Owned>, iterator: Owned) -> Self {
        Self { owner, iterator, next: None, batch: 0, single: false, key: None, value: None }
    }

    fn fetch(&mut self) -> Result<Option<(Owned, Owned)>> {
        let Some(pair) = self.iterator.next()? else { return Ok(None) };
        match (pair.tuple_len(), pair.tuple_item(0), pair.tuple_item(1)) {
            (2, Some(key), Some(value)) => Ok(Some((key.own(), value.own()))),
            _ => Err(Raised::type_error("dict items iterator must return 2-tuples")),
        }
    }
}

impl Session<'_> {
    pub(super) fn begin_dict(&mut self, dict: Owned) -> Result<()> {
        self.enter(&dict)?;
        if self.options.protocol == 0 {
            self.out.put(&[op::MARK, op::DICT])?;
        } else {
            self.out.op(op::EMPTY_DICT)?;
        }
        self.put_once(&dict, 1)?;
        let length = dict.dict_len();
        if length == 0 {
            return Ok(());
        }
        if self.choices.sort_keys {
            let (keys, mut values, mut at) = (list()?, Vec::new(), 0);
            while let Some((key, value)) = dict.dict_next(&mut at) {
                keys.list_append(&key)?;
                values.room()?.push(value);
            }
            return self.order(dict, &keys, Then::Dict(values));
        }
        if self.options.protocol == 0 {
            let iterator = dict.call_method(&self.held.names.items, &[])?.iterate()?;
            return self.steps.push(Step::Pairs(Box::new(Pairs::new(Some(dict), iterator))));
        }
        if length > 1 {
            self.out.op(op::MARK)?;
        }
        let single = length == 1;
        let dict = Dict { dict, at: 0, length, written: 0, batch: 0, single, key: None, value: None };
        self.steps.push(Step::Dict(dict))
    }

    /// Goes on with a dict.
    pub(super) fn dict(&mut self, mut dict: Dict) -> Result<()> {
        loop {
            let value = match dict.value.take() {
                Some(value) => value,
                None => {
                    if dict.single && dict.batch == 1 {
                        return self.out.op(op::SETITEM);
                    }
                    let pair = (dict.batch < BATCH).then(|| dict.dict.dict_next(&mut dict.at)).flatten();
                    let Some((key, value)) = pair else {
                        if !dict.single {
                            self.out.op(op::SETITEMS)?;
                        }
                        if dict.dict.dict_len() != dict.length {
                            return Err(Raised::runtime("dictionary changed size during iteration"));
                        }
                        self.breathe()?;
                        let left = dict.length.saturating_sub(dict.written);
                        if dict.batch < BATCH || (SHORT_END && left == 0) {
                            return Ok(());
                        }
                        dict.batch = 0;
                        dict.single = SHORT_END && left == 1;
                        if !dict.single {
                            self.out.op(op::MARK)?;
                        }
                        continue;
                    };
                    dict.batch += 1;
                    dict.written += 1;
                    let quick = self.quick(&key);
                    if let Ok(true) = quick {
                        dict.key = Some(key);
                        value
                    } else {
                        dict.key = Some(key.clone());
                        dict.value = Some(value);
                        self.steps.push(Step::Dict(dict))?;
                        quick?;
                        return self.begin(key);
                    }
                }
            };
            let quick = self.quick(&value);
            if let Ok(true) = quick {
                continue;
            }
            self.steps.push(Step::Dict(dict))?;
            quick?;
            return self.begin(value);
        }
    }

    /// Goes on with the pairs that an iterator gives.
    pub(super) fn pairs(&mut self, mut pairs: Box<Pairs>) -> Result<()> {
        if let Some(value) = pairs.value.take() {
            self.steps.push(Step::Pairs(pairs))?;
            return self.begin(value);
        }
        if pairs.single {
            self.out.op(op::SETITEM)?;
            if self.options.protocol > 0 {
                return Ok(());
            }
        }
        let fetched = self.next_pair(&mut pairs);
        let (key, value) = match fetched {
            Ok(Some(pair)) => pair,
            Ok(None) => return Ok(()),
            Err(raised) => {
                pairs.key = None;
                self.steps.push(Step::Pairs(pairs))?;
                return Err(raised);
            }
        };
        pairs.key = Some(key.clone());
        pairs.value = Some(value);
        self.steps.push(Step::Pairs(pairs))?;
        self.begin(key)
    }

    /// The next pair, with the opcodes that stand between batches.
    fn next_pair(&mut self, pairs: &mut Pairs) -> Result<Option<(Owned, Owned)>> {
        if self.options.protocol == 0 {
            pairs.single = true;
            return pairs.fetch();
        }
        if pairs.batch > 0 && pairs.batch < BATCH {
            let next = match pairs.next.take() {
                Some(next) => Some(next),
                None => pairs.fetch()?,
            };
            if next.is_some() {
                pairs.batch += 1;
            } else {
                self.out.op(op::SETITEMS)?;
            }
            return Ok(next);
        }
        if pairs.batch == BATCH {
            self.out.op(op::SETITEMS)?;
            self.breathe()?;
        }
        let Some(first) = pairs.fetch()? else { return Ok(None) };
        pairs.next = pairs.fetch()?;
        if pairs.next.is_some() {
            self.out.op(op::MARK)?;
            pairs.batch = 1;
        } else {
            pairs.single = true;
        }
        Ok(Some(first))
    }
}
