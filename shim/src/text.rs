//! Text for messages, made without ever ending the process: where memory runs out, the text is lost, and who is refused gets a
//! MemoryError instead.
//!
//! Everything that this crate says is written with [`Text`] and [`Digits`]. `String` and `format!` abort the process when
//! `malloc` fails, so neither is used on a path that a wrong object can reach.

use core::fmt;
use core::ops::Deref;
use core::ptr;
use core::str::from_utf8;

use interbind_structures::memory::append;

/// A text that grows, or is lost.
#[derive(Default)]
pub struct Text {
    written: String,
    is_lost: bool,
}

/// What a lost text reads as; known by its address and length.
static LOST: &str = "(no memory)";

impl Text {
    /// Makes an empty one.
    pub(crate) const fn new() -> Self {
        Self { written: String::new(), is_lost: false }
    }

    /// Makes a copy.
    pub(crate) fn of(text: &str) -> Self {
        Self::of_parts(&[text])
    }

    /// Adds parts. A text that was lost adds nothing but its loss.
    #[inline(never)]
    pub(crate) fn push(&mut self, parts: &[&str]) {
        for part in parts {
            if is_lost(part) || append(&mut self.written, part).is_err() {
                self.is_lost = true;
            }
            if self.is_lost {
                return;
            }
        }
    }

    /// Makes one of parts.
    pub(crate) fn of_parts(parts: &[&str]) -> Self {
        let mut text = Self::new();
        text.push(parts);
        text
    }

    /// What was written; none when it was lost.
    pub(crate) fn into_string(self) -> Option<String> {
        (!self.is_lost).then_some(self.written)
    }

    /// Tells whether memory ran out while it was written.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Keeps it for ever; none when it was lost.
    pub(crate) fn leak(self) -> Option<&'static str> {
        // Not `into_boxed_str`, which may allocate: what is too much stays.
        (!self.is_lost).then(|| &*String::leak(self.written))
    }
}

/// Tells whether a text is what a lost one reads as.
pub(crate) fn is_lost(text: &str) -> bool {
    // An empty text may have the address of any other.
    ptr::eq(text, LOST)
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        if self.is_lost { LOST } else { &self.written }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// A few ASCII characters, without memory: a number, foreign bytes, or a short text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits {
    written: [u8; 24],
    from: usize,
}

impl Digits {
    /// A number in the base of 10 or 16.
    #[cold]
    #[inline(never)]
    pub(crate) fn of(mut number: u64, base: u64) -> Self {
        let mut digits = Self { written: [b'0'; 24], from: 24 };
        for place in digits.written.iter_mut().rev() {
            // Nothing here can panic, so no caller carries code for that.
            let digit = (number % base.max(2)) as u8;
            *place = digit + if digit < 10 { b'0' } else { b'a' - 10 };
            digits.from -= 1;
            number /= base.max(2);
            if number == 0 {
                break;
            }
        }
        digits
    }

    /// A text of ours, of at most 24 ASCII characters.
    #[inline(never)]
    pub(crate) fn short(text: &str) -> Self {
        let mut digits = Self { written: [b' '; 24], from: 24 };
        for (place, byte) in digits.written.iter_mut().rev().zip(text.bytes().rev()) {
            *place = byte;
            digits.from -= 1;
        }
        digits
    }

    /// The same with a digit as its last character.
    pub(crate) fn ending_in(mut self, digit: u32) -> Self {
        self.written[23] = b'0' + (digit % 10) as u8;
        self
    }

    /// Foreign bytes: only what is printable is shown.
    #[inline(never)]
    pub(crate) fn printable(bytes: [u8; 8]) -> Self {
        let mut digits = Self { written: [b'.'; 24], from: 16 };
        for (place, byte) in digits.written[16..].iter_mut().zip(bytes) {
            if byte.is_ascii_graphic() {
                *place = byte;
            }
        }
        digits
    }
}

impl Deref for Digits {
    type Target = str;

    #[inline(never)]
    fn deref(&self) -> &str {
        self.written.get(self.from..).and_then(|written| from_utf8(written).ok()).unwrap_or("?")
    }
}

/// A number as text.
pub(crate) fn number(number: u64) -> Digits {
    Digits::of(number, 10)
}
