//! Follows a function from its start, on every way through it, until nothing new is learned; then shows each call with what
//! is known there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::binary::{Image, Section};

use super::functions::Functions;
use super::machine::{Atom, Flow, Processor, State, Value};

/// Instructions looked at in one function, before it is too long.
const MOST_STEPS: usize = 300_000;

/// Instructions looked at to learn whether a function comes back; longer ones are taken to.
const MOST_TO_RETURN: usize = 2_000;

/// How many functions deep that is asked.
const MOST_DEPTH: usize = 3;

/// Why a function couldn't be followed to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It is longer than we follow.
    TooLong,
    /// It jumps to where no instruction says.
    Jump(u64),
    /// There is no instruction where one should be.
    NoCode(u64),
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong => f.write_str("a function is too long to be followed"),
            Self::Jump(address) => write!(f, "the jump at {address:#x} can't be followed"),
            Self::NoCode(address) => write!(f, "there is no instruction at {address:#x}"),
        }
    }
}

/// A call, or a jump into another function, with what is known as it is made.
pub(super) struct Call<'s> {
    /// Where the instruction stands.
    pub address: u64,
    /// The function, where the instruction says which.
    pub target: Option<u64>,
    pub state: &'s State,
}

/// A module's code.
pub(super) struct Code<'i, 'a> {
    pub image: &'i Image<'a>,
    pub functions: Functions,
    pub processor: Box<dyn Processor>,
    /// Which functions come back, as far as somebody asked.
    pub returning: RefCell<BTreeMap<u64, bool>>,
}

impl Code<'_, '_> {
    /// Follows the function that begins at `entry`, its argument at a place being `given`, up to the calls that `last`
    /// says, and shows all calls. What comes behind a last one is of no interest, so what is known there is what is known
    /// the first time it is reached.
    ///
    /// # Errors
    /// Some way through the function can't be followed, so that what is known of any place may be too much.
    pub fn follow(
        &self,
        entry: u64,
        given: Option<(u8, u64)>,
        last: &dyn Fn(&Call<'_>) -> bool,
        show: &mut dyn FnMut(&Call<'_>),
    ) -> Result<(), Lost> {
        let mut start = State::new();
        start.set(self.processor.stack_pointer(), Value::One(Atom::Stack(0)));
        for (place, register) in (0..).zip(self.processor.arguments()) {
            let value = match given {
                Some((argument, value)) if argument == place => Value::constant(value),
                _ => Value::One(Atom::Arg(place)),
            };
            start.set(*register, value);
        }
        let mut known = BTreeMap::from([(entry, start)]);
        let mut work = vec![entry];
        let mut steps = 0;
        while let Some(leader) = work.pop() {
            let Some(state) = known.get(&leader).cloned() else { continue };
            let mut reached = Vec::new();
            self.walk(leader, state, &known, &mut steps, &mut reached, &mut |call| last(call))?;
            for (address, state) in reached {
                let learned = match known.get_mut(&address) {
                    Some(before) => before.join(&state),
                    None => known.insert(address, state).is_none(),
                };
                if learned && !work.contains(&address) {
                    work.push(address);
                }
            }
        }
        let mut steps = 0;
        for (leader, state) in &known {
            let mut show_all = |call: &Call<'_>| {
                show(call);
                last(call)
            };
            self.walk(*leader, state.clone(), &known, &mut steps, &mut Vec::new(), &mut show_all)?;
        }
        Ok(())
    }

    /// Walks on from `address` to the next place that is known already, or to the end of the way.
    fn walk(
        &self,
        mut address: u64,
        mut state: State,
        known: &BTreeMap<u64, State>,
        steps: &mut usize,
        reached: &mut Vec<(u64, State)>,
        show: &mut dyn FnMut(&Call<'_>) -> bool,
    ) -> Result<(), Lost> {
        let piece = self.functions.holding(address).ok_or(Lost::NoCode(address))?;
        let bytes = self.image.at(piece.start).ok_or(Lost::NoCode(address))?;
        loop {
            *steps += 1;
            if *steps > MOST_STEPS {
                return Err(Lost::TooLong);
            }
            let here = usize::try_from(address - piece.start).ok().and_then(|at| bytes.get(at..));
            let stepped = here.and_then(|bytes| self.processor.step(bytes, address, &mut state));
            let (length, flow) = stepped.ok_or(Lost::NoCode(address))?;
            let next = address.wrapping_add(length);
            match flow {
                Flow::Next => {}
                Flow::Call(target) => {
                    if show(&Call { address, target, state: &state }) {
                        return Ok(());
                    }
                    if target.is_some_and(|target| !self.comes_back(target, MOST_DEPTH)) {
                        return Ok(());
                    }
                    for register in self.processor.volatile() {
                        state.set(*register, Value::Unknown);
                    }
                    let result = self.processor.volatile().first();
                    state.set(*result.unwrap_or(&0), Value::One(Atom::Result(address)));
                    state.zero = None;
                    state.others_write();
                }
                Flow::Jump(target) if self.leaves(target, piece.entry) => {
                    show(&Call { address, target: Some(target), state: &state });
                    return Ok(());
                }
                Flow::Jump(target) => {
                    reached.push((target, state));
                    return Ok(());
                }
                Flow::Branch { target, taken } => {
                    if taken != Some(false) {
                        reached.push((target, state.clone()));
                    }
                    if taken != Some(true) && next < piece.end {
                        reached.push((next, state));
                    }
                    return Ok(());
                }
                Flow::End { lost: true, .. } => return Err(Lost::Jump(address)),
                Flow::End { lost: false, .. } => return Ok(()),
            }
            // A call that never comes back may be the last of a function.
            if next >= piece.end {
                return Ok(());
            }
            address = next;
            if known.contains_key(&address) {
                reached.push((address, state));
                return Ok(());
            }
        }
    }

    /// Whether a function may come back: one that only raises doesn't, and what stands behind its call is reached from
    /// elsewhere. In doubt it does.
    fn comes_back(&self, function: u64, depth: usize) -> bool {
        if depth == 0 {
            return true;
        }
        if let Some(known) = self.returning.borrow().get(&function) {
            return *known;
        }
        // What calls itself is taken to come back while that is being asked.
        self.returning.borrow_mut().insert(function, true);
        let found = self.reaches_return(function, depth);
        self.returning.borrow_mut().insert(function, found);
        found
    }

    fn reaches_return(&self, function: u64, depth: usize) -> bool {
        let mut state = State::new();
        let (mut seen, mut work) = (BTreeSet::new(), vec![function]);
        while let Some(address) = work.pop() {
            if !seen.insert(address) {
                continue;
            }
            let Some(piece) = self.functions.holding(address) else { return true };
            let stepped =
                self.image.at(address).and_then(|bytes| self.processor.step(bytes, address, &mut state));
            let Some((length, flow)) = stepped else { return true };
            if seen.len() > MOST_TO_RETURN {
                return true;
            }
            let next = address.wrapping_add(length);
            let goes_on = match flow {
                Flow::Next => true,
                Flow::Call(target) => target.is_none_or(|target| self.comes_back(target, depth - 1)),
                Flow::Jump(target) if self.leaves(target, piece.entry) => {
                    if self.comes_back(target, depth - 1) {
                        return true;
                    }
                    false
                }
                Flow::Jump(target) => {
                    work.push(target);
                    false
                }
                Flow::Branch { target, .. } => {
                    work.push(target);
                    true
                }
                Flow::End { comes_back: true, .. } | Flow::End { lost: true, .. } => return true,
                Flow::End { .. } => false,
            };
            if goes_on && next < piece.end {
                work.push(next);
            }
        }
        false
    }

    /// Whether a jump goes into another function: to its very start, or into another section, where the stubs of imported
    /// functions are. A part that was moved away is jumped into with a condition, or in its middle.
    fn leaves(&self, target: u64, entry: u64) -> bool {
        if self.section(target) != self.section(entry) {
            return true;
        }
        match self.functions.holding(target) {
            Some(piece) => piece.entry != entry && self.functions.begins(target),
            None => true,
        }
    }

    fn section(&self, address: u64) -> Option<u64> {
        let inside = |section: &&Section<'_>| {
            address.checked_sub(section.address).is_some_and(|distance| distance < section.size)
        };
        self.image.sections.iter().find(inside).map(|section| section.address)
    }
}
