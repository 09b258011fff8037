//! The pickle format without Python: what an engine that writes pickles, and a tool that reads them, need of the format
//! alone. Nothing here calls an interpreter, so all of it is fuzzed and runs under miri.
//!
//! | file | what it owns |
//! |---|---|
//! | [`opcodes`] | the opcodes of protocols 0 to 5, and what stands behind each |
//! | [`reader`] | going through a stream, opcode by opcode |
//! | [`argument`] | what stood behind an opcode |
//! | [`error`] | what is wrong with a stream, and where |

#![forbid(unsafe_code)]

pub mod argument;
pub mod error;
pub mod opcodes;
pub mod reader;

pub use argument::Argument;
pub use error::{Error, Reason};
pub use reader::{Instruction, Reader};
