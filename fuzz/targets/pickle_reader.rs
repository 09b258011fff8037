//! The reader of pickle streams: any bytes.
#![no_main]

use interbind_pickle::{Argument, Reader, opcodes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut at, mut reader) = (0, Reader::new(bytes));
    let mut ended = false;
    while let Some(found) = reader.next() {
        assert!(!ended, "nothing follows STOP or an error");
        match found {
            Ok(found) => {
                assert_eq!((found.offset, bytes[found.offset]), (at, found.opcode.code));
                assert!(reader.offset() > at && reader.offset() <= bytes.len());
                at = reader.offset();
                ended = found.opcode.code == opcodes::STOP;
                if let Argument::Bytes(part) | Argument::Long(part) | Argument::Line(part) = found.argument {
                    assert!(part.len() < at - found.offset);
                }
            }
            Err(error) => {
                assert!(error.offset == at && !error.to_string().is_empty());
                ended = true;
            }
        }
    }
    assert!(ended, "a stream ends with STOP or an error");
});
