//! What x86-64 instructions do to the machine: moves, addresses, the stack and tests against zero. Whatever else writes
//! makes its target unknown.

use std::cell::RefCell;

use iced_x86::{
    Code, ConditionCode, Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfo,
    InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use super::machine::{Flow, Processor, State, Value};

/// A calling convention of x86-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum X86 {
    /// Everywhere but on Windows.
    SystemV,
    /// On Windows.
    Windows,
}

// Numbers as iced counts: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 …
const RSP: usize = 4;
const RBP: usize = 5;

impl Processor for X86 {
    fn arguments(&self) -> &'static [usize] {
        match self {
            Self::SystemV => &[7, 6, 2, 1, 8, 9],
            Self::Windows => &[1, 2, 8, 9],
        }
    }

    fn stack_pointer(&self) -> usize {
        RSP
    }

    fn volatile(&self) -> &'static [usize] {
        match self {
            Self::SystemV => &[0, 1, 2, 6, 7, 8, 9, 10, 11],
            Self::Windows => &[0, 1, 2, 8, 9, 10, 11],
        }
    }

    fn variable(&self, state: &State, place: usize, _: usize) -> Value {
        self.arguments().get(place).map_or(Value::Unknown, |register| state.get(*register))
    }

    fn step(&self, bytes: &[u8], address: u64, state: &mut State) -> Option<(u64, Flow)> {
        let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
        if !decoder.can_decode() {
            return None;
        }
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            return None;
        }
        let flow = flow(&instruction, state);
        apply(&instruction, state);
        Some((instruction.len() as u64, flow))
    }
}

/// The number of a general register of 64 or 32 bits.
fn number(register: Register) -> Option<usize> {
    (register.is_gpr64() || register.is_gpr32()).then(|| register.number())
}

fn flow(instruction: &Instruction, state: &State) -> Flow {
    match instruction.flow_control() {
        FlowControl::Next => Flow::Next,
        FlowControl::UnconditionalBranch => Flow::Jump(instruction.near_branch_target()),
        FlowControl::ConditionalBranch => {
            let taken = match instruction.condition_code() {
                ConditionCode::e => state.zero,
                ConditionCode::ne => state.zero.map(|zero| !zero),
                _ => None,
            };
            Flow::Branch { target: instruction.near_branch_target(), taken }
        }
        FlowControl::Call => Flow::Call(Some(instruction.near_branch_target())),
        FlowControl::IndirectCall => Flow::Call(None),
        FlowControl::Return => Flow::End { lost: false, comes_back: true },
        FlowControl::Exception => Flow::End { lost: false, comes_back: false },
        // Through a slot of its own: into another module. Tables of jumps are loaded into a register first.
        FlowControl::IndirectBranch if instruction.is_ip_rel_memory_operand() => {
            Flow::End { lost: false, comes_back: true }
        }
        FlowControl::IndirectBranch => Flow::End { lost: true, comes_back: true },
        // Interrupts and transactions come back.
        _ => Flow::Next,
    }
}

/// The address of a memory operand, as far as it is known.
fn place(instruction: &Instruction, state: &State) -> Value {
    if instruction.is_ip_rel_memory_operand() {
        return Value::constant(instruction.ip_rel_memory_address());
    }
    if instruction.memory_index() != Register::None || instruction.segment_prefix() != Register::None {
        return Value::Unknown;
    }
    match number(instruction.memory_base()) {
        Some(base) => state.get(base).plus(instruction.memory_displacement64() as i64),
        None => Value::Unknown,
    }
}

/// What an operand holds.
fn source(instruction: &Instruction, operand: u32, state: &State) -> Value {
    match instruction.op_kind(operand) {
        OpKind::Register => {
            match (number(instruction.op_register(operand)), instruction.op_register(operand).size()) {
                (Some(register), 8) => state.get(register),
                // The upper half is dropped.
                (Some(register), _) => narrow(state.get(register)),
                _ => Value::Unknown,
            }
        }
        OpKind::Memory if instruction.memory_size().size() == 8 => state.load(place(instruction, state)),
        OpKind::Immediate32 => Value::constant(instruction.immediate32().into()),
        OpKind::Immediate64 => Value::constant(instruction.immediate64()),
        OpKind::Immediate32to64 => Value::constant(instruction.immediate32to64() as u64),
        OpKind::Immediate8to64 => Value::constant(instruction.immediate8to64() as u64),
        OpKind::Immediate8to32 => Value::constant(u64::from(instruction.immediate8to32() as u32)),
        _ => Value::Unknown,
    }
}

/// The value in 32 bits.
fn narrow(value: Value) -> Value {
    match value {
        Value::One(super::machine::Atom::Const(number)) => Value::constant(number & 0xffff_ffff),
        _ => Value::Unknown,
    }
}

/// Whether the first operand is a whole register of 64 or 32 bits: a write to it leaves nothing of what was there.
fn target(instruction: &Instruction) -> Option<usize> {
    if instruction.op0_kind() == OpKind::Register { number(instruction.op0_register()) } else { None }
}

fn apply(instruction: &Instruction, state: &mut State) {
    let old = state.clone();
    forget_written(instruction, state);
    match instruction.mnemonic() {
        Mnemonic::Mov => {
            let value = source(instruction, 1, &old);
            match target(instruction) {
                Some(register) => state.set(register, value),
                None if instruction.op0_kind() == OpKind::Memory && instruction.memory_size().size() == 8 => {
                    state.store(place(instruction, &old), value);
                }
                None => {}
            }
        }
        Mnemonic::Lea => {
            if let Some(register) = target(instruction) {
                let address = place(instruction, &old);
                if let Value::One(super::machine::Atom::Stack(place)) = address {
                    if register != RSP && register != RBP {
                        state.escape(place);
                    }
                }
                let whole = instruction.op0_register().is_gpr64();
                state.set(register, if whole { address } else { Value::Unknown });
            }
        }
        Mnemonic::Xor | Mnemonic::Sub if same_register(instruction) => {
            if let Some(register) = target(instruction) {
                state.set(register, Value::constant(0));
                state.zero = Some(true);
            }
        }
        Mnemonic::Add | Mnemonic::Sub => {
            if let (Some(register), Value::One(super::machine::Atom::Const(by))) =
                (target(instruction), source(instruction, 1, &old))
            {
                let by = if instruction.mnemonic() == Mnemonic::Add {
                    by as i64
                } else {
                    (by as i64).wrapping_neg()
                };
                if instruction.op0_register().is_gpr64() {
                    state.set(register, old.get(register).plus(by));
                }
            }
        }
        Mnemonic::Test if same_register(instruction) => {
            state.zero = source(instruction, 0, &old).is_zero();
        }
        Mnemonic::Cmp if source(instruction, 1, &old) == Value::constant(0) => {
            state.zero = source(instruction, 0, &old).is_zero();
        }
        Mnemonic::Push => {
            let top = old.get(RSP).plus(-8);
            state.set(RSP, top);
            state.store(top, source(instruction, 0, &old));
        }
        Mnemonic::Pop => {
            state.set(RSP, old.get(RSP).plus(8));
            if let Some(register) = target(instruction) {
                state.set(register, old.load(old.get(RSP)));
            }
        }
        Mnemonic::Leave => {
            state.set(RSP, old.get(RBP).plus(8));
            state.set(RBP, old.load(old.get(RBP)));
        }
        Mnemonic::Cmove | Mnemonic::Cmovne => {
            if let Some(register) = target(instruction) {
                let (kept, moved) = (old.get(register), source(instruction, 1, &old));
                let wanted = instruction.mnemonic() == Mnemonic::Cmove;
                state.set(
                    register,
                    match old.zero {
                        Some(zero) if zero == wanted => moved,
                        Some(_) => kept,
                        None => kept.join(moved),
                    },
                );
            }
        }
        // The stack is as before when the called function comes back.
        _ if matches!(instruction.flow_control(), FlowControl::Call | FlowControl::IndirectCall) => {
            state.set(RSP, old.get(RSP));
        }
        _ => {}
    }
}

/// Makes unknown what the instruction writes; the caller then puts in what it knows.
fn forget_written(instruction: &Instruction, state: &mut State) {
    if matches!(instruction.code(), Code::Nopd | Code::Nopw | Code::Nopq)
        || instruction.mnemonic() == Mnemonic::Endbr64
    {
        return;
    }
    thread_local! {
        static FACTORY: RefCell<InstructionInfoFactory> = RefCell::new(InstructionInfoFactory::new());
    }
    FACTORY.with_borrow_mut(|factory| forget_used(factory.info(instruction), state));
    if instruction.rflags_modified() != 0 {
        state.zero = None;
    }
}

fn forget_used(info: &InstructionInfo, state: &mut State) {
    let old = state.clone();
    let writes = |access| {
        matches!(
            access,
            OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite
        )
    };
    for memory in info.used_memory().iter().filter(|memory| writes(memory.access())) {
        let known = memory.index() == Register::None;
        let base = memory.base();
        let address = if base == Register::RIP || base == Register::None {
            Value::constant(memory.displacement())
        } else {
            match number(base) {
                Some(base) => old.get(base).plus(memory.displacement() as i64),
                None => Value::Unknown,
            }
        };
        let size = if known { memory.memory_size().size() as i64 } else { 0 };
        state.forget(address, size);
    }
    for register in info.used_registers().iter().filter(|register| writes(register.access())) {
        if let Some(register) = number(register.register().full_register()) {
            state.set(register, Value::Unknown);
        }
    }
}

fn same_register(instruction: &Instruction) -> bool {
    instruction.op0_kind() == OpKind::Register
        && instruction.op1_kind() == OpKind::Register
        && instruction.op0_register() == instruction.op1_register()
}

#[cfg(test)]
mod tests {
    use super::super::machine::Atom;
    use super::*;

    /// Runs instructions that follow each other at address 0.
    fn run(code: &[u8], state: &mut State) -> Flow {
        let (mut at, mut flow) = (0, Flow::Next);
        while at < code.len() {
            let (length, next) = X86::SystemV.step(&code[at..], at as u64, state).expect("instructions");
            at += usize::try_from(length).expect("a few bytes");
            flow = next;
        }
        flow
    }

    fn start() -> State {
        let mut state = State::new();
        state.set(RSP, Value::One(Atom::Stack(0)));
        state.set(7, Value::One(Atom::Arg(0)));
        state
    }

    /// mov rbx, rdi; test rbx, rbx; lea rax, [rip + 0x10]; cmove rbx, rax
    const OR_EMPTY: &[u8] =
        &[0x48, 0x89, 0xfb, 0x48, 0x85, 0xdb, 0x48, 0x8d, 0x05, 0x10, 0, 0, 0, 0x48, 0x0f, 0x44, 0xd8];

    #[test]
    fn a_choice_by_null_is_open_for_an_argument_and_decided_for_a_constant() {
        let empty = Value::constant(0x1d);
        for (argument, chosen) in [
            (Value::One(Atom::Arg(0)), Value::One(Atom::Arg(0)).join(empty)),
            (Value::constant(0), empty),
            (Value::constant(0x5000), Value::constant(0x5000)),
        ] {
            let mut state = start();
            state.set(7, argument);
            run(OR_EMPTY, &mut state);
            assert_eq!(state.get(3), chosen);
        }
    }

    #[test]
    fn an_argument_survives_on_the_stack() {
        let mut state = start();
        // push rbp; mov rbp, rsp; sub rsp, 32; mov [rbp - 24], rdi; mov rdx, [rbp - 24]; mov eax, [rbp - 24]
        let code = [
            0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20, 0x48, 0x89, 0x7d, 0xe8, 0x48, 0x8b, 0x55, 0xe8,
            0x8b, 0x45, 0xe8,
        ];
        run(&code, &mut state);
        assert_eq!(state.get(2), Value::One(Atom::Arg(0)));
        assert_eq!(state.get(RSP), Value::One(Atom::Stack(-40)));
        // Half a pointer is none.
        assert_eq!(state.get(0), Value::Unknown);
    }

    #[test]
    fn whatever_is_not_known_makes_its_target_unknown() {
        let mut state = start();
        state.set(0, Value::constant(1));
        state.set(2, Value::constant(2));
        // imul rax, rdx
        run(&[0x48, 0x0f, 0xaf, 0xc2], &mut state);
        assert_eq!((state.get(0), state.get(2)), (Value::Unknown, Value::constant(2)));
    }

    #[test]
    fn a_jump_by_table_is_lost_and_one_through_a_slot_leaves() {
        assert_eq!(run(&[0xff, 0xe0], &mut start()), Flow::End { lost: true, comes_back: true });
        assert_eq!(run(&[0xff, 0x25, 0, 0, 0, 0], &mut start()), Flow::End { lost: false, comes_back: true });
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_machine(code: [u8; 64]) {
            let mut state = start();
            let mut at = 0;
            while let Some((length, _)) = X86::Windows.step(&code[at..], at as u64, &mut state) {
                at += usize::try_from(length).expect("a few bytes");
            }
        }
    }
}
