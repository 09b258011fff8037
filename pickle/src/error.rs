//! What is wrong with a stream, and where.

use core::fmt;

use crate::opcodes::Opcode;

/// Why a stream can't be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The stream ends before STOP.
    NoStop,
    /// The byte is no opcode of protocols 0 to 5.
    Unknown(u8),
    /// So many bytes are needed behind the opcode, and only so many are there.
    Truncated {
        /// How many the opcode needs.
        needed: u64,
        /// How many there are.
        there: usize,
    },
    /// The opcode's line has no end.
    NoLineBreak,
    /// The opcode's line isn't what it must be.
    BadLine(&'static str),
    /// A length with a sign is negative.
    Negative(i32),
    /// The text isn't UTF-8, even with surrogates; this is its first byte that can't be.
    BadText(usize),
}

/// What is wrong, with the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where the opcode stands, or where one should.
    pub offset: usize,
    /// The opcode, if there is one.
    pub opcode: Option<&'static Opcode>,
    /// Why it can't be read.
    pub reason: Reason,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {}", self.offset)?;
        if let Some(opcode) = self.opcode {
            write!(f, ", opcode `{}`", opcode.name)?;
        }
        f.write_str(": ")?;
        match self.reason {
            Reason::NoStop => f.write_str("the stream ends before STOP"),
            Reason::Unknown(code) => write!(f, "0x{code:02x} is no opcode of protocols 0 to 5"),
            Reason::Truncated { needed, there } => {
                write!(f, "{needed} bytes are needed behind it, and {there} are there")
            }
            Reason::NoLineBreak => f.write_str("its line has no end"),
            Reason::BadLine(what) => write!(f, "its line isn't {what}"),
            Reason::Negative(length) => write!(f, "its length is {length}"),
            Reason::BadText(at) => write!(f, "its text isn't UTF-8 from byte {at} on"),
        }
    }
}

impl core::error::Error for Error {}
