//! What stood behind an opcode, as it stands in the stream: nothing is copied, and nothing is made of it that could be larger
//! than the stream.

/// What stood behind an opcode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument<'a> {
    /// Nothing.
    Nothing,
    /// A number, with or without a sign.
    Int(i64),
    /// A length or number of eight bytes.
    Large(u64),
    /// A float.
    Float(f64),
    /// The decimal digits of a whole number, checked to be some, with their sign.
    Digits(&'a str),
    /// A decimal float's text, checked to be one as Python has it.
    Decimal(&'a str),
    /// `False` or `True`, which protocols 0 and 1 write as numbers.
    Bool(bool),
    /// A whole number in two's complement, little-endian; no byte is 0.
    Long(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// What stands between the quotes of an old text, escapes as they are.
    Quoted(&'a [u8]),
    /// UTF-8, in which surrogates may stand, as Python writes them.
    Text(Text<'a>),
    /// Text with `\u` and `\U` escapes, in Latin-1.
    Escaped(&'a [u8]),
    /// A line.
    Line(&'a [u8]),
    /// Two lines: module and name.
    Lines(&'a [u8], &'a [u8]),
}

/// UTF-8 in which surrogates may stand: `surrogatepass` in Python's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Checks bytes.
    ///
    /// # Errors
    /// The first byte that can't stand where it does.
    pub fn new(bytes: &'a [u8]) -> Result<Self, usize> {
        let mut rest = bytes;
        while let Err(error) = core::str::from_utf8(rest) {
            rest = &rest[error.valid_up_to()..];
            match rest {
                [0xed, 0xa0..=0xbf, 0x80..=0xbf, behind @ ..] => rest = behind,
                _ => return Err(bytes.len() - rest.len()),
            }
        }
        Ok(Self(bytes))
    }

    /// The bytes.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text, where no surrogate stands in it.
    pub fn as_str(self) -> Option<&'a str> {
        core::str::from_utf8(self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn surrogates_stand_in_text_and_other_faults_do_not() {
        assert!(Text::new("aé\u{1f600}".as_bytes()).is_ok_and(|text| text.as_str().is_some()));
        assert_eq!(Text::new(b"ab").map(Text::bytes), Ok(&b"ab"[..]));
        assert!(Text::new(b"a\xed\xa0\x80b\xed\xbf\xbf").is_ok_and(|text| text.as_str().is_none()));
        assert_eq!(Text::new(b"a\xed\xa0"), Err(1));
        assert_eq!(Text::new(b"\xed\xa0\x80\xff"), Err(3));
        assert_eq!(Text::new(b"\xc0\x80"), Err(0));
        assert_eq!(Text::new(b"\xf4\x90\x80\x80"), Err(0));
    }
}
