//! Text that crosses libraries, and text that is put together at compile time.
//!
//! [`Str`] is how every record carries text. [`Piece`] is how the derives build descriptors and notes in constant
//! context out of names, numbers and other types' pieces, so that a built file holds the finished text. Must never
//! allocate: readers that do live in the files of what is read.

use core::slice;
use core::str::from_utf8;

use crate::record::record;

record! {
    /// UTF-8 text of another library, borrowed.
    ///
    /// # ABI
    /// Frozen for ever. Inside a record: allocated by its maker, valid as long as the record. As an argument: valid
    /// for the call. `ptr` may be NULL only when `len` is 0.
    #[derive(Clone, Copy, Debug)]
    pub struct Str [16, align 8, zeroable] {
        /// First byte.
        @0 "1.0" ptr: *const u8,
        /// Bytes, no terminator counted.
        @8 "1.0" len: u64,
    }
}

/// The longest text that a record may carry, in bytes; more is malformed.
pub const MAX_TEXT: u64 = 1 << 20;

// SAFETY: `Str` is plain data. Whoever follows the pointer states in `Str::read` that the text is valid and immutable.
unsafe impl Send for Str {}
// SAFETY: as above: nothing is mutated through a `Str`.
unsafe impl Sync for Str {}

impl Str {
    /// Borrows `text` for as long as the caller keeps it alive.
    pub const fn new(text: &str) -> Self {
        Self { ptr: text.as_ptr(), len: text.len() as u64 }
    }

    /// Tells whether the text is `other`, byte for byte; broken text is nobody's equal.
    ///
    /// # Safety
    /// 1. As [`Str::read`], during the call.
    #[inline]
    pub unsafe fn is(&self, other: &str) -> bool {
        if self.len != other.len() as u64 || self.ptr.is_null() {
            return self.len == 0 && other.is_empty();
        }
        // SAFETY: duty 1; as long as a slice that exists.
        let bytes = unsafe { slice::from_raw_parts(self.ptr, other.len()) };
        bytes == other.as_bytes()
    }

    /// Reads the text; `None` when it is NULL with a length, longer than [`MAX_TEXT`], or not UTF-8.
    ///
    /// # Safety
    /// 1. If `ptr` isn't NULL, `len` bytes from it are readable and unchanged during `'a`.
    pub unsafe fn read<'a>(&self) -> Option<&'a str> {
        if self.len == 0 {
            return Some("");
        }
        if self.ptr.is_null() || self.len > MAX_TEXT {
            return None;
        }
        // SAFETY: duty 1; the length is at most MAX_TEXT, which fits an isize on every target.
        let bytes = unsafe { slice::from_raw_parts(self.ptr, self.len as usize) };
        from_utf8(bytes).ok()
    }
}

/// A number in decimal, without memory of its own.
#[derive(Clone, Copy, Debug)]
pub struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    /// Writes a number.
    pub const fn new(number: u64) -> Self {
        let (mut bytes, mut start, mut rest) = ([b'0'; 20], 19, number);
        loop {
            bytes[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                return Self { bytes, start };
            }
            start -= 1;
        }
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        from_utf8(&self.bytes[self.start..]).unwrap_or("?")
    }
}

/// Cuts a text at the first `mark`.
///
/// Like `str::split_once`, whose search is made for long texts and costs every extension a kilobyte; these are short.
#[inline(never)]
pub fn cut<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let first = *mark.as_bytes().first()?;
    let mut at = 0;
    // The first byte rules out most places; a comparison of slices would be a call for each of them.
    while let Some(skipped) = text.as_bytes()[at..].iter().position(|&byte| byte == first) {
        at += skipped;
        if text.as_bytes()[at..].starts_with(mark.as_bytes()) {
            return Some((text.get(..at)?, text.get(at + mark.len()..)?));
        }
        at += 1;
    }
    None
}

/// Cuts a text at the last `mark`.
#[inline(never)]
pub fn cut_last<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let at = text.as_bytes().windows(mark.len()).rposition(|window| window == mark.as_bytes())?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// A part of a text that is known at compile time.
#[derive(Clone, Copy, Debug)]
pub enum Piece {
    /// Text as it stands.
    Text(&'static str),
    /// A number in decimal.
    Number(u64),
    /// A number in decimal, with its sign.
    Signed(i64),
    /// Another item's pieces.
    Nested(&'static [Piece]),
}

/// Counts the bytes of `pieces`, to size the array for [`render`].
pub const fn length(pieces: &[Piece]) -> usize {
    let (mut total, mut i) = (0, 0);
    while i < pieces.len() {
        total += match pieces[i] {
            Piece::Text(text) => text.len(),
            Piece::Number(number) => digits(number),
            Piece::Signed(number) => (number < 0) as usize + digits(number.unsigned_abs()),
            Piece::Nested(inner) => length(inner),
        };
        i += 1;
    }
    total
}

/// Writes `pieces` into an array of [`length`] bytes.
pub const fn render<const N: usize>(pieces: &[Piece]) -> [u8; N] {
    let mut out = [0; N];
    let end = write(pieces, &mut out, 0);
    assert!(end == N, "render::<N> needs N = length(pieces)");
    out
}

/// Takes bytes that [`render`] made back as text.
pub const fn text(bytes: &'static [u8]) -> &'static str {
    match from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("pieces are UTF-8"),
    }
}

const fn write(pieces: &[Piece], out: &mut [u8], mut at: usize) -> usize {
    let mut i = 0;
    while i < pieces.len() {
        at = match pieces[i] {
            Piece::Text(text) => {
                let (bytes, mut k) = (text.as_bytes(), 0);
                while k < bytes.len() {
                    out[at + k] = bytes[k];
                    k += 1;
                }
                at + k
            }
            Piece::Number(number) => write_number(number, out, at),
            Piece::Signed(number) => {
                if number < 0 {
                    out[at] = b'-';
                    at += 1;
                }
                write_number(number.unsigned_abs(), out, at)
            }
            Piece::Nested(inner) => write(inner, out, at),
        };
        i += 1;
    }
    at
}

const fn write_number(mut number: u64, out: &mut [u8], at: usize) -> usize {
    let end = at + digits(number);
    let mut k = end;
    while k > at {
        k -= 1;
        out[k] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    end
}

const fn digits(mut number: u64) -> usize {
    let mut count = 1;
    while number >= 10 {
        number /= 10;
        count += 1;
    }
    count
}

/// True for a type name: dotted parts of ASCII letters, digits and `_`, each starting with a letter.
pub const fn is_type_name(name: &str) -> bool {
    let (bytes, mut i, mut start) = (name.as_bytes(), 0, true);
    if bytes.is_empty() || bytes.len() > 255 {
        return false;
    }
    while i < bytes.len() {
        let byte = bytes[i];
        if start {
            if !byte.is_ascii_alphabetic() {
                return false;
            }
            start = false;
        } else if byte == b'.' {
            start = true;
        } else if !byte.is_ascii_alphanumeric() && byte != b'_' {
            return false;
        }
        i += 1;
    }
    !start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_render_in_order_with_nested_ones_in_place() {
        const INNER: &[Piece] = &[Piece::Text("["), Piece::Number(1090), Piece::Text("]")];
        const ALL: &[Piece] = &[Piece::Text("a"), Piece::Nested(INNER), Piece::Signed(-7), Piece::Number(0)];
        const BYTES: [u8; length(ALL)] = render(ALL);
        assert_eq!(text(&BYTES), "a[1090]-70");
    }

    #[test]
    fn a_str_that_is_null_too_long_or_not_utf8_reads_as_none() {
        let bad = [0xff_u8, 0xfe];
        for (ptr, len) in [(core::ptr::null(), 3), (bad.as_ptr(), 2), (bad.as_ptr(), MAX_TEXT + 1)] {
            // SAFETY: NULL and over-long texts aren't followed; `bad` is alive.
            assert_eq!(unsafe { Str { ptr, len }.read() }, None);
        }
    }

    #[test]
    fn a_str_is_what_has_its_bytes_and_nothing_else() {
        let null = Str { ptr: core::ptr::null(), len: 0 };
        let broken = Str { len: 3, ..null };
        for (text, other, expected) in [
            (Str::new("ab"), "ab", true),
            (Str::new("ab"), "ac", false),
            (Str::new("ab"), "a", false),
            (Str::new("ab"), "", false),
            (Str::new(""), "", true),
            (null, "", true),
            (null, "a", false),
            (broken, "abc", false),
        ] {
            // SAFETY: NULL isn't followed; the others are literals.
            assert_eq!(unsafe { text.is(other) }, expected, "{other}");
        }
    }

    #[test]
    fn a_type_name_is_dotted_words() {
        for good in ["a", "org.frame.Point", "a_1.b2"] {
            assert!(is_type_name(good), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a..b", "1a", "a b", "a\n", "é"] {
            assert!(!is_type_name(bad), "{bad}");
        }
    }
}
