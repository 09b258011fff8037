//! What x86-64 instructions do to a [`State`]: moves, addresses, sums and comparisons. What else is written is unknown from
//! then on.

use iced_x86::{
    ConditionCode, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use super::state::{Compared, Known, Memory, State};

/// Where control goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    On,
    To(u64),
    /// To an address that isn't known.
    Anywhere,
    /// There or on, and it isn't known which.
    Either(u64),
    /// Into a function, and back.
    Calls(Known),
    Returns,
    /// Nowhere.
    Ends,
}

const RSP: usize = 4;

/// Does what an instruction does.
pub(super) fn step(instruction: &Instruction, memory: &Memory<'_, '_>, state: &mut State) -> Goes {
    let it = Step { instruction, memory };
    match instruction.flow_control() {
        FlowControl::UnconditionalBranch => return Goes::To(instruction.near_branch_target()),
        FlowControl::IndirectBranch => return it.source(0, state).map_or(Goes::Anywhere, Goes::To),
        FlowControl::ConditionalBranch => {
            return match it.holds(state) {
                Some(true) => Goes::To(instruction.near_branch_target()),
                Some(false) => Goes::On,
                None => Goes::Either(instruction.near_branch_target()),
            };
        }
        FlowControl::Call => return Goes::Calls(Some(instruction.near_branch_target())),
        FlowControl::IndirectCall => return Goes::Calls(it.source(0, state)),
        FlowControl::Return => return Goes::Returns,
        FlowControl::Exception => return Goes::Ends,
        _ => {}
    }
    it.apply(state);
    Goes::On
}

struct Step<'s, 'i, 'a> {
    instruction: &'s Instruction,
    memory: &'s Memory<'i, 'a>,
}

/// The number of a general register.
fn general(register: Register) -> Option<usize> {
    register.is_gpr().then(|| register.full_register().number())
}

/// The number of a vector register of 128 bits.
fn vector(register: Register) -> Option<usize> {
    (register.is_xmm() && register.number() < 16).then(|| register.number())
}

fn cut(value: u64, size: usize) -> u64 {
    if size >= 8 { value } else { value & ((1 << (8 * size)) - 1) }
}

fn extend(value: u64, size: usize) -> u64 {
    match size {
        1 => value as u8 as i8 as i64 as u64,
        2 => value as u16 as i16 as i64 as u64,
        4 => value as u32 as i32 as i64 as u64,
        _ => value,
    }
}

impl Step<'_, '_, '_> {
    /// How wide an operand is.
    fn size(&self, operand: u32) -> usize {
        match self.instruction.op_kind(operand) {
            OpKind::Register => self.instruction.op_register(operand).size(),
            OpKind::Memory => self.instruction.memory_size().size(),
            _ => 8,
        }
    }

    /// The address of the memory operand.
    fn address(&self, state: &State) -> Known {
        let it = self.instruction;
        if it.is_ip_rel_memory_operand() {
            return Some(it.ip_rel_memory_address());
        }
        if !matches!(it.segment_prefix(), Register::None | Register::DS | Register::SS) {
            return None;
        }
        let mut address = it.memory_displacement64();
        for (register, scale) in [(it.memory_base(), 1), (it.memory_index(), it.memory_index_scale())] {
            if register != Register::None {
                address =
                    address.wrapping_add(state.registers[general(register)?]?.wrapping_mul(scale.into()));
            }
        }
        Some(address)
    }

    fn source(&self, operand: u32, state: &State) -> Known {
        let it = self.instruction;
        match it.op_kind(operand) {
            OpKind::Register => {
                let register = it.op_register(operand);
                let high = matches!(register, Register::AH | Register::BH | Register::CH | Register::DH);
                match (general(register), vector(register)) {
                    (Some(_), _) if high => None,
                    (Some(number), _) => state.registers[number].map(|value| cut(value, register.size())),
                    (None, Some(number)) => state.vectors[number][0],
                    _ => None,
                }
            }
            OpKind::Memory => {
                let size = self.size(operand);
                (size <= 8).then(|| state.load(self.memory, self.address(state)?, size))?
            }
            OpKind::Immediate8
            | OpKind::Immediate16
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to16
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64 => Some(it.immediate(operand)),
            _ => None,
        }
    }

    /// Writes the first operand.
    fn put(&self, state: &mut State, value: Known) {
        let it = self.instruction;
        match it.op0_kind() {
            OpKind::Register => {
                let register = it.op0_register();
                let Some(number) = general(register) else { return };
                let before = state.registers[number];
                let high = matches!(register, Register::AH | Register::BH | Register::CH | Register::DH);
                state.registers[number] = match register.size() {
                    8 => value,
                    4 => value.map(|value| cut(value, 4)),
                    _ if high => None,
                    // The rest of the register stays.
                    size => match (before, value) {
                        (Some(before), Some(value)) => Some(before - cut(before, size) + cut(value, size)),
                        _ => None,
                    },
                };
            }
            OpKind::Memory => {
                if let Some(address) = self.address(state) {
                    state.store(address, self.size(0), value);
                }
            }
            _ => {}
        }
    }

    /// Both halves of an operand of 128 bits; of a narrower one the upper half is zero.
    fn halves(&self, operand: u32, state: &State) -> [Known; 2] {
        match self.instruction.op_kind(operand) {
            OpKind::Register => match vector(self.instruction.op_register(operand)) {
                Some(number) => state.vectors[number],
                None => [self.source(operand, state), Some(0)],
            },
            OpKind::Memory => {
                let size = self.size(operand);
                let Some(address) = self.address(state) else { return [None; 2] };
                match size {
                    16 => [
                        state.load(self.memory, address, 8),
                        state.load(self.memory, address.wrapping_add(8), 8),
                    ],
                    1..=8 => [state.load(self.memory, address, size), Some(0)],
                    _ => [None; 2],
                }
            }
            _ => [None; 2],
        }
    }

    fn put_halves(&self, state: &mut State, halves: [Known; 2]) {
        match self.instruction.op0_kind() {
            OpKind::Register => {
                if let Some(number) = vector(self.instruction.op0_register()) {
                    state.vectors[number] = halves;
                } else {
                    self.put(state, halves[0]);
                }
            }
            OpKind::Memory => {
                let Some(address) = self.address(state) else { return };
                match self.size(0) {
                    16 => {
                        state.store(address, 8, halves[0]);
                        state.store(address.wrapping_add(8), 8, halves[1]);
                    }
                    size @ 1..=8 => state.store(address, size, halves[0]),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Whether the instruction's condition holds.
    fn holds(&self, state: &State) -> Option<bool> {
        let Compared { a, b, size, of_sum } = state.compared?;
        use ConditionCode as C;
        if of_sum && !matches!(self.instruction.condition_code(), C::e | C::ne | C::s | C::ns) {
            return None;
        }
        let (low_a, low_b) = (cut(a, size), cut(b, size));
        let (signed_a, signed_b) = (extend(a, size) as i64, extend(b, size) as i64);
        Some(match self.instruction.condition_code() {
            ConditionCode::e => low_a == low_b,
            ConditionCode::ne => low_a != low_b,
            ConditionCode::b => low_a < low_b,
            ConditionCode::ae => low_a >= low_b,
            ConditionCode::be => low_a <= low_b,
            ConditionCode::a => low_a > low_b,
            ConditionCode::l => signed_a < signed_b,
            ConditionCode::ge => signed_a >= signed_b,
            ConditionCode::le => signed_a <= signed_b,
            ConditionCode::g => signed_a > signed_b,
            ConditionCode::s if b == 0 => signed_a < 0,
            ConditionCode::ns if b == 0 => signed_a >= 0,
            _ => return None,
        })
    }

    fn same_register(&self, a: u32, b: u32) -> bool {
        let it = self.instruction;
        it.op_kind(a) == OpKind::Register
            && it.op_kind(b) == OpKind::Register
            && it.op_register(a) == it.op_register(b)
    }

    fn apply(&self, state: &mut State) {
        use Mnemonic as M;
        let it = self.instruction;
        let two = |state: &State| Some((self.source(0, state)?, self.source(1, state)?));
        // What a sum leaves is compared with zero by the conditions that ask for equality; others aren't followed.
        let result = |state: &mut State, value: Known| {
            self.put(state, value);
            state.compared = value.map(|a| Compared { a, b: 0, size: self.size(0), of_sum: true });
        };
        match it.mnemonic() {
            M::Nop | M::Endbr64 | M::Endbr32 | M::Pause | M::Prefetcht0 | M::Vzeroupper => {}
            M::Mov => self.put(state, self.source(1, state)),
            M::Movzx => self.put(state, self.source(1, state)),
            M::Movsx | M::Movsxd => {
                let value = self.source(1, state).map(|value| extend(value, self.size(1)));
                self.put(state, value);
            }
            M::Cdqe => state.registers[0] = state.registers[0].map(|value| extend(value, 4)),
            M::Lea => self.put(state, self.address(state)),
            M::Push => {
                let value = self.source(0, state);
                if let Some(top) = state.registers[RSP] {
                    state.registers[RSP] = Some(top.wrapping_sub(8));
                    state.store(top.wrapping_sub(8), 8, value);
                }
            }
            M::Pop => {
                let top = state.registers[RSP];
                let value = top.and_then(|top| state.load(self.memory, top, 8));
                state.registers[RSP] = top.map(|top| top.wrapping_add(8));
                self.put(state, value);
            }
            M::Leave => {
                let frame = state.registers[5];
                state.registers[5] = frame.and_then(|frame| state.load(self.memory, frame, 8));
                state.registers[RSP] = frame.map(|frame| frame.wrapping_add(8));
            }
            M::Xor | M::Sub if self.same_register(0, 1) => {
                self.put(state, Some(0));
                state.compared = Some(Compared { a: 0, b: 0, size: 8, of_sum: false });
            }
            M::Sub => {
                let both = two(state);
                let size = self.size(0);
                self.put(state, both.map(|(a, b)| a.wrapping_sub(b)));
                state.compared = both.map(|(a, b)| Compared { a, b, size, of_sum: false });
            }
            M::Add => {
                let value = two(state).map(|(a, b)| a.wrapping_add(b));
                result(state, value);
            }
            M::And => {
                let value = match (self.source(0, state), self.source(1, state)) {
                    (Some(a), Some(b)) => Some(a & b),
                    (_, Some(0)) | (Some(0), _) => Some(0),
                    _ => None,
                };
                result(state, value);
            }
            M::Or => {
                let value = two(state).map(|(a, b)| a | b);
                result(state, value);
            }
            M::Xor => {
                let value = two(state).map(|(a, b)| a ^ b);
                result(state, value);
            }
            M::Shl | M::Shr => {
                let left = it.mnemonic() == M::Shl;
                let value = two(state).map(|(a, b)| {
                    let by = (b & 63) as u32;
                    if left { a.wrapping_shl(by) } else { cut(a, self.size(0)).wrapping_shr(by) }
                });
                result(state, value);
            }
            M::Inc | M::Dec => {
                let by = if it.mnemonic() == M::Inc { 1 } else { u64::MAX };
                let value = self.source(0, state).map(|value| value.wrapping_add(by));
                result(state, value);
            }
            M::Cmp => {
                let size = self.size(0);
                state.compared = two(state).map(|(a, b)| Compared { a, b, size, of_sum: false });
            }
            M::Test => {
                let size = self.size(0);
                state.compared = two(state).map(|(a, b)| Compared { a: a & b, b: 0, size, of_sum: false });
            }
            M::Cmove | M::Cmovne | M::Cmova | M::Cmovae | M::Cmovb | M::Cmovbe | M::Cmovs | M::Cmovns => {
                let value = match self.holds(state) {
                    Some(true) => self.source(1, state),
                    Some(false) => self.source(0, state),
                    None => {
                        let (kept, moved) = (self.source(0, state), self.source(1, state));
                        kept.filter(|_| kept == moved)
                    }
                };
                self.put(state, value);
            }
            M::Sete | M::Setne => {
                let value = self.holds(state).map(u64::from);
                self.put(state, value);
            }
            M::Movaps
            | M::Movups
            | M::Movdqa
            | M::Movdqu
            | M::Movapd
            | M::Movupd
            | M::Vmovaps
            | M::Vmovups
            | M::Vmovdqa
            | M::Vmovdqu
            | M::Vmovapd
            | M::Vmovupd
                if self.size(0) <= 16 && self.size(1) <= 16 =>
            {
                self.put_halves(state, self.halves(1, state));
            }
            M::Movq | M::Movd | M::Vmovq | M::Vmovd | M::Movlps | M::Movlpd if it.op_count() == 2 => {
                let low = self.halves(1, state)[0];
                let size = self.size(1).min(self.size(0)).min(8);
                let keeps =
                    matches!(it.mnemonic(), M::Movlps | M::Movlpd) && it.op0_kind() == OpKind::Register;
                let high = if keeps { self.halves(0, state)[1] } else { Some(0) };
                self.put_halves(state, [low.map(|low| cut(low, size)), high]);
            }
            M::Movhps | M::Movhpd if it.op_count() == 2 => {
                if it.op0_kind() == OpKind::Register {
                    let [low, _] = self.halves(0, state);
                    let high = self.source(1, state);
                    self.put_halves(state, [low, high]);
                } else if let Some(address) = self.address(state) {
                    let high = self.halves(1, state)[1];
                    state.store(address, 8, high);
                }
            }
            M::Punpcklqdq | M::Unpcklpd | M::Movlhps if it.op_count() == 2 => {
                let halves = [self.halves(0, state)[0], self.halves(1, state)[0]];
                self.put_halves(state, halves);
            }
            M::Vpunpcklqdq | M::Vunpcklpd if it.op_count() == 3 && self.size(0) == 16 => {
                let halves = [self.halves(1, state)[0], self.halves(2, state)[0]];
                self.put_halves(state, halves);
            }
            M::Pinsrq if it.op_count() == 3 => {
                let mut halves = self.halves(0, state);
                halves[usize::from(it.immediate8() & 1)] = self.source(1, state);
                self.put_halves(state, halves);
            }
            M::Vpinsrq if it.op_count() == 4 => {
                let mut halves = self.halves(1, state);
                halves[usize::from(it.immediate8() & 1)] = self.source(2, state);
                self.put_halves(state, halves);
            }
            M::Pxor | M::Xorps | M::Xorpd if self.same_register(0, 1) => {
                self.put_halves(state, [Some(0); 2]);
            }
            M::Vpxor | M::Vxorps | M::Vxorpd if self.same_register(1, 2) && self.size(0) == 16 => {
                self.put_halves(state, [Some(0); 2]);
            }
            M::Stosq | M::Stosd if it.has_rep_prefix() => self.fill(state),
            _ => self.forget(state),
        }
    }

    /// `rep stos`: one value, many times.
    fn fill(&self, state: &mut State) {
        let size = if self.instruction.mnemonic() == Mnemonic::Stosq { 8 } else { 4 };
        let (count, start, value) = (state.registers[1], state.registers[7], state.registers[0]);
        if let (Some(count @ 0..=512), Some(start)) = (count, start) {
            for index in 0..count {
                state.store(start.wrapping_add(index * size), size as usize, value);
            }
            state.registers[7] = Some(start.wrapping_add(count * size));
        } else {
            state.registers[7] = None;
        }
        state.registers[1] = Some(0);
    }

    /// Makes unknown what the instruction writes.
    fn forget(&self, state: &mut State) {
        let before = state.clone();
        let mut factory = InstructionInfoFactory::new();
        let info = factory.info(self.instruction);
        let writes = |access| {
            matches!(
                access,
                OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite
            )
        };
        for memory in info.used_memory().iter().filter(|memory| writes(memory.access())) {
            let plain =
                matches!(memory.segment(), Register::None | Register::DS | Register::SS | Register::ES);
            let value = |register: Register| match register {
                Register::None | Register::RIP => Some(0),
                register => before.registers[general(register)?],
            };
            let base = value(memory.base());
            let index = value(memory.index()).map(|value| value.wrapping_mul(memory.scale().into()));
            if let (true, Some(base), Some(index)) = (plain, base, index) {
                let address = base.wrapping_add(index).wrapping_add(memory.displacement());
                let size = memory.memory_size().size();
                state.store(address, if size == 0 { 64 } else { size.min(64) }, None);
            }
        }
        for register in info.used_registers().iter().filter(|register| writes(register.access())) {
            let register = register.register();
            if let Some(number) = general(register) {
                state.registers[number] = None;
            } else if register.is_vector_register() && register.number() < 16 {
                state.vectors[register.number()] = [None; 2];
            }
        }
        if self.instruction.rflags_modified() != 0 {
            state.compared = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use iced_x86::{Decoder, DecoderOptions};

    use super::*;
    use crate::binary::Image;
    use crate::facts::{Arch, Format};

    /// Runs instructions that follow each other at address 0; where the last one goes.
    fn run(code: &[u8], state: &mut State) -> Goes {
        let arch = Arch { name: "x86_64".to_owned(), bits: 64, little_endian: true };
        let image = Image::new(&[], Format::Elf, arch);
        let memory = Memory::new(&image);
        let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
        let mut goes = Goes::On;
        while decoder.can_decode() {
            goes = step(&decoder.decode(), &memory, state);
        }
        goes
    }

    fn load(state: &State, address: u64, size: usize) -> Known {
        let arch = Arch { name: "x86_64".to_owned(), bits: 64, little_endian: true };
        let image = Image::new(&[], Format::Elf, arch);
        state.load(&Memory::new(&image), address, size)
    }

    #[test]
    fn what_is_written_as_a_slot_can_be_read() {
        let mut state = State::new();
        // mov dword [rip + …], 3; mov qword [rip + …], 1; pxor xmm0, xmm0; movups [rip + …], xmm0
        let code = [
            0xc7, 0x05, 0xf6, 0, 0, 0, 3, 0, 0, 0, 0x48, 0xc7, 0x05, 0xf3, 0, 0, 0, 1, 0, 0, 0, 0x66, 0x0f,
            0xef, 0xc0, 0x0f, 0x11, 0x05, 0xf0, 0, 0, 0,
        ];
        run(&code, &mut state);
        assert_eq!((load(&state, 0x100, 4), load(&state, 0x108, 8)), (Some(3), Some(1)));
        assert_eq!((load(&state, 0x110, 8), load(&state, 0x118, 8)), (Some(0), Some(0)));
        // What was never written, and isn't in the file, isn't known; nor what others were given.
        assert_eq!(load(&state, 0x120, 8), None);
        state.spoil(0x100, 16);
        assert_eq!(load(&state, 0x100, 4), None);
    }

    #[test]
    fn a_condition_is_decided_by_what_is_known_alone() {
        // cmp rax, 5; jb …
        let code = [0x48, 0x83, 0xf8, 5, 0x72, 0x10];
        let mut state = State::new();
        assert_eq!(run(&code, &mut state), Goes::Either(0x16));
        state.registers[0] = Some(4);
        assert_eq!(run(&code, &mut state), Goes::To(0x16));
        state.registers[0] = Some(5);
        assert_eq!(run(&code, &mut state), Goes::On);
        // A sum leaves a carry that isn't kept: add rax, 1; jb …
        state.registers[0] = Some(u64::MAX);
        assert_eq!(run(&[0x48, 0x83, 0xc0, 1, 0x72, 0x10], &mut state), Goes::Either(0x16));
    }

    #[test]
    fn a_part_of_a_register_leaves_the_rest() {
        let mut state = State::new();
        state.registers[0] = Some(0x1122_3344_5566_7788);
        // mov al, 1
        run(&[0xb0, 1], &mut state);
        assert_eq!(state.registers[0], Some(0x1122_3344_5566_7701));
        // mov eax, 2
        run(&[0xb8, 2, 0, 0, 0], &mut state);
        assert_eq!(state.registers[0], Some(2));
        // cpuid, which isn't known
        run(&[0x0f, 0xa2], &mut state);
        assert_eq!(state.registers[0], None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_machine(code: [u8; 64], rax: u64, rdi: u64) {
            let mut state = State::new();
            (state.registers[0], state.registers[7]) = (Some(rax), Some(rdi));
            run(&code, &mut state);
        }
    }
}
