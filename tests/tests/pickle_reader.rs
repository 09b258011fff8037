//! The reader of pickle streams, compared with Python's own `pickletools.genops` on whole and broken ones.

use std::process::Command;

use interbind_pickle::{Argument, Reader};
use interbind_tests::package::repository;
use interbind_tests::python::Python;
use serde::Deserialize;

/// A stream, and what `genops` said: offset, opcode, the kind of argument, and the argument.
#[derive(Deserialize)]
struct Case {
    stream: String,
    found: Vec<(usize, String, String, String)>,
    whole: bool,
}

/// Opcodes whose text `genops` also decodes: the reader gives the bytes, and leaves it to others what they mean.
const DECODED: [&str; 5] = ["STRING", "UNICODE", "GLOBAL", "INST", "PERSID"];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("it is ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("it is hexadecimal")).collect()
}

/// Two's complement, as short as it can be; 0 is nothing.
fn shortest(mut bytes: Vec<u8>) -> String {
    while let [.., before, last] = bytes[..] {
        if (last == 0 && before & 0x80 == 0) || (last == 0xff && before & 0x80 != 0) {
            bytes.pop();
        } else {
            break;
        }
    }
    if bytes == [0] { String::new() } else { hex(&bytes) }
}

/// The two's complement of decimal digits.
fn digits(text: &str) -> String {
    let negative = text.starts_with('-');
    let mut number = vec![0u8];
    for digit in text.bytes().filter(u8::is_ascii_digit) {
        let mut carry = u32::from(digit - b'0');
        for byte in &mut number {
            let next = u32::from(*byte) * 10 + carry;
            (*byte, carry) = (next as u8, next >> 8);
        }
        if carry > 0 {
            number.push(carry as u8);
        }
    }
    number.push(0);
    if negative {
        let mut carry = true;
        for byte in &mut number {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    shortest(number)
}

fn words(argument: Argument<'_>) -> (&'static str, String) {
    match argument {
        Argument::Nothing => ("nothing", String::new()),
        Argument::Bool(value) => ("bool", if value { "True" } else { "False" }.to_owned()),
        Argument::Int(number) => ("int", shortest(number.to_le_bytes().to_vec())),
        Argument::Large(number) => ("int", shortest([&number.to_le_bytes()[..], &[0]].concat())),
        Argument::Digits(text) => ("int", digits(text)),
        Argument::Long(bytes) => ("int", shortest(bytes.to_vec())),
        Argument::Float(value) => ("float", hex(&value.to_be_bytes())),
        Argument::Decimal(text) => {
            let value: f64 = text.replace('_', "").parse().expect("the reader has checked it");
            ("float", hex(&value.to_be_bytes()))
        }
        Argument::Bytes(bytes) => ("bytes", hex(bytes)),
        Argument::Quoted(_) | Argument::Escaped(_) => ("escaped", String::new()),
        Argument::Text(text) => ("text", hex(text.bytes())),
        Argument::Line(line) => ("text", hex(line)),
        Argument::Lines(first, second) => ("text", hex(&[first, b" ", second].concat())),
    }
}

#[test]
fn streams_are_read_as_pythons_pickletools_reads_them() {
    let Some(python) = Python::default("pickletools") else { return };
    let script = repository().join("tests/fixtures/pickle/streams.py");
    let output = Command::new(&python.executable).arg("-s").arg(script).output().expect("Python starts");
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut whole, mut broken) = (0, 0);
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).expect("the script writes it so");
        let stream = bytes(&case.stream);
        let mut read = Reader::new(&stream);
        for (offset, name, kind, value) in &case.found {
            let found = read.next().expect("as many as `genops` found");
            let found = found.unwrap_or_else(|error| panic!("{}: {error}", case.stream));
            assert_eq!((found.offset, found.opcode.name), (*offset, name.as_str()), "{}", case.stream);
            assert_eq!(words(found.argument), (kind.as_str(), value.clone()), "{}", case.stream);
        }
        match (case.whole, read.next()) {
            (true, None) => whole += 1,
            (false, Some(Err(error))) => {
                assert!(error.offset <= stream.len());
                broken += 1;
            }
            // It is faulty in what only `genops` looks at.
            (false, Some(Ok(found))) if DECODED.contains(&found.opcode.name) => broken += 1,
            (expected, found) => panic!("{}: whole is {expected}, and then {found:?}", case.stream),
        }
    }
    assert!(whole > 100 && broken > 500, "{whole} whole, {broken} broken");
}
