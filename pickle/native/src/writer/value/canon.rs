//! What a value is, apart from which object it is: its class and its bits, as a hash. Two objects that can't change and have one
//! hash are one value: where equal input has to give equal bytes, they have one number in the memo, whichever of them Python has
//! kept once.
//!
//! A value is an atom, a tuple or frozenset of values, a code object, what is found by its name, or an object of a class that
//! the Python half names, by what it is reduced to. Everything else is known by its identity.

use sha2::{Digest, Sha256};

use crate::python::{Kind, Object, Owned, Raised, Result, list_from, tuple};
use crate::writer::session::Session;

/// A hash of a value.
pub(crate) type Value = [u8; 16];

/// A value whose parts are being asked for.
struct Frame {
    object: Owned,
    parts: Parts,
    at: usize,
    hash: Sha256,
}

enum Parts {
    /// In this order.
    Ordered(Owned),
    /// In any order: their hashes are sorted.
    Any(Vec<Owned>, Vec<Value>),
}

/// What an object is, as far as is known without its parts.
enum Asked {
    Value(Value),
    Nothing,
    Parts(Parts, u8),
}

/// Gives an atom to the hash of what holds it, with its class and its length; says whether it was one.
fn feed(object: &Object, hash: &mut Sha256) -> Result<bool> {
    let (tag, content): (u8, &[u8]) = match object.kind() {
        Kind::Text => match object.utf8() {
            Ok(text) => (b's', text.as_bytes()),
            Err(raised) => {
                raised.dismiss();
                return Ok(false);
            }
        },
        Kind::Bytes => (b'b', object.bytes()?),
        Kind::Int => {
            let Some(value) = object.exact_int() else { return Ok(false) };
            let mut buffer = [b'i'; 9];
            buffer[1..].copy_from_slice(&value.to_le_bytes());
            hash.update(buffer);
            return Ok(true);
        }
        Kind::Float => {
            let mut buffer = [b'f'; 9];
            buffer[1..].copy_from_slice(&object.float().to_bits().to_le_bytes());
            hash.update(buffer);
            return Ok(true);
        }
        Kind::Other if object.is_none() => (b'N', b""),
        Kind::Other if object.is_true() => (b'T', b""),
        Kind::Other if object.is_false() => (b'F', b""),
        _ => return Ok(false),
    };
    let mut head = [tag; 9];
    head[1..].copy_from_slice(&(content.len() as u64).to_le_bytes());
    hash.update(head);
    hash.update(content);
    Ok(true)
}

fn finish(hash: Sha256) -> Value {
    let whole: [u8; 32] = hash.finalize().into();
    let mut short = [0; 16];
    short.copy_from_slice(&whole[..16]);
    short
}

impl Session<'_> {
    /// The hash of a value; nothing for what is known by its identity.
    pub(in crate::writer) fn value(&mut self, object: &Object) -> Result<Option<Value>> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut asked = object.own();
        loop {
            let mut answer = match self.ask(&asked)? {
                Asked::Value(value) => Some(Some(value)),
                Asked::Nothing => Some(None),
                Asked::Parts(parts, tag) => {
                    frames.try_reserve(1).map_err(|_| Raised::memory())?;
                    frames.push(Frame { object: asked, parts, at: 0, hash: Sha256::new_with_prefix([tag]) });
                    None
                }
            };
            // Gives the answer to the one that asked, and goes on there.
            asked = loop {
                let Some(frame) = frames.last_mut() else { return Ok(answer.flatten()) };
                match answer.take() {
                    Some(Some(value)) => match &mut frame.parts {
                        Parts::Ordered(_) => {
                            frame.hash.update(b"v");
                            frame.hash.update(value);
                        }
                        Parts::Any(_, values) => values.push(value),
                    },
                    Some(None) => {
                        // One part that is no value, and the whole is no value either. The inner ones are asked again.
                        for (depth, frame) in frames.drain(..).enumerate() {
                            if depth > 0 || !self.hashing {
                                self.values.insert(frame.object.ptr().addr(), (frame.object, None));
                            }
                        }
                        return Ok(None);
                    }
                    None => {}
                }
                if let Parts::Ordered(items) = &frame.parts {
                    while let Some(item) = items.tuple_item(frame.at) {
                        if !feed(item, &mut frame.hash)? {
                            break;
                        }
                        frame.at += 1;
                    }
                }
                let next = match &frame.parts {
                    Parts::Ordered(items) => items.tuple_item(frame.at).map(Object::own),
                    Parts::Any(items, _) => items.get(frame.at).cloned(),
                };
                frame.at += 1;
                if let Some(next) = next {
                    break next;
                }
                let Some(mut frame) = frames.pop() else { return Err(Raised::system("a frame was lost")) };
                if let Parts::Any(_, values) = &mut frame.parts {
                    values.sort_unstable();
                    for value in values {
                        frame.hash.update(value);
                    }
                }
                let value = finish(frame.hash);
                // What nobody else holds isn't asked about again where only a hash is wanted.
                if !self.hashing || frame.object.count() > 2 {
                    self.values.insert(frame.object.ptr().addr(), (frame.object, Some(value)));
                }
                answer = Some(Some(value));
            };
        }
    }

    /// What an object is, without its parts.
    fn ask(&mut self, object: &Object) -> Result<Asked> {
        let tagged = |tag: u8, content: &[u8]| {
            let mut hash = Sha256::new_with_prefix([tag]);
            hash.update(content);
            Ok(Asked::Value(finish(hash)))
        };
        match object.kind() {
            Kind::Text => match object.utf8() {
                Ok(text) => tagged(b's', text.as_bytes()),
                Err(raised) => {
                    raised.dismiss();
                    tagged(b's', object.encode_with_surrogates()?.bytes()?)
                }
            },
            Kind::Int => match object.exact_int() {
                Some(value) => tagged(b'i', &value.to_le_bytes()),
                None => tagged(b'I', &object.int_bytes()?),
            },
            Kind::Float => tagged(b'f', &object.float().to_bits().to_le_bytes()),
            Kind::Bytes => tagged(b'b', object.bytes()?),
            Kind::Tuple => {
                if let Some((_, known)) = self.values.get(&object.ptr().addr()) {
                    return Ok(known.map_or(Asked::Nothing, Asked::Value));
                }
                Ok(Asked::Parts(Parts::Ordered(object.own()), b't'))
            }
            Kind::FrozenSet => {
                if let Some((_, known)) = self.values.get(&object.ptr().addr()) {
                    return Ok(known.map_or(Asked::Nothing, Asked::Value));
                }
                let items = list_from(object)?;
                let items = (0..items.list_len()).filter_map(|at| items.list_get(at)).collect();
                Ok(Asked::Parts(Parts::Any(items, Vec::new()), b'z'))
            }
            Kind::Dict | Kind::List | Kind::Set | Kind::ByteArray | Kind::PickleBuffer => Ok(Asked::Nothing),
            kind => {
                if object.is_none() {
                    return tagged(b'N', b"");
                }
                if object.is_true() || object.is_false() {
                    return tagged(b'B', &[u8::from(object.is_true())]);
                }
                self.ask_other(object, kind)
            }
        }
    }

    fn ask_other(&mut self, object: &Object, kind: Kind) -> Result<Asked> {
        if let Some((_, known)) = self.values.get(&object.ptr().addr()) {
            return Ok(known.map_or(Asked::Nothing, Asked::Value));
        }
        if object.is_code() {
            let mut fields = Vec::with_capacity(self.held.code_fields.len());
            for (field, name) in super::code::FIELDS.iter().zip(&self.held.code_fields) {
                fields.push(super::code::field(field, name, object, &self.choices, self.deterministic)?);
            }
            let fields = tuple(&fields.iter().map(|field| &**field).collect::<Vec<_>>())?;
            return Ok(Asked::Parts(Parts::Ordered(fields), b'c'));
        }
        let named = kind == Kind::Class || kind == Kind::Function || object.type_is_metaclass();
        if named {
            if !self.goes_by_name(object)? {
                return Ok(Asked::Nothing);
            }
            let module = object.get(&self.held.names.module)?;
            let name = object.get(&self.held.names.qualname)?;
            return Ok(Asked::Parts(Parts::Ordered(tuple(&[&module, &name])?), b'g'));
        }
        let class = object.class();
        if self.held.attached()?.frozen.dict_find(&class)?.is_some() {
            let reduced = match self.held.dispatch_table.dict_find(&class)? {
                Some(reducer) => reducer.call(&[object])?,
                None => object.get(&self.held.names.reduce_ex)?.call(&[&*crate::python::int(4)?])?,
            };
            if reduced.is_tuple() {
                return Ok(Asked::Parts(Parts::Ordered(reduced), b'r'));
            }
        }
        Ok(Asked::Nothing)
    }

    /// Where equal input gives equal bytes: writes that an equal value has been written, and says whether one has.
    pub(in crate::writer) fn same_value(&mut self, object: &Object, kind: Kind) -> Result<bool> {
        let may_be = match kind {
            Kind::Tuple => object.tuple_len() > 0,
            Kind::FrozenSet => true,
            Kind::Other => {
                object.is_code()
                    || !object.class().is_exactly_type()
                        && self.held.attached()?.frozen.dict_find(&object.class())?.is_some()
            }
            _ => false,
        };
        if !may_be {
            return Ok(false);
        }
        if self.shallow && object.is_code() {
            // Only this process compares it.
            self.out.op(b'C')?;
            self.out.put(&object.hash()?.to_le_bytes())?;
            return Ok(true);
        }
        let Some(value) = self.value(object)? else { return Ok(false) };
        if self.hashing {
            // The hash says it all, and nothing has to be remembered.
            self.out.op(b'V')?;
            self.out.put(&value)?;
            return Ok(true);
        }
        match self.memo.values.get(&value).copied() {
            Some(number) => self.get_number(number).map(|()| true),
            None => Ok(false),
        }
    }
}
