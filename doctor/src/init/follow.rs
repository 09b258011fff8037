//! Takes every way through an entry point as its first import would, and gathers what it hands over at the end of each.

use std::collections::BTreeSet;

use iced_x86::{Decoder, DecoderOptions};

use crate::binary::Image;
use crate::domain::Functions;

use super::state::{IMPORTS, Memory, STACK, State};
use super::x86::{Goes, step};

/// Instructions that are followed in all, before it is too much.
const MOST_STEPS: usize = 100_000;
/// Ways that are open at one time.
const MOST_WAYS: usize = 256;
/// How often one way takes a branch that can't be decided.
const MOST_UNDECIDED: u8 = 3;
/// How deep calls within the file are followed, and how long such a function may be.
const MOST_DEPTH: usize = 5;
const LONGEST_CALLED: u64 = 1 << 10;
/// How many functions are left out because they can't be followed.
const MOST_OPAQUE: usize = 16;
/// Where a module object is said to be.
const MODULE: u64 = 0x7d00_0000_0000;
/// Where memory is said to be that was asked for, and how much of it each time.
const HEAP: u64 = 0x7c00_0000_0000;
const ALLOCATED: u64 = 1 << 16;
/// How much others may write behind a pointer that they are given.
const GIVEN: usize = 256;

/// The registers of arguments, and those that a call may change.
const ARGUMENTS: [usize; 6] = [7, 6, 2, 1, 8, 9];
const VOLATILE: [usize; 9] = [0, 1, 2, 6, 7, 8, 9, 10, 11];

/// What one way ends with.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// `PyModuleDef_Init` was called with the definition at this address; memory as it is then.
    Definition(u64, Box<State>),
    /// A module that was made in one step is returned; what it told of the GIL.
    Module(Option<u64>),
}

/// What all ways together end with.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    pub(super) ends: Vec<End>,
    /// Whether some way couldn't be followed to its end.
    pub(super) lost: bool,
    /// The function that was called there, where it isn't the entry point.
    pub(super) lost_in: Option<u64>,
    /// The functions whose instructions were followed: where each begins.
    pub(super) followed: BTreeSet<u64>,
}

impl Ends {
    fn lose(&mut self, state: &State) {
        self.lost = true;
        self.lost_in = state.returns.last().map(|(_, function)| *function);
    }
}

/// Follows an entry point. A function of the file that can't be followed is taken as one that may do anything, like another
/// module's.
pub(super) fn follow(image: &Image<'_>, memory: &Memory<'_, '_>, functions: &Functions, entry: u64) -> Ends {
    let mut opaque = BTreeSet::new();
    loop {
        let ends = follow_past(image, memory, functions, entry, &opaque);
        match ends.lost_in {
            Some(function) if ends.lost && opaque.len() < MOST_OPAQUE && opaque.insert(function) => {}
            _ => return ends,
        }
    }
}

fn follow_past(
    image: &Image<'_>,
    memory: &Memory<'_, '_>,
    functions: &Functions,
    entry: u64,
    opaque: &BTreeSet<u64>,
) -> Ends {
    let mut ends = Ends::default();
    let mut work = vec![(entry, State::new())];
    let mut steps = 0;
    if let Some(begin) = functions.begin_of(entry) {
        ends.followed.insert(begin);
    }
    while let Some((mut address, mut state)) = work.pop() {
        if ends.lost_in.is_some() {
            break;
        }
        loop {
            steps += 1;
            if steps > MOST_STEPS || work.len() > MOST_WAYS {
                ends.lose(&state);
                return ends;
            }
            let Some(bytes) = image.at(address) else {
                ends.lose(&state);
                break;
            };
            let mut decoder =
                Decoder::with_ip(64, &bytes[..bytes.len().min(15)], address, DecoderOptions::NONE);
            let instruction = decoder.decode();
            if instruction.is_invalid() {
                ends.lose(&state);
                break;
            }
            let next = instruction.next_ip();
            match step(&instruction, memory, &mut state) {
                Goes::On => address = next,
                Goes::To(target) => match jump(memory, &mut state, target, &mut ends) {
                    Some(target) => address = target,
                    None => break,
                },
                Goes::Either(target) => {
                    let often = state.undecided.entry(address).or_default();
                    *often += 1;
                    if *often > MOST_UNDECIDED {
                        ends.lose(&state);
                        break;
                    }
                    work.push((target, state.clone()));
                    address = next;
                }
                Goes::Calls(target) => {
                    let target = target.map(|target| through_stub(image, memory, &state, target));
                    match target.and_then(|target| memory.imported(target)) {
                        Some(name) => {
                            if outside(name, memory, &mut state, &mut ends) {
                                break;
                            }
                            address = next;
                        }
                        None => {
                            let inside = target.filter(|target| {
                                state.returns.len() < MOST_DEPTH
                                    && !opaque.contains(target)
                                    && functions
                                        .length_of(*target)
                                        .is_some_and(|length| length <= LONGEST_CALLED)
                            });
                            match inside {
                                Some(target) => {
                                    ends.followed.insert(target);
                                    call(&mut state, next, target);
                                    address = target;
                                }
                                None => {
                                    forget(&mut state);
                                    address = next;
                                }
                            }
                        }
                    }
                }
                Goes::Returns => match back(&mut state, &mut ends) {
                    Some(target) => address = target,
                    None => break,
                },
                Goes::Anywhere => {
                    ends.lose(&state);
                    break;
                }
                Goes::Ends => break,
            }
        }
    }
    ends
}

/// Where a jump goes: within the code, or into another module's function, after which the caller goes on.
fn jump(memory: &Memory<'_, '_>, state: &mut State, target: u64, ends: &mut Ends) -> Option<u64> {
    match memory.imported(target) {
        Some(name) => {
            if outside(name, memory, state, ends) {
                return None;
            }
            back(state, ends)
        }
        None if target >= IMPORTS => {
            ends.lose(state);
            None
        }
        None => Some(target),
    }
}

/// A stub does nothing but jump through a slot.
fn through_stub(image: &Image<'_>, memory: &Memory<'_, '_>, state: &State, target: u64) -> u64 {
    let Some(bytes) = image.at(target) else { return target };
    let mut decoder = Decoder::with_ip(64, &bytes[..bytes.len().min(24)], target, DecoderOptions::NONE);
    for _ in 0..2 {
        let instruction = decoder.decode();
        if instruction.mnemonic() == iced_x86::Mnemonic::Endbr64 {
            continue;
        }
        if instruction.mnemonic() == iced_x86::Mnemonic::Jmp && instruction.is_ip_rel_memory_operand() {
            return state.load(memory, instruction.ip_rel_memory_address(), 8).unwrap_or(target);
        }
        break;
    }
    target
}

fn call(state: &mut State, next: u64, function: u64) {
    if let Some(top) = state.registers[4] {
        state.registers[4] = Some(top.wrapping_sub(8));
        state.store(top.wrapping_sub(8), 8, Some(next));
    }
    state.returns.push((next, function));
}

/// Goes back to the caller; at the end of the entry point, keeps what it returns.
fn back(state: &mut State, ends: &mut Ends) -> Option<u64> {
    if let Some((target, _)) = state.returns.pop() {
        state.registers[4] = state.registers[4].map(|top| top.wrapping_add(8));
        return Some(target);
    }
    match state.registers[0] {
        Some(0) => {}
        _ if state.created => ends.ends.push(End::Module(state.gil)),
        // It returns what an unknown function made.
        _ => ends.lose(state),
    }
    None
}

/// Calls another module's function; whether the way ends there.
fn outside(name: &str, memory: &Memory<'_, '_>, state: &mut State, ends: &mut Ends) -> bool {
    match name {
        "PyModuleDef_Init" => {
            match state.registers[7] {
                Some(definition) => ends.ends.push(End::Definition(definition, Box::new(state.clone()))),
                None => ends.lose(state),
            }
            return true;
        }
        "PyModule_Create2" | "PyModule_FromDefAndSpec2" => {
            forget(state);
            state.created = true;
            state.registers[0] = Some(MODULE);
            return false;
        }
        "PyUnstable_Module_SetGIL" => {
            if state.registers[6].is_none() {
                ends.lose(state);
            }
            state.gil = state.registers[6];
            forget(state);
            state.registers[0] = Some(0);
            return false;
        }
        "__cxa_guard_acquire" => {
            keep_memory(state);
            // The first import comes first.
            state.registers[0] = Some(1);
            return false;
        }
        "__cxa_throw"
        | "__cxa_rethrow"
        | "_Unwind_Resume"
        | "__stack_chk_fail"
        | "abort"
        | "exit"
        | "_ZSt9terminatev"
        | "Py_FatalError"
        | "_Py_FatalErrorFunc"
        | "__cxa_call_terminate" => return true,
        "malloc" | "calloc" | "PyMem_Malloc" | "PyMem_Calloc" | "PyObject_Malloc" | "PyMem_RawMalloc"
        | "_Znwm" => {
            keep_memory(state);
            state.allocated += 1;
            state.registers[0] = Some(HEAP + u64::from(state.allocated) * ALLOCATED);
            return false;
        }
        "memcpy" | "memmove" => {
            let (to, from, count) = (state.registers[7], state.registers[6], state.registers[2]);
            if let (Some(to), Some(from), Some(count @ 0..=4096)) = (to, from, count) {
                let bytes: Vec<_> =
                    (0..count).map(|at| state.load(memory, from.wrapping_add(at), 1)).collect();
                for (at, byte) in (0..).zip(bytes) {
                    state.store(to.wrapping_add(at), 1, byte);
                }
                keep_memory(state);
            } else {
                forget(state);
            }
            state.registers[0] = to;
            return false;
        }
        "memset" => {
            let (to, value, count) = (state.registers[7], state.registers[6], state.registers[2]);
            forget(state);
            if let (Some(to), Some(value), Some(count @ 0..=4096)) = (to, value, count) {
                for at in 0..count {
                    state.store(to.wrapping_add(at), 1, Some(value & 0xff));
                }
            }
            state.registers[0] = to;
            return false;
        }
        _ => {}
    }
    // What these write is their own.
    if name.starts_with("__cxa_") || name.starts_with("pthread_") || name == "__tls_get_addr" {
        keep_memory(state);
    } else {
        forget(state);
    }
    false
}

/// What a function that isn't followed may have changed: the registers that aren't kept, and what it was given pointers to.
fn forget(state: &mut State) {
    for register in ARGUMENTS {
        if let Some(given) = state.registers[register] {
            if given > 1 << 12 && given < MODULE || given.abs_diff(STACK) < 1 << 20 {
                state.spoil(given, GIVEN);
            }
        }
    }
    keep_memory(state);
}

/// A call that writes nothing that counts here: only the registers that aren't kept may have changed.
fn keep_memory(state: &mut State) {
    for register in VOLATILE {
        state.registers[register] = None;
    }
    state.vectors = [[None; 2]; 16];
    state.compared = None;
}
