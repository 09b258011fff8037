//! What A64 instructions do to the machine. All are one word wide, and nearly all name what they write in their lowest five
//! bits: what isn't one of the few that carry a pointer on makes that register unknown.

use super::machine::{Atom, Flow, Processor, State, Value};

/// A calling convention of arm64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arm64 {
    /// Everywhere but at Apple's.
    Standard,
    /// At Apple's, where arguments without a name are on the stack.
    Apple,
}

const SP: usize = 31;
const FRAME: usize = 29;
const LINK: usize = 30;

/// The zero register, where 31 isn't the stack pointer: it can be written, and forgets.
const ZERO: usize = 31;

impl Processor for Arm64 {
    fn arguments(&self) -> &'static [usize] {
        &[0, 1, 2, 3, 4, 5, 6, 7]
    }

    fn stack_pointer(&self) -> usize {
        SP
    }

    fn volatile(&self) -> &'static [usize] {
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, LINK]
    }

    fn variable(&self, state: &State, place: usize, named: usize) -> Value {
        match self {
            Self::Standard => state.get(place),
            Self::Apple => {
                let distance = i64::try_from(place.saturating_sub(named)).unwrap_or(0).wrapping_mul(8);
                state.load(state.get(SP).plus(distance))
            }
        }
    }

    fn step(&self, bytes: &[u8], address: u64, state: &mut State) -> Option<(u64, Flow)> {
        let word = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
        if let Some(flow) = branch(word, address, state) {
            return Some((4, flow));
        }
        if word >> 16 == 0 {
            // `udf`: no code goes there.
            return Some((4, Flow::End { lost: false, comes_back: false }));
        }
        if word & 0x0a00_0000 == 0x0800_0000 {
            memory(word, state);
        } else {
            data(word, address, state);
        }
        Some((4, Flow::Next))
    }
}

/// Bits `low` to `low + count` of a word.
fn bits(word: u32, low: u32, count: u32) -> u32 {
    (word >> low) & ((1 << count) - 1)
}

/// The same, with a sign.
fn signed(word: u32, low: u32, count: u32) -> i64 {
    let value = i64::from(bits(word, low, count));
    if value >> (count - 1) == 1 { value - (1 << count) } else { value }
}

fn register(word: u32, low: u32) -> usize {
    bits(word, low, 5) as usize
}

/// A register's value where 31 is the zero register.
fn plain(state: &State, register: usize) -> Value {
    if register == ZERO { Value::constant(0) } else { state.get(register) }
}

fn write(state: &mut State, register: usize, value: Value) {
    if register != ZERO {
        state.set(register, value);
    }
}

/// Where a word that is a branch goes.
pub(super) fn target(word: u32, address: u64) -> Option<u64> {
    let distance = match word {
        _ if word & 0x7c00_0000 == 0x1400_0000 => signed(word, 0, 26),
        _ if word & 0xff00_0000 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 => signed(word, 5, 19),
        _ if word & 0x7e00_0000 == 0x3600_0000 => signed(word, 5, 14),
        _ => return None,
    };
    Some(address.wrapping_add_signed(distance * 4))
}

fn branch(word: u32, address: u64, state: &State) -> Option<Flow> {
    if let Some(target) = target(word, address) {
        return Some(match word >> 24 {
            0x14..=0x17 => Flow::Jump(target),
            0x94..=0x97 => Flow::Call(Some(target)),
            0x54 => {
                let taken = match word & 0xf {
                    0 => state.zero,
                    1 => state.zero.map(|zero| !zero),
                    _ => None,
                };
                Flow::Branch { target, taken }
            }
            0x34 | 0x35 | 0xb4 | 0xb5 => {
                let wanted = bits(word, 24, 1) == 0;
                let taken = plain(state, register(word, 0)).is_zero().map(|zero| zero == wanted);
                Flow::Branch { target, taken }
            }
            _ => Flow::Branch { target, taken: None },
        });
    }
    if word & 0xfe00_0000 == 0xd600_0000 {
        // With and without a signed pointer: a jump, a call, a return.
        return Some(match bits(word, 21, 2) {
            0 => Flow::End { lost: true, comes_back: true },
            1 => Flow::Call(None),
            _ => Flow::End { lost: false, comes_back: true },
        });
    }
    (word & 0xffe0_001f == 0xd420_0000).then_some(Flow::End { lost: false, comes_back: false })
}

/// Instructions that neither branch nor touch memory.
fn data(word: u32, address: u64, state: &mut State) {
    let (to, from) = (register(word, 0), register(word, 5));
    match word {
        // adr, adrp
        _ if word & 0x1f00_0000 == 0x1000_0000 => {
            let distance = signed(word, 5, 19) * 4 + i64::from(bits(word, 29, 2));
            let value = if word >> 31 == 0 {
                address.wrapping_add_signed(distance)
            } else {
                (address & !0xfff).wrapping_add_signed(distance * 4096)
            };
            write(state, to, Value::constant(value));
        }
        // add, sub with a number, of 64 bits: here 31 is the stack pointer
        _ if word & 0xbf80_0000 == 0x9100_0000 && bits(word, 29, 1) == 0 => {
            let by = i64::from(bits(word, 10, 12)) << (12 * bits(word, 22, 1));
            let by = if bits(word, 30, 1) == 1 { -by } else { by };
            let value = state.get(from).plus(by);
            if let Value::One(Atom::Stack(place)) = value {
                if to != SP && to != FRAME {
                    state.escape(place);
                }
            }
            state.set(to, value);
        }
        // cmp with a number
        _ if word & 0x7f80_0000 == 0x7100_0000 => {
            let nothing = bits(word, 10, 12) == 0;
            state.zero = if nothing { state.get(from).is_zero() } else { None };
            write(state, to, Value::Unknown);
        }
        // mov between registers, of 64 bits
        _ if word & 0xffe0_ffe0 == 0xaa00_03e0 => {
            let value = plain(state, register(word, 16));
            write(state, to, value);
        }
        // mov between registers, of 32 bits: only a number comes through
        _ if word & 0xffe0_ffe0 == 0x2a00_03e0 => {
            let value = match plain(state, register(word, 16)) {
                Value::One(Atom::Const(number)) => Value::constant(number & 0xffff_ffff),
                _ => Value::Unknown,
            };
            write(state, to, value);
        }
        // mov of a number
        _ if word & 0x7f80_0000 == 0x5280_0000 => {
            let number = u64::from(bits(word, 5, 16)) << (16 * bits(word, 21, 2));
            write(state, to, Value::constant(number));
        }
        // csel, of 64 bits
        _ if word & 0xffe0_0c00 == 0x9a80_0000 => {
            let (yes, no) = (plain(state, from), plain(state, register(word, 16)));
            let chosen = match bits(word, 12, 4) {
                0 => state.zero,
                1 => state.zero.map(|zero| !zero),
                _ => None,
            };
            let value = match chosen {
                Some(true) => yes,
                Some(false) => no,
                None => yes.join(no),
            };
            write(state, to, value);
        }
        // tst of a register with itself
        _ if word & 0x7fe0_fc1f == 0x6a00_001f && register(word, 5) == register(word, 16) => {
            state.zero = plain(state, from).is_zero();
        }
        // hints: nop, bti, paciasp …
        _ if word & 0xffff_f01f == 0xd503_201f => {}
        _ => {
            state.zero = None;
            // 31 is the stack pointer where a register is extended and added, and in logic with a number; both without
            // flags. Elsewhere it is the zero register.
            let extends = word & 0x3fe0_0000 == 0x0b20_0000;
            let logic = word & 0x1f80_0000 == 0x1200_0000 && bits(word, 29, 2) != 3;
            if extends || logic {
                state.set(to, Value::Unknown);
            } else {
                write(state, to, Value::Unknown);
            }
        }
    }
}

/// Loads and stores.
fn memory(word: u32, state: &mut State) {
    let (to, base) = (register(word, 0), register(word, 5));
    let vector = bits(word, 26, 1) == 1;
    let size = bits(word, 30, 2);
    match (bits(word, 27, 3), bits(word, 24, 2)) {
        // One register, at a distance counted in its size.
        (7, 1) => {
            let (scale, is_load) = single(word, vector, size);
            let address = state.get(base).plus(i64::from(bits(word, 10, 12)) << scale);
            one(state, to, address, scale, vector, is_load);
        }
        // One register, at a distance in bytes, which may stay in the base.
        (7, 0) if bits(word, 21, 1) == 0 => {
            let (scale, is_load) = single(word, vector, size);
            let (before, distance) = (state.get(base), signed(word, 12, 9));
            let after = before.plus(distance);
            let form = bits(word, 10, 2);
            one(state, to, if form == 1 { before } else { after }, scale, vector, is_load);
            if form & 1 == 1 {
                state.set(base, after);
            }
        }
        // Two registers.
        (5, 0 | 1) => {
            let form = bits(word, 23, 2);
            let scale = if vector { 2 + size } else { 2 + (size >> 1) };
            let is_load = bits(word, 22, 1) == 1;
            let (before, distance) = (state.get(base), signed(word, 15, 7) << scale);
            let after = before.plus(distance);
            let address = if form == 1 { before } else { after };
            one(state, to, address, scale, vector, is_load);
            one(state, register(word, 10), address.plus(1 << scale), scale, vector, is_load);
            if form & 1 == 1 {
                state.set(base, after);
            }
        }
        // A constant beside the code.
        (3, 0) => {
            if !vector {
                write(state, to, Value::Unknown);
            }
        }
        // With an index, atomic, exclusive, or several vectors: who knows what is written, and where.
        _ => {
            let address = state.get(base);
            state.forget(address, 0);
            for low in [0, 10, 16] {
                if !vector {
                    write(state, register(word, low), Value::Unknown);
                }
            }
            if vector {
                // A structure's base may move on.
                write(state, base, Value::Unknown);
            }
        }
    }
}

/// How a single register is moved: its size as a power of two, and whether it is read from memory.
fn single(word: u32, vector: bool, size: u32) -> (u32, bool) {
    let way = bits(word, 22, 2);
    if vector { (if way & 2 == 2 { 4 } else { size }, way & 1 == 1) } else { (size, way != 0) }
}

fn one(state: &mut State, register: usize, address: Value, scale: u32, vector: bool, is_load: bool) {
    match (is_load, vector) {
        (true, true) => {}
        (true, false) => {
            let value = if scale == 3 { state.load(address) } else { Value::Unknown };
            write(state, register, value);
        }
        (false, false) if scale == 3 => {
            let value = plain(state, register);
            state.store(address, value);
        }
        (false, _) => state.forget(address, 1 << scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs words that follow each other at address 0x1000.
    fn run(code: &[u32], state: &mut State) -> Flow {
        let mut flow = Flow::Next;
        for (i, word) in code.iter().enumerate() {
            let step = Arm64::Apple.step(&word.to_le_bytes(), 0x1000 + 4 * i as u64, state);
            flow = step.expect("a word").1;
        }
        flow
    }

    fn start() -> State {
        let mut state = State::new();
        state.set(SP, Value::One(Atom::Stack(0)));
        state.set(0, Value::One(Atom::Arg(0)));
        state
    }

    /// adrp x8, 0; add x8, x8, #16; cmp x0, #0; csel x1, x8, x0, eq
    const OR_EMPTY: &[u32] = &[0x9000_0008, 0x9100_4108, 0xf100_001f, 0x9a80_0101];

    #[test]
    fn a_choice_by_null_is_open_for_an_argument_and_decided_for_a_constant() {
        let empty = Value::constant(0x1010);
        for (argument, chosen) in [
            (Value::One(Atom::Arg(0)), Value::One(Atom::Arg(0)).join(empty)),
            (Value::constant(0), empty),
            (Value::constant(0x5000), Value::constant(0x5000)),
        ] {
            let mut state = start();
            state.set(0, argument);
            run(OR_EMPTY, &mut state);
            assert_eq!(state.get(1), chosen);
        }
    }

    #[test]
    fn register_31_is_the_stack_pointer_or_nothing() {
        let mut state = start();
        // cmp x0, x8 writes the zero register.
        run(&[0xeb08_001f], &mut state);
        assert_eq!(state.get(SP), Value::One(Atom::Stack(0)));
        // sub sp, sp, #112; stp x8, x0, [sp]
        state.set(8, Value::constant(7));
        run(&[0xd101_c3ff, 0xa900_03e8], &mut state);
        assert_eq!(state.get(SP), Value::One(Atom::Stack(-112)));
        assert_eq!(Arm64::Apple.variable(&state, 2, 1), Value::One(Atom::Arg(0)));
        // and sp, x9, #-16
        run(&[0x927c_ed3f], &mut state);
        assert_eq!(state.get(SP), Value::Unknown);
    }

    #[test]
    fn a_branch_on_null_is_taken_where_that_is_known() {
        let mut state = start();
        // cbz x0, +8
        let open = run(&[0xb400_0040], &mut state);
        assert_eq!(open, Flow::Branch { target: 0x1008, taken: None });
        state.set(0, Value::constant(0));
        assert_eq!(run(&[0xb400_0040], &mut state), Flow::Branch { target: 0x1008, taken: Some(true) });
    }

    proptest::proptest! {
        #[test]
        fn no_words_panic_the_machine(words: [u32; 16]) {
            let mut state = start();
            for word in words {
                let _ = Arm64::Standard.step(&word.to_le_bytes(), 0x1000, &mut state);
            }
        }
    }
}
