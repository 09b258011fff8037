//! Going through a stream, opcode by opcode. Nothing is run or built: the reader says what stands where, up to STOP or up to
//! the first fault. It reads no byte twice, and takes no memory, whatever lengths a stream claims.

use crate::argument::{Argument, Text};
use crate::error::{Error, Reason};
use crate::opcodes::{self, Kind, Opcode};

/// One instruction of a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instruction<'a> {
    /// Where its opcode stands.
    pub offset: usize,
    /// The opcode.
    pub opcode: &'static Opcode,
    /// What stands behind it.
    pub argument: Argument<'a>,
}

/// Goes through a stream: an instruction after the other, the last one STOP; or an error, and nothing behind it.
///
/// # Examples
/// ```
/// use interbind_pickle::{Argument, Reader};
///
/// let names: Vec<_> = Reader::new(b"\x80\x04K\x01.").map(|found| found.map(|it| it.opcode.name)).collect();
/// assert_eq!(names, [Ok("PROTO"), Ok("BININT1"), Ok("STOP")]);
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    stream: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(stream: &'a [u8]) -> Self {
        Self { stream, at: 0, done: false }
    }

    /// Where the next opcode stands: behind STOP, where what follows the stream begins.
    pub fn offset(&self) -> usize {
        self.at
    }

    fn read(&mut self) -> Result<Instruction<'a>, Error> {
        let offset = self.at;
        let Some(&code) = self.stream.get(offset) else {
            return Err(Error { offset, opcode: None, reason: Reason::NoStop });
        };
        let Some(opcode) = opcodes::opcode(code) else {
            return Err(Error { offset, opcode: None, reason: Reason::Unknown(code) });
        };
        self.at += 1;
        let argument =
            self.argument(opcode).map_err(|reason| Error { offset, opcode: Some(opcode), reason })?;
        Ok(Instruction { offset, opcode, argument })
    }

    fn argument(&mut self, opcode: &Opcode) -> Result<Argument<'a>, Reason> {
        Ok(match opcode.kind {
            Kind::Nothing => Argument::Nothing,
            Kind::Unsigned(8) => Argument::Large(self.unsigned(8)?),
            Kind::Unsigned(size) => Argument::Int(self.unsigned(size)?.cast_signed_checked()),
            Kind::Int => Argument::Int(i64::from(self.int()?)),
            Kind::Float => {
                let bytes = self.take(8)?;
                Argument::Float(f64::from_be_bytes(bytes.try_into().unwrap_or_default()))
            }
            Kind::DecimalLine => match self.line()? {
                b"00" => Argument::Bool(false),
                b"01" => Argument::Bool(true),
                line => Argument::Digits(digits(line)?),
            },
            Kind::LongLine => {
                let line = self.line()?;
                Argument::Digits(digits(line.strip_suffix(b"L").unwrap_or(line))?)
            }
            Kind::FloatLine => Argument::Decimal(decimal(self.line()?)?),
            Kind::QuotedLine => Argument::Quoted(quoted(self.line()?)?),
            Kind::Line => Argument::Line(self.line()?),
            Kind::TwoLines => {
                let first = self.line()?;
                Argument::Lines(first, self.line()?)
            }
            Kind::EscapedLine => Argument::Escaped(self.line()?),
            Kind::Long(size) => Argument::Long(self.counted(opcode, size)?),
            Kind::Bytes(size) => Argument::Bytes(self.counted(opcode, size)?),
            Kind::Text(size) => {
                Argument::Text(Text::new(self.counted(opcode, size)?).map_err(Reason::BadText)?)
            }
        })
    }

    /// The next bytes.
    fn take(&mut self, count: u64) -> Result<&'a [u8], Reason> {
        let rest = &self.stream[self.at..];
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken = taken.ok_or(Reason::Truncated { needed: count, there: rest.len() })?;
        self.at += taken.len();
        Ok(taken)
    }

    fn unsigned(&mut self, size: u8) -> Result<u64, Reason> {
        let bytes = self.take(size.into())?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn int(&mut self) -> Result<i32, Reason> {
        let bytes = self.take(4)?;
        Ok(i32::from_le_bytes(bytes.try_into().unwrap_or_default()))
    }

    /// A length, and as many bytes.
    fn counted(&mut self, opcode: &Opcode, size: u8) -> Result<&'a [u8], Reason> {
        // These lengths have a sign, as old protocols wrote them.
        let signed = matches!(opcode.code, opcodes::LONG4 | opcodes::BINSTRING);
        let length = if signed {
            let length = self.int()?;
            u64::try_from(length).map_err(|_| Reason::Negative(length))?
        } else {
            self.unsigned(size)?
        };
        self.take(length)
    }

    /// The bytes up to a line break.
    fn line(&mut self) -> Result<&'a [u8], Reason> {
        let rest = &self.stream[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or(Reason::NoLineBreak)?;
        self.at += length + 1;
        Ok(&rest[..length])
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Instruction<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read();
        self.done = match &read {
            Ok(instruction) => instruction.opcode.code == opcodes::STOP,
            Err(_) => true,
        };
        Some(read)
    }
}

impl core::iter::FusedIterator for Reader<'_> {}

/// Numbers of at most four bytes have room for a sign.
trait Checked {
    fn cast_signed_checked(self) -> i64;
}

impl Checked for u64 {
    fn cast_signed_checked(self) -> i64 {
        i64::try_from(self).unwrap_or(i64::MAX)
    }
}

/// A whole number as Python's `int` reads it: spaces around, a sign, single underscores between digits.
fn digits(line: &[u8]) -> Result<&str, Reason> {
    let bad = Reason::BadLine("a whole number");
    let text = core::str::from_utf8(line).map_err(|_| bad)?.trim_matches(is_space);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !unsigned.is_empty() && grouped(unsigned, |byte| byte.is_ascii_digit());
    if is_number { Ok(text) } else { Err(bad) }
}

/// A float as Python's `float` reads it.
fn decimal(line: &[u8]) -> Result<&str, Reason> {
    let bad = Reason::BadLine("a float");
    let text = core::str::from_utf8(line).map_err(|_| bad)?.trim_matches(is_space);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if ["inf", "infinity", "nan"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return Ok(text);
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let number = |part: &str| grouped(part, |byte| byte.is_ascii_digit());
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    let is_float = !(whole.is_empty() && fraction.is_empty())
        && number(whole)
        && number(fraction)
        && exponent.is_none_or(|exponent| !exponent.is_empty() && number(exponent));
    if is_float { Ok(text) } else { Err(bad) }
}

/// Tells whether a part is made of digits, with single underscores between them; it may be empty.
fn grouped(part: &str, is_digit: impl Fn(u8) -> bool) -> bool {
    part.is_empty() || part.split('_').all(|group| !group.is_empty() && group.bytes().all(&is_digit))
}

/// What Python strips from a number in bytes.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// What stands between quotes.
fn quoted(line: &[u8]) -> Result<&[u8], Reason> {
    match line {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => Ok(inner),
        _ => Err(Reason::BadLine("between two quotes of a kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Instruction, Reader};
    use crate::argument::Argument;
    use crate::error::{Error, Reason};
    use crate::opcodes::{OPCODES, opcode};

    fn read(stream: &[u8]) -> Result<Vec<Argument<'_>>, Error> {
        Reader::new(stream).map(|found| found.map(|Instruction { argument, .. }| argument)).collect()
    }

    fn fails(stream: &[u8]) -> (usize, Option<&'static str>, Reason) {
        let Error { offset, opcode, reason } = read(stream).expect_err("it is faulty");
        (offset, opcode.map(|opcode| opcode.name), reason)
    }

    #[test]
    fn each_kind_of_argument_is_read() {
        let found = read(b"J\xff\xff\xff\xffM\x01\x02G?\xf0\0\0\0\0\0\0I01\nI-7\nL5L\nF1.5e3\nS'a\\n'\nP1\ncm\nn\nVx\\u1234\n\x8a\x02\xff\x7fC\x01a\x8c\x01b.");
        let found = found.expect("it is sound");
        assert_eq!(
            found[..8],
            [
                Argument::Int(-1),
                Argument::Int(513),
                Argument::Float(1.0),
                Argument::Bool(true),
                Argument::Digits("-7"),
                Argument::Digits("5"),
                Argument::Decimal("1.5e3"),
                Argument::Quoted(b"a\\n"),
            ]
        );
        assert_eq!(
            found[8..12],
            [
                Argument::Line(b"1"),
                Argument::Lines(b"m", b"n"),
                Argument::Escaped(b"x\\u1234"),
                Argument::Long(b"\xff\x7f"),
            ]
        );
        assert_eq!(found[12], Argument::Bytes(b"a"));
        assert!(matches!(found[13], Argument::Text(text) if text.as_str() == Some("b")));
    }

    #[test]
    fn a_float_in_digits_is_one_that_python_reads() {
        for text in
            ["1", "1.", ".5", "+1.5", "-1e5", "1E-5", "1_000.2_5e1_0", "inf", "-Infinity", "NaN", " 1 "]
        {
            let stream = format!("F{text}\n.");
            let found = read(stream.as_bytes()).expect("a float");
            assert_eq!(found[0], Argument::Decimal(text.trim()), "{text}");
        }
        for text in [
            "", ".", "+", "e5", "1e", "1ex", "1e+", "x.5", "1.x", "1__0", "_1", "1_", "0x1", "infinit", "1 2",
        ] {
            assert_eq!(fails(format!("F{text}\n.").as_bytes()).2, Reason::BadLine("a float"), "{text}");
        }
    }

    #[test]
    fn it_ends_behind_stop_and_says_where() {
        let mut reader = Reader::new(b"N.N.");
        assert_eq!(reader.by_ref().count(), 2);
        assert_eq!(reader.offset(), 2);
        assert!(reader.next().is_none());
    }

    #[test]
    fn an_error_names_offset_and_opcode_and_is_the_last_word() {
        assert_eq!(fails(b""), (0, None, Reason::NoStop));
        assert_eq!(fails(b"N"), (1, None, Reason::NoStop));
        assert_eq!(fails(b"N\xff"), (1, None, Reason::Unknown(0xff)));
        assert_eq!(fails(b"NJ\x01"), (1, Some("BININT"), Reason::Truncated { needed: 4, there: 1 }));
        assert_eq!(fails(b"I1"), (0, Some("INT"), Reason::NoLineBreak));
        assert_eq!(fails(b"I1x\n"), (0, Some("INT"), Reason::BadLine("a whole number")));
        assert_eq!(fails(b"F1..2\n"), (0, Some("FLOAT"), Reason::BadLine("a float")));
        assert_eq!(fails(b"S'a\"\n"), (0, Some("STRING"), Reason::BadLine("between two quotes of a kind")));
        assert_eq!(fails(b"\x8b\xff\xff\xff\xff"), (0, Some("LONG4"), Reason::Negative(-1)));
        assert_eq!(fails(b"\x8c\x01\xff."), (0, Some("SHORT_BINUNICODE"), Reason::BadText(0)));
        let text = read(b"NJ\x01").expect_err("it is faulty").to_string();
        assert_eq!(text, "offset 1, opcode `BININT`: 4 bytes are needed behind it, and 1 are there");
        let mut reader = Reader::new(b"\xff");
        assert!(reader.next().is_some_and(|found| found.is_err()));
        assert!(reader.next().is_none());
    }

    #[test]
    fn a_length_that_no_stream_has_takes_no_memory() {
        for (stream, needed) in [
            (&b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff"[..], u64::MAX),
            (b"B\xff\xff\xff\xff", u64::from(u32::MAX)),
        ] {
            assert!(
                matches!(fails(stream).2, Reason::Truncated { needed: said, there: 0 } if said == needed)
            );
        }
    }

    #[test]
    fn every_opcode_is_cut_at_every_byte_without_a_panic() {
        for known in OPCODES {
            let mut stream = vec![known.code];
            stream.extend(b"\x05\0\0\0\0\0\0\0abc'1\n2\n.");
            for end in 0..stream.len() {
                for found in Reader::new(&stream[..end]) {
                    if let Err(error) = found {
                        assert!(error.offset <= end && !error.to_string().is_empty());
                        assert!(error.opcode.is_none_or(|known| opcode(known.code) == Some(known)));
                    }
                }
            }
        }
    }
}
