//! What is begun and not finished. The steps are the engine's own stack: as deep as memory allows.

use crate::python::{Kind, Owned, Raised, Result};

use super::mappings::{Dict, Pairs};
use super::reduce::Reduce;
use super::sequences::{Items, Members};
use crate::room::Room as _;

/// The opcodes that this engine writes.
pub(crate) use interbind_pickle::opcodes as op;

/// How many items are written at once.
pub(crate) const BATCH: u32 = 1000;

/// Since Python 3.15 the last batch is as short as it can be: none where nothing is left, the short opcode for one item.
/// Before, an exact multiple of [`BATCH`] ends with an empty batch.
pub(crate) const SHORT_END: bool = cfg!(Py_3_15);

/// One thing to go on with.
pub(crate) enum Step {
    /// An object that hasn't been begun. What is reached while an object is begun waits here: `begin` never calls itself.
    Begin(Owned),
    /// An exact list: the next item, how many of the batch are written, and how long it was.
    List { list: Owned, at: usize, batch: u32, length: usize },
    /// An item that is a batch of its own.
    Only { container: Owned, at: usize, op: u8 },
    /// What an iterator gives, to a list or what is like one.
    Items(Box<Items>),
    /// An exact dict.
    Dict(Dict),
    /// The pairs that an iterator gives, to a dict or what is like one.
    Pairs(Box<Pairs>),
    /// A set or a frozenset.
    Members(Box<Members>),
    /// A tuple: the next item.
    Tuple { tuple: Owned, at: usize },
    /// What a reduction returned.
    Reduce(Box<Reduce>),
    /// A plain instance whose class is being written.
    PlainClass { object: Owned, state: Option<Owned> },
    /// A plain instance whose dict is being written.
    PlainState { object: Owned },
    /// A class or function by name: module and name are being written.
    Global { object: Owned, name: Option<Owned> },
    /// Getting an attribute of a class, for protocols that have no dotted names.
    Attributes(Box<super::globals::Attributes>),
    /// What is written by value, one thing after the other.
    Program(Box<super::value::Program>),
    /// A class for whose id its stream has been hashed.
    Identified { class: Owned, which: super::value::Which },
    /// A set whose order is being found.
    Sorting(Box<super::value::Sorting>),
    /// A set that is written in order.
    Sorted(Box<super::value::Sorted>),
    /// Finds out whether the order of a set's members makes a difference.
    Swaps(Box<super::value::Swaps>),
    /// Ends with an opcode.
    Emit { op: u8 },
    /// Ends with a number in the memo.
    Put { object: Owned },
    /// Leaves a list or dict in `fast` mode.
    Leave { object: Owned },
}

impl Step {
    /// The address of an object that is open, if it is known by its identity.
    pub(crate) fn open(&self) -> Option<usize> {
        let object = match self {
            Self::List { list, .. } => list,
            Self::Only { container, .. } => container,
            Self::Dict(dict) => &dict.dict,
            Self::Sorting(sorting) => &sorting.owner,
            Self::Sorted(sorted) => &sorted.owner,
            Self::Reduce(reduce) => reduce.object.as_ref()?,
            Self::PlainClass { object, .. } | Self::PlainState { object } => object,
            Self::Program(program) => &program.whose,
            _ => return None,
        };
        // A code object or a frozenset of values is a value; which object it is doesn't count.
        (!object.is_code() && object.kind() != Kind::FrozenSet).then(|| object.ptr().addr())
    }
}

impl Step {
    /// The object that gets its number when what it holds is written, if it is one of those.
    pub(crate) fn unfinished(&self) -> Option<&Owned> {
        match self {
            Self::Tuple { tuple, .. } => Some(tuple),
            Self::Members(members) => Some(&members.set),
            Self::Sorted(sorted) => Some(&sorted.owner),
            Self::Reduce(reduce) => reduce.object.as_ref(),
            _ => None,
        }
    }
}

/// A stack that says when memory ends.
#[derive(Default)]
pub(crate) struct Steps(Vec<Step>);

impl Steps {
    #[inline]
    pub(crate) fn push(&mut self, step: Step) -> Result<()> {
        if self.0.len() == self.0.capacity() {
            self.0.try_reserve(1).map_err(|_| Raised::memory())?;
        }
        self.0.room()?.push(step);
        Ok(())
    }

    /// Puts a step below others.
    pub(crate) fn insert(&mut self, at: usize, step: Step) -> Result<()> {
        self.0.try_reserve(1).map_err(|_| Raised::memory())?;
        self.0.room()?.insert(at, step);
        Ok(())
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Step> {
        self.0.pop()
    }

    /// From the innermost outwards.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Step> {
        self.0.iter().rev()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
