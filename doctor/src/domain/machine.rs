//! A processor that knows only what it was told: constants, a function's own arguments, and places on the stack. All else is
//! unknown. Two ways to one place join to what holds on both.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Something known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    /// A number or an address.
    Const(u64),
    /// What the function was called with, by place.
    Arg(u8),
    /// A place on the stack, counted from where it was at the function's start.
    Stack(i64),
    /// What the call at this address gave back.
    Result(u64),
    /// What stood in memory at this address when it was read, and a distance further on.
    Loaded(u64, i64),
}

/// What a register or a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Anything.
    Unknown,
    /// This.
    One(Atom),
    /// One of these two.
    Two(Atom, Atom),
}

impl Value {
    pub fn constant(number: u64) -> Self {
        Self::One(Atom::Const(number))
    }

    /// What holds for both.
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::One(a), Self::One(b)) => Self::Two(a.min(b), a.max(b)),
            (Self::Two(a, b), Self::One(c)) | (Self::One(c), Self::Two(a, b)) if a == c || b == c => {
                Self::Two(a, b)
            }
            _ => Self::Unknown,
        }
    }

    /// The value a distance further on.
    pub fn plus(self, distance: i64) -> Self {
        let move_on = |atom| match atom {
            Atom::Const(number) => Some(Atom::Const(number.wrapping_add_signed(distance))),
            Atom::Stack(place) => Some(Atom::Stack(place.wrapping_add(distance))),
            Atom::Loaded(address, before) => Some(Atom::Loaded(address, before.wrapping_add(distance))),
            Atom::Arg(_) | Atom::Result(_) if distance == 0 => Some(atom),
            Atom::Arg(_) | Atom::Result(_) => None,
        };
        match self {
            Self::One(atom) => move_on(atom).map_or(Self::Unknown, Self::One),
            _ if distance == 0 => self,
            _ => Self::Unknown,
        }
    }

    /// Whether it is zero, where that is known. What lies on the stack is not at address 0.
    pub fn is_zero(self) -> Option<bool> {
        match self {
            Self::One(Atom::Const(number)) => Some(number == 0),
            Self::One(Atom::Stack(_)) => Some(false),
            Self::Two(Atom::Const(a), Atom::Const(b)) if (a == 0) == (b == 0) => Some(a == 0),
            _ => None,
        }
    }
}

/// How many registers the wider of the two processors has, the stack pointer among them.
pub(super) const REGISTERS: usize = 32;

/// More slots than a function keeps that we follow; further stores are forgotten.
const MOST_SLOTS: usize = 512;

/// What is known at one instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    registers: [Value; REGISTERS],
    /// Whether the last comparison found zero or equality.
    pub zero: Option<bool>,
    /// What stands on the stack, in words of 8 bytes; states share it until one of them writes.
    slots: Rc<BTreeMap<i64, Value>>,
    /// Places whose address went elsewhere: others may write there.
    escaped: Rc<Vec<i64>>,
}

impl State {
    pub fn new() -> Self {
        Self {
            registers: [Value::Unknown; REGISTERS],
            zero: None,
            slots: Rc::default(),
            escaped: Rc::default(),
        }
    }

    pub fn get(&self, register: usize) -> Value {
        self.registers.get(register).copied().unwrap_or(Value::Unknown)
    }

    pub fn set(&mut self, register: usize, value: Value) {
        if let Some(place) = self.registers.get_mut(register) {
            *place = value;
        }
    }

    /// What stands at an address.
    pub fn load(&self, address: Value) -> Value {
        match address {
            Value::One(Atom::Stack(place)) => self.slots.get(&place).copied().unwrap_or(Value::Unknown),
            Value::One(Atom::Const(address)) => Value::One(Atom::Loaded(address, 0)),
            _ => Value::Unknown,
        }
    }

    /// Writes a word of 8 bytes.
    pub fn store(&mut self, address: Value, value: Value) {
        self.forget(address, 8);
        if let Value::One(Atom::Stack(place)) = address {
            if value != Value::Unknown && (self.slots.len() < MOST_SLOTS) {
                Rc::make_mut(&mut self.slots).insert(place, value);
            }
        }
        if let Value::One(Atom::Stack(target)) = value {
            self.escape(target);
        }
    }

    /// Something unknown is written, `size` bytes long; a size of 0 isn't known.
    pub fn forget(&mut self, address: Value, size: i64) {
        match address {
            Value::One(Atom::Stack(_)) if size == 0 => self.slots = Rc::default(),
            Value::One(Atom::Stack(place)) => {
                let end = place.saturating_add(size);
                let touched: Vec<_> =
                    self.slots.range(place.saturating_sub(7)..end).map(|(place, _)| *place).collect();
                for place in touched {
                    Rc::make_mut(&mut self.slots).remove(&place);
                }
            }
            Value::One(Atom::Const(_)) => {}
            // A pointer we know nothing of may only point to what was given away.
            _ => self.others_write(),
        }
    }

    /// Others may use the address of a place from now on.
    pub fn escape(&mut self, place: i64) {
        if !self.escaped.contains(&place) && self.escaped.len() < MOST_SLOTS {
            Rc::make_mut(&mut self.escaped).push(place);
        }
    }

    /// Whatever was given away may have changed.
    pub fn others_write(&mut self) {
        for place in
            self.escaped.iter().filter(|place| self.slots.contains_key(*place)).copied().collect::<Vec<_>>()
        {
            Rc::make_mut(&mut self.slots).remove(&place);
        }
    }

    /// Joins what is known on another way to the same place; whether anything was lost.
    pub fn join(&mut self, other: &Self) -> bool {
        let before = self.clone();
        for (mine, theirs) in self.registers.iter_mut().zip(other.registers) {
            *mine = mine.join(theirs);
        }
        if self.zero != other.zero {
            self.zero = None;
        }
        if !Rc::ptr_eq(&self.slots, &other.slots) {
            let both = |(place, value): (&i64, &Value)| {
                let joined = value.join(*other.slots.get(place)?);
                (joined != Value::Unknown).then_some((*place, joined))
            };
            self.slots = Rc::new(self.slots.iter().filter_map(both).collect());
        }
        if !Rc::ptr_eq(&self.escaped, &other.escaped) {
            other.escaped.iter().for_each(|place| self.escape(*place));
        }
        *self != before
    }
}

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// On.
    Next,
    /// Elsewhere.
    Jump(u64),
    /// Elsewhere or on; `taken` where it is known which.
    Branch {
        /// Elsewhere.
        target: u64,
        /// Whether it goes there.
        taken: Option<bool>,
    },
    /// Into a function, to that address where it is known, and back.
    Call(Option<u64>),
    /// Nowhere that can be followed: a return, a trap, a jump by table.
    End {
        /// Whether control may go on in this function all the same.
        lost: bool,
        /// Whether it goes back to the caller.
        comes_back: bool,
    },
}

/// What a kind of processor is to the machine.
pub(super) trait Processor {
    /// The registers of arguments, first to last.
    fn arguments(&self) -> &'static [usize];

    /// The stack pointer's number.
    fn stack_pointer(&self) -> usize;

    /// Registers that a call may change; the first has what it gives back.
    fn volatile(&self) -> &'static [usize];

    /// Does what the instruction at `address` does; its length and where control goes. `None`: it is none.
    fn step(&self, bytes: &[u8], address: u64, state: &mut State) -> Option<(u64, Flow)>;

    /// The variable argument at `place` of a call in this state, counted with those that have names.
    fn variable(&self, state: &State, place: usize, named: usize) -> Value;
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Value = Value::One(Atom::Arg(0));

    #[test]
    fn two_ways_keep_what_holds_on_both() {
        let empty = Value::constant(4096);
        let both = A.join(empty);
        assert_eq!(both, empty.join(A));
        assert_eq!(both.join(A), both);
        assert_eq!(both.join(Value::constant(1)), Value::Unknown);
        assert_eq!(A.join(Value::Unknown), Value::Unknown);
    }

    #[test]
    fn a_slot_is_lost_when_something_is_written_over_a_part_of_it() {
        let at = |place| Value::One(Atom::Stack(place));
        let mut state = State::new();
        state.store(at(-16), A);
        assert_eq!(state.load(at(-16)), A);
        state.forget(at(-32), 16);
        assert_eq!(state.load(at(-16)), A);
        state.forget(at(-24), 9);
        assert_eq!(state.load(at(-16)), Value::Unknown);
    }

    #[test]
    fn a_slot_whose_address_was_given_away_is_lost_at_a_call() {
        let at = |place| Value::One(Atom::Stack(place));
        let mut state = State::new();
        state.store(at(-16), A);
        state.store(at(-8), A);
        state.escape(-16);
        state.others_write();
        assert_eq!((state.load(at(-16)), state.load(at(-8))), (Value::Unknown, A));
    }
}
