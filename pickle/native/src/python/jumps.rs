//! Which operations of a code object run for certain: none before them jumps over them, and no exception is caught around them.

use core::ops::Range;

use super::builtin::interned;
use super::modules::import;
use super::object::Object;
use super::raised::Result;
use crate::room::Room as _;

/// How an operation says where to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jump {
    /// So much further down.
    By,
    /// At a place.
    To,
}

/// The operations of this Python that may go on further down, by number.
pub(crate) fn jumps() -> Result<[Option<Jump>; 256]> {
    let opcode = import(c"opcode")?;
    let mut found = [None; 256];
    for (name, jump) in [("hasjrel", Jump::By), ("hasjabs", Jump::To)] {
        let Some(numbers) = opcode.find(&*interned(name)?)? else { continue };
        let names = opcode.get(&*interned("opname")?)?;
        for at in 0..numbers.list_len() {
            let Ok(operation) = u8::try_from(numbers.list_item(at)?.int()?) else { continue };
            if !names.list_item(usize::from(operation))?.utf8()?.contains("BACKWARD") {
                found[usize::from(operation)] = Some(jump);
            }
        }
    }
    Ok(found)
}

/// What is known of one code object, read from its start.
#[derive(Default)]
pub(crate) struct Certainty {
    /// Up to here, what stands may have been jumped over.
    uncertain: usize,
    /// The ranges of operations whose exceptions are caught.
    caught: Option<Vec<Range<usize>>>,
}

impl Certainty {
    /// Takes notice of a jump.
    pub(crate) fn jump(&mut self, jump: Jump, bytes: &[u8], at: usize, argument: usize) {
        let to = match jump {
            Jump::By => further(bytes, at, argument),
            Jump::To => operations(argument),
        };
        self.uncertain = self.uncertain.max(to);
    }

    /// Tells whether the operation there runs before what comes after it.
    pub(crate) fn at(&mut self, code: &Object, at: usize) -> Result<bool> {
        if at < self.uncertain {
            return Ok(false);
        }
        let caught = match &self.caught {
            Some(caught) => caught,
            None => self.caught.insert(caught_ranges(code)?),
        };
        Ok(!caught.iter().any(|range| range.contains(&at)))
    }
}

/// A jump's argument in operations: before 3.10 it is counted in bytes.
fn operations(argument: usize) -> usize {
    if cfg!(Py_3_10) { argument } else { argument / 2 }
}

/// Where a jump goes that says how far.
fn further(bytes: &[u8], at: usize, argument: usize) -> usize {
    // From 3.11 operations have places behind them for what is found out while they run; those are zero here.
    let caches = if cfg!(Py_3_11) {
        bytes.chunks_exact(2).skip(at + 1).take_while(|pair| pair[0] == 0).count()
    } else {
        0
    };
    at + 1 + caches + operations(argument)
}

/// The ranges of operations whose exceptions are caught, from 3.11; before, operations say it and are jumps.
fn caught_ranges(code: &Object) -> Result<Vec<Range<usize>>> {
    let mut ranges = Vec::new();
    if !cfg!(Py_3_11) {
        return Ok(ranges);
    }
    let table = code.get(&*interned("co_exceptiontable")?)?;
    // Four numbers for each range, six bits to a byte; bit 6 says that one goes on.
    let mut numbers = Vec::new();
    let mut number = 0usize;
    for byte in table.bytes()? {
        number = number << 6 | usize::from(byte & 0x3f);
        if byte & 0x40 == 0 {
            numbers.room()?.push(number);
            number = 0;
        }
    }
    for entry in numbers.chunks_exact(4) {
        ranges.room()?.push(entry[0]..entry[0].saturating_add(entry[1]));
    }
    Ok(ranges)
}
