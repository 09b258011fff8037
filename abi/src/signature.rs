//! The types of C functions as text, in the one form that builds compare before one calls the other.
//!
//! It is C's declaration without names, as Cython and SciPy write it: `double (int, double *, void *)`. Reads any bytes: what is
//! too long, or no such declaration, isn't one. `interbind/signature.h` reads and writes the same. Allocates nothing.

use core::fmt;
use core::str::from_utf8;

use crate::text::Piece;

/// The longest text, in bytes.
pub const MAX_LENGTH: usize = 1023;

/// The most parameters.
pub const MAX_PARAMETERS: usize = 64;

/// Which of [`WORDS`] may stand twice.
const LONG: usize = 3;

/// The words of numbers, behind `const`: no type has one more often than once, but for `long`.
const WORDS: [&[u8]; 8] = [b"const", b"unsigned", b"signed", b"long", b"short", b"int", b"char", b"double"];

/// The type of a C function, in its one form.
#[derive(Clone, Copy)]
pub struct Signature {
    bytes: [u8; MAX_LENGTH],
    len: usize,
}

impl Signature {
    /// Reads a text and brings it into the one form; `None`: it's no such declaration.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let mut reader = Reader { left: text, out: Self::default() };
        reader.signature()?;
        Some(reader.out)
    }

    /// Writes one that is put together of types in their one form, of each the first of its names; `None`: it is too long.
    pub fn of(result: &[&[Piece]], parameters: &[&[&[Piece]]]) -> Option<Self> {
        let mut made = Self::default();
        made.pieces(result.first()?)?;
        made.say(b" (")?;
        for (place, parameter) in parameters.iter().enumerate() {
            made.say(if place == 0 { b"" } else { b", " })?;
            made.pieces(parameter.first()?)?;
        }
        made.say(if parameters.is_empty() { b"void)" } else { b")" })?;
        (parameters.len() <= MAX_PARAMETERS).then_some(made)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// What the function returns.
    pub fn result(&self) -> &str {
        self.as_str().split(" (").next().unwrap_or_default()
    }

    /// What it takes; nothing where that is `void`.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        let (_, behind) = self.as_str().split_once(" (").unwrap_or_default();
        let inner = behind.strip_suffix(')').unwrap_or_default();
        inner.split(", ").filter(|parameter| *parameter != "void")
    }

    fn say(&mut self, text: &[u8]) -> Option<()> {
        self.bytes.get_mut(self.len..self.len.checked_add(text.len())?)?.copy_from_slice(text);
        self.len += text.len();
        Some(())
    }

    fn pieces(&mut self, pieces: &[Piece]) -> Option<()> {
        pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => self.say(text.as_bytes()),
            Piece::Number(number) => self.say(crate::text::Digits::new(*number).as_str().as_bytes()),
            // No type has one.
            Piece::Signed(_) => None,
            Piece::Nested(inner) => self.pieces(inner),
        })
    }
}

impl Default for Signature {
    fn default() -> Self {
        Self { bytes: [0; MAX_LENGTH], len: 0 }
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Signature {}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The digest of a shared type's descriptor, as signatures have it behind the type's name: FNV-1a, 64 bits.
///
/// It tells versions of one name apart. It guards against nobody: who lends a function vouches for its type.
pub const fn digest(descriptor: &str) -> u64 {
    let (bytes, mut at, mut hash) = (descriptor.as_bytes(), 0, 0xcbf2_9ce4_8422_2325_u64);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// Tells whether a type, in its one form, is what one of several lists of pieces says: for assertions.
pub const fn is_one_of(text: &str, names: &[&[Piece]]) -> bool {
    let mut at = 0;
    while at < names.len() {
        match goes_on(text.as_bytes(), 0, names[at]) {
            Some(end) if end == text.len() => return true,
            _ => at += 1,
        }
    }
    false
}

/// Tells whether a text is what [`Signature::of`] writes of these types, without writing it.
pub fn is_of(text: &str, result: &[&[Piece]], parameters: &[&[&[Piece]]]) -> bool {
    let (text, mut opening) = (text.as_bytes(), " (");
    let first = |names: &[&[Piece]], from| goes_on(text, from, names.first()?);
    let mut end = first(result, 0);
    for names in parameters {
        end = end.and_then(|end| first(names, starts(text, end, opening.as_bytes())?));
        opening = ", ";
    }
    let closing: &[u8] = if parameters.is_empty() { b" (void)" } else { b")" };
    end.and_then(|end| starts(text, end, closing)) == Some(text.len())
}

/// Where a text goes on behind pieces that stand at a place of it.
const fn goes_on(text: &[u8], mut from: usize, pieces: &[Piece]) -> Option<usize> {
    let mut at = 0;
    while at < pieces.len() {
        from = match pieces[at] {
            Piece::Text(piece) => match starts(text, from, piece.as_bytes()) {
                Some(end) => end,
                None => return None,
            },
            Piece::Number(number) => {
                let (mut divisor, mut end) = (1, from);
                while number / divisor >= 10 {
                    divisor *= 10;
                }
                while divisor > 0 {
                    let digit = [b'0' + (number / divisor % 10) as u8];
                    end = match starts(text, end, &digit) {
                        Some(end) => end,
                        None => return None,
                    };
                    divisor /= 10;
                }
                end
            }
            Piece::Signed(_) => return None,
            Piece::Nested(inner) => match goes_on(text, from, inner) {
                Some(end) => end,
                None => return None,
            },
        };
        at += 1;
    }
    Some(from)
}

const fn starts(text: &[u8], from: usize, with: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < with.len() {
        if from + at >= text.len() || text[from + at] != with[at] {
            return None;
        }
        at += 1;
    }
    Some(from + at)
}

/// A text that is read, and what is written of it. `None` ends the reading: it's no declaration.
struct Reader<'a> {
    left: &'a [u8],
    out: Signature,
}

impl<'a> Reader<'a> {
    /// Goes over spaces; the next byte.
    fn next(&mut self) -> Option<u8> {
        while let [b' ' | b'\t' | b'\n', rest @ ..] = self.left {
            self.left = rest;
        }
        self.left.first().copied()
    }

    /// Takes a byte if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        if let (true, [_, rest @ ..]) = (is_next, self.left) {
            self.left = rest;
        }
        is_next
    }

    /// Takes a word: letters, digits, `_`, and `.` and `@` of the names of shared types.
    fn word(&mut self) -> Option<&'a [u8]> {
        self.next().filter(|first| first.is_ascii_alphabetic() || *first == b'_')?;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'@');
        let len = self.left.iter().position(|byte| !is_part(byte)).unwrap_or(self.left.len());
        let (word, rest) = self.left.split_at_checked(len)?;
        self.left = rest;
        Some(word)
    }

    fn signature(&mut self) -> Option<()> {
        self.type_()?;
        self.take(b'(').then_some(())?;
        self.out.say(b" (")?;
        if self.next() == Some(b')') {
            self.out.say(b"void")?;
        } else {
            let mut count = 0;
            loop {
                let from = self.out.len;
                self.type_()?;
                count += 1;
                // A parameter can't have the type `void`. `(void)` alone says that the function has no parameters.
                let is_void =
                    self.out.bytes.get(from..self.out.len).is_some_and(|written| written == b"void");
                if count > MAX_PARAMETERS || is_void && (count > 1 || self.next() != Some(b')')) {
                    return None;
                }
                if !self.take(b',') {
                    break;
                }
                self.out.say(b", ")?;
            }
        }
        (self.take(b')') && self.next().is_none()).then_some(())?;
        self.out.say(b")")
    }

    /// Reads a type. What says only that a value itself doesn't change is left out: to a caller it is the same.
    fn type_(&mut self) -> Option<()> {
        let (mut is_const, mut is_first) = (self.base()?, true);
        while self.take(b'*') {
            if is_const {
                self.out.say(if is_first { b" const" } else { b"const" })?;
            }
            self.out.say(if is_first || is_const { b" *" } else { b"*" })?;
            (is_first, is_const) = (false, false);
            while let Some(word) = self.word() {
                if is_const || word != b"const" {
                    return None;
                }
                is_const = true;
            }
        }
        Some(())
    }

    /// Reads the words of a type, and writes them in their one order. Returns whether `const` was among them.
    fn base(&mut self) -> Option<bool> {
        let mut seen = [0_u32; WORDS.len()];
        let (mut tag, mut other): (Option<&[u8]>, Option<&[u8]>) = (None, None);
        while let Some(word) = self.word() {
            if let Some(place) = WORDS.iter().position(|known| *known == word) {
                let count = seen.get_mut(place)?;
                *count += 1;
                (*count <= if place == LONG { 2 } else { 1 }).then_some(())?;
                continue;
            }
            match word {
                b"volatile" | b"restrict" => return None,
                b"struct" | b"union" | b"enum" if tag.is_none() && other.is_none() => tag = Some(word),
                b"struct" | b"union" | b"enum" => return None,
                _ if other.is_none() => other = Some(word),
                _ => return None,
            }
        }
        let [constant, unsigned, signed, long, short, int, char, double] = seen;
        let all = unsigned + signed + long + short + int + char + double;
        if let Some(other) = other {
            (all == 0).then_some(())?;
            if let Some(tag) = tag {
                self.out.say(tag)?;
                self.out.say(b" ")?;
            }
            self.out.say(other)?;
            return Some(constant != 0);
        }
        (all != 0 && tag.is_none() && unsigned + signed <= 1).then_some(())?;
        if double != 0 {
            (all == double + long && long <= 1).then_some(())?;
            self.out.say(if long != 0 { b"long double" } else { b"double" })?;
        } else if char != 0 {
            (all == char + unsigned + signed).then_some(())?;
            self.out.say(match (unsigned, signed) {
                (1, _) => b"unsigned char",
                (_, 1) => b"signed char",
                _ => b"char",
            })?;
        } else {
            (short == 0 || long == 0).then_some(())?;
            self.out.say(if unsigned != 0 { b"unsigned " } else { b"" })?;
            self.out.say(match (short, long) {
                (1, _) => b"short",
                (_, 2) => b"long long",
                (_, 1) => b"long",
                _ => b"int",
            })?;
        }
        Some(constant != 0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    fn canonical(text: &str) -> Option<String> {
        let read = Signature::parse(text.as_bytes())?;
        // What was written is read as the same.
        assert_eq!(Signature::parse(read.as_str().as_bytes()), Some(read), "{text}");
        Some(read.to_string())
    }

    #[test]
    fn a_signature_has_one_form() {
        for (text, form) in [
            ("double(double,double)", "double (double, double)"),
            ("  double\t( double , double )\n", "double (double, double)"),
            ("const double (const double, double const)", "double (double, double)"),
            ("int()", "int (void)"),
            ("void (void)", "void (void)"),
            (
                "unsigned (long int, int unsigned long long, short signed, signed char)",
                "unsigned int (long, unsigned long long, short, signed char)",
            ),
            ("int (const char*, char const  *, char * const)", "int (char const *, char const *, char *)"),
            (
                "int (double**, double *const*, const double * const *)",
                "int (double **, double *const *, double const *const *)",
            ),
            ("int (struct point *, org.frame.Point@0af *)", "int (struct point *, org.frame.Point@0af *)"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(form), "{text}");
        }
    }

    #[test]
    fn what_is_no_declaration_of_a_function_is_refused() {
        for text in [
            "",
            "double",
            "double (",
            "(double)",
            "double (double) x",
            "double (,)",
            "double (double,)",
            "double (double x)",
            "double (...)",
            "double (double, void)",
            "double (void, double)",
            "double (*)(double)",
            "double (double[2])",
            "unsigned signed (int)",
            "long long long (int)",
            "unsigned double (int)",
            "struct (int)",
            "int (volatile int)",
            "5 (int)",
            "double (double)\0",
            "int (const const int)",
            "int (int * const const)",
        ] {
            assert_eq!(canonical(text), None, "{text}");
        }
        let many = |count: usize| ["int"].repeat(count).join(", ");
        assert!(Signature::parse(alloc::format!("int ({})", many(64)).as_bytes()).is_some());
        assert!(Signature::parse(alloc::format!("int ({})", many(65)).as_bytes()).is_none());
        assert!(Signature::parse(&alloc::vec![b' '; 1 << 20]).is_none());
    }

    #[test]
    fn a_signature_is_put_together_of_types_and_taken_apart() {
        const DOUBLE: &[&[Piece]] = &[&[Piece::Text("double")], &[Piece::Text("float64")]];
        const POINT: &[Piece] = &[Piece::Text("org.frame.Point@"), Piece::Number(70)];
        const POINTER: &[&[Piece]] = &[&[Piece::Nested(POINT), Piece::Text(" const *")]];
        let made = Signature::of(DOUBLE, &[DOUBLE, POINTER]).unwrap();
        assert_eq!(canonical(made.as_str()).as_deref(), Some("double (double, org.frame.Point@70 const *)"));
        assert!(made.parameters().eq(["double", "org.frame.Point@70 const *"]));
        assert_eq!(made.result(), "double");
        assert!(is_of(made.as_str(), DOUBLE, &[DOUBLE, POINTER]));
        for (text, parameters) in [
            ("double (double)", &[DOUBLE, POINTER][..]),
            ("double (double, double)", &[DOUBLE]),
            ("double (double) ", &[DOUBLE]),
            ("double (double", &[DOUBLE]),
            ("double (void)", &[DOUBLE]),
            ("double ()", &[]),
            ("", &[]),
        ] {
            assert!(!is_of(text, DOUBLE, parameters), "{text}");
        }
        let none = Signature::of(&[&[Piece::Text("void")]], &[]).unwrap();
        assert_eq!(none.as_str(), "void (void)");
        assert!(is_of("void (void)", &[&[Piece::Text("void")]], &[]));
        assert_eq!(none.parameters().count(), 0);
        assert!(Signature::of(DOUBLE, &[DOUBLE; 65]).is_none());
        assert!(Signature::of(DOUBLE, &[&[&[Piece::Signed(-1)]]]).is_none());
        assert!(is_one_of("org.frame.Point@70", &[DOUBLE[0], POINT]));
        for other in
            ["org.frame.Point@7", "org.frame.Point@700", "org.frame.Point@71", "doubl", "double *", ""]
        {
            assert!(!is_one_of(other, &[DOUBLE[0], POINT]), "{other}");
        }
    }
}
