//! Objects that hold no other: `None`, bools, numbers, text, bytes. And the memo's opcodes, which are as short.

use crate::python::{Kind, Object, Raised, Result};

use super::session::Session;
use super::step::op;
use super::value::Known;
use crate::room::Room as _;

impl Session<'_> {
    /// Writes an object that holds no other, or is in the memo; says whether it was one.
    #[inline]
    pub(super) fn atom(&mut self, object: &Object) -> Result<bool> {
        match object.kind() {
            Kind::Int => self.int(object)?,
            Kind::Float => self.float(object)?,
            kind => {
                if object.is_none() {
                    self.out.op(op::NONE)?;
                } else if object.is_true() || object.is_false() {
                    self.bool(object.is_true())?;
                } else if self.deterministic && kind == Kind::Text {
                    // Which object it is doesn't count.
                    let known = self.known_atom(object);
                    match known.or_else(|| if self.memo.mixed { self.memo.get(object) } else { None }) {
                        Some(number) => self.get_number(number)?,
                        None => self.text(object)?,
                    }
                } else if let Some(number) = self.memo.get(object) {
                    if self.watches() {
                        self.watch(object, number)?;
                    }
                    self.get_number(number)?;
                } else if let Some(number) = (kind == Kind::Bytes).then(|| self.known_atom(object)).flatten()
                {
                    self.get_number(number)?;
                } else if kind == Kind::Text {
                    self.text(object)?;
                } else if kind == Kind::Bytes && self.options.protocol >= 3 {
                    let content = object.bytes()?;
                    // SAFETY: a `bytes` doesn't change, and the caller keeps it.
                    unsafe { self.bytes_data(content.as_ptr(), content.len(), object)? };
                } else {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn bool(&mut self, value: bool) -> Result<()> {
        match (self.options.protocol >= 2, value) {
            (true, true) => self.out.op(op::NEWTRUE),
            (true, false) => self.out.op(op::NEWFALSE),
            (false, true) => self.out.put(b"I01\n"),
            (false, false) => self.out.put(b"I00\n"),
        }
    }

    #[inline]
    fn int(&mut self, object: &Object) -> Result<()> {
        let Some(value) = object.exact_int() else { return self.long(object) };
        let Ok(small) = i32::try_from(value) else { return self.long(object) };
        if self.options.protocol == 0 {
            return self.out.put(format!("I{small}\n").as_bytes());
        }
        let (opcodes, length) = short_int(small);
        self.out.put(&opcodes[..length])
    }

    #[cold]
    fn long(&mut self, object: &Object) -> Result<()> {
        if self.options.protocol < 2 {
            let digits = object.repr()?;
            self.out.op(op::LONG)?;
            self.out.put(digits.utf8()?.as_bytes())?;
            return self.out.put(b"L\n");
        }
        let bytes = object.int_bytes()?;
        if let Ok(length) = u8::try_from(bytes.len()) {
            self.out.put(&[op::LONG1, length])?;
        } else {
            let Some(length) = u32::try_from(bytes.len()).ok().filter(|length| *length <= 0x7fff_ffff) else {
                return Err(Raised::overflow("int too large to pickle"));
            };
            self.out.op(op::LONG4)?;
            self.out.put(&length.to_le_bytes())?;
        }
        self.out.put(&bytes)
    }

    fn float(&mut self, object: &Object) -> Result<()> {
        if self.options.protocol == 0 {
            let digits = object.repr()?;
            self.out.op(op::FLOAT)?;
            self.out.put(digits.utf8()?.as_bytes())?;
            return self.out.put(b"\n");
        }
        let mut bytes = [op::BINFLOAT; 9];
        bytes[1..].copy_from_slice(&object.float().to_be_bytes());
        self.out.put(&bytes)
    }

    #[inline]
    fn text(&mut self, object: &Object) -> Result<()> {
        if self.options.protocol == 0 {
            let escaped = escape(object)?;
            self.out.op(op::UNICODE)?;
            self.out.put(&escaped)?;
            self.out.put(b"\n")?;
            return self.put_atom(object);
        }
        self.text_itself(object)?;
        self.put_atom(object)
    }

    /// Writes text, for protocols from 1 on.
    #[inline]
    fn text_itself(&mut self, object: &Object) -> Result<()> {
        match object.utf8() {
            // SAFETY: the `str` keeps its UTF-8, and the caller keeps the `str`.
            Ok(text) => unsafe { self.text_data(text.as_ptr(), text.len(), None) },
            Err(raised) => {
                raised.dismiss();
                let encoded = object.encode_with_surrogates()?;
                let bytes = encoded.bytes()?;
                // SAFETY: `encoded` lives until the call is over.
                unsafe { self.text_data(bytes.as_ptr(), bytes.len(), Some(&encoded)) }
            }
        }
    }

    /// Writes text without giving it a number, for protocols from 4 on.
    pub(super) fn text_alone(&mut self, object: &Object) -> Result<()> {
        self.out.boundary()?;
        self.text_itself(object)
    }

    /// # Safety
    /// 1. As [`super::output::Output::put_value`].
    #[inline]
    unsafe fn text_data(&mut self, start: *const u8, length: usize, whole: Option<&Object>) -> Result<()> {
        let mut head = [0; 9];
        let head = self.head(
            &mut head,
            length,
            [(self.options.protocol >= 4).then_some(op::SHORT_BINUNICODE), Some(op::BINUNICODE)],
            op::BINUNICODE8,
            "a string",
        )?;
        // SAFETY: duty 1.
        unsafe { self.out.put_value(head, start, length, whole) }
    }

    /// # Safety
    /// 1. As [`super::output::Output::put_value`].
    pub(super) unsafe fn bytes_data(
        &mut self,
        start: *const u8,
        length: usize,
        object: &Object,
    ) -> Result<()> {
        let mut head = [0; 9];
        let short = [Some(op::SHORT_BINBYTES), Some(op::BINBYTES)];
        let head = self.head(&mut head, length, short, op::BINBYTES8, "a bytes object")?;
        // SAFETY: duty 1.
        unsafe { self.out.put_value(head, start, length, Some(object)) }?;
        if object.kind() == Kind::Bytes { self.put_atom(object) } else { self.put(object) }
    }

    /// The opcode for a length: with one byte, with four, with eight.
    #[inline]
    fn head<'h>(
        &self,
        head: &'h mut [u8; 9],
        length: usize,
        short: [Option<u8>; 2],
        long: u8,
        what: &str,
    ) -> Result<&'h [u8]> {
        if let (Some(op), Ok(length)) = (short[0], u8::try_from(length)) {
            head[..2].copy_from_slice(&[op, length]);
            return Ok(&head[..2]);
        }
        if let (Some(op), Ok(length)) = (short[1], u32::try_from(length)) {
            head[0] = op;
            head[1..5].copy_from_slice(&length.to_le_bytes());
            return Ok(&head[..5]);
        }
        if self.options.protocol < 4 {
            return Err(Raised::overflow(&format!(
                "serializing {what} larger than 4 GiB requires pickle protocol 4 or higher"
            )));
        }
        head[0] = long;
        head[1..].copy_from_slice(&(length as u64).to_le_bytes());
        Ok(&head[..])
    }

    /// Writes that an object is one of the memo.
    #[inline]
    pub(super) fn get_number(&mut self, number: usize) -> Result<()> {
        if self.options.protocol == 0 {
            return self.out.put(format!("g{number}\n").as_bytes());
        }
        if let Ok(number) = u8::try_from(number) {
            return self.out.put(&[op::BINGET, number]);
        }
        let Ok(number) = u32::try_from(number) else {
            return Err(Raised::new(&self.held.pickling_error, "memo id too large for LONG_BINGET"));
        };
        let [a, b, c, d] = number.to_le_bytes();
        self.out.put(&[op::LONG_BINGET, a, b, c, d])
    }

    /// Writes that an object which is in the memo comes here; says whether it is.
    pub(super) fn get(&mut self, object: &Object) -> Result<bool> {
        let Some(number) = self.memo.get(object) else { return Ok(false) };
        if self.watches() {
            self.watch(object, number)?;
        }
        self.get_number(number).map(|()| true)
    }

    /// Gives what has just been written a number in the memo, under no object.
    pub(super) fn put_nothing(&mut self) -> Result<usize> {
        let number = self.memo.put_nothing();
        self.put_number(number).map(|()| number)
    }

    /// Gives what has just been written a number in the memo.
    #[inline]
    pub(super) fn put(&mut self, object: &Object) -> Result<()> {
        if self.options.fast { Ok(()) } else { self.put_always(object) }
    }

    /// Gives what has just been written a number, in `fast` mode too: what is written next refers to it.
    pub(super) fn put_always(&mut self, object: &Object) -> Result<()> {
        if self.hashing && self.is_alias(object) {
            return self.put_nothing().map(drop);
        }
        let number = self.memo.put(object)?;
        if self.deterministic {
            self.put_kept(object, number)?;
        }
        self.put_number(number)
    }

    /// Tells whether an object, or one that is equal, is there once or several times as it happens: where only a hash is wanted,
    /// each is written.
    fn is_alias(&self, object: &Object) -> bool {
        matches!(self.values.get(&object.ptr().addr()), Some((_, Known::Here(_))))
    }

    /// The number of text or bytes that are equal, where that is what counts.
    #[inline]
    fn known_atom(&self, object: &Object) -> Option<usize> {
        if self.deterministic && !self.hashing { self.memo.atoms.get(object) } else { None }
    }

    /// Remembers the number of a value too.
    #[inline(never)]
    fn put_kept(&mut self, object: &Object, number: usize) -> Result<()> {
        if !self.hashing {
            if Self::is_flat(object) {
                return self.memo.atoms.put_flat(object, number);
            }
            if object.is_code() {
                return self.put_code(object, number);
            }
        }
        let (kept, value) = match self.values.get(&object.ptr().addr()) {
            Some((_, Known::Value(value))) => (&mut self.memo.values, *value),
            Some((_, Known::Here(value))) => (&mut self.aliases, *value),
            _ => return Ok(()),
        };
        kept.try_reserve(1).map_err(|_| Raised::memory())?;
        kept.room()?.insert(value, number);
        Ok(())
    }

    /// Gives text or bytes that have just been written a number.
    #[inline]
    fn put_atom(&mut self, object: &Object) -> Result<()> {
        if !self.deterministic {
            return self.put(object);
        }
        if self.hashing {
            return Ok(());
        }
        if self.options.fast {
            return Ok(());
        }
        // Known by what it is: which object it is nobody asks.
        let number = self.memo.put_nothing();
        self.memo.atoms.put(object, number)?;
        self.put_number(number)
    }

    /// Gives what has just been written a number; where only a hash is wanted, and nobody but its one holder and `ours` of us
    /// have it, nobody can meet it again.
    #[inline]
    pub(super) fn put_once(&mut self, object: &Object, ours: isize) -> Result<()> {
        if self.hashing && object.count() <= ours + 1 && !object.has_weak_references() {
            return self.put_nothing().map(drop);
        }
        self.put(object)
    }

    #[inline]
    fn put_number(&mut self, number: usize) -> Result<()> {
        match self.options.protocol {
            4.. => self.out.op(op::MEMOIZE),
            0 => self.out.put(format!("p{number}\n").as_bytes()),
            _ => {
                if let Ok(number) = u8::try_from(number) {
                    return self.out.put(&[op::BINPUT, number]);
                }
                let Ok(number) = u32::try_from(number) else {
                    return Err(Raised::new(&self.held.pickling_error, "memo id too large for LONG_BINPUT"));
                };
                let [a, b, c, d] = number.to_le_bytes();
                self.out.put(&[op::LONG_BINPUT, a, b, c, d])
            }
        }
    }
}

/// An `int` as protocols from 1 on have it: that many bytes.
#[inline]
pub(super) fn short_int(small: i32) -> ([u8; 5], usize) {
    let [a, b, c, d] = small.to_le_bytes();
    if c != 0 || d != 0 {
        ([op::BININT, a, b, c, d], 5)
    } else if b != 0 {
        ([op::BININT2, a, b, 0, 0], 3)
    } else {
        ([op::BININT1, a, 0, 0, 0], 2)
    }
}

/// A `str` as protocol 0 has it: Latin-1, and escapes for the rest and for what would end a line.
fn escape(text: &Object) -> Result<Vec<u8>> {
    let length = text.text_len();
    let mut escaped = Vec::new();
    escaped.try_reserve(length).map_err(|_| Raised::memory())?;
    for at in 0..length {
        let letter = text.text_char(at)?;
        escaped.try_reserve(10).map_err(|_| Raised::memory())?;
        match letter {
            0 | 0x0a | 0x0d | 0x1a | 0x5c => escaped.extend(format!("\\u{letter:04x}").as_bytes()),
            0x1_0000.. => escaped.extend(format!("\\U{letter:08x}").as_bytes()),
            0x100.. => escaped.extend(format!("\\u{letter:04x}").as_bytes()),
            _ => escaped.extend(u8::try_from(letter)),
        }
    }
    Ok(escaped)
}
