//! What a value is, apart from which object it is: its class and its bits, as a hash. Two objects that can't change and have one
//! hash are one value: where equal input has to give equal bytes, they have one number in the memo, whichever of them Python has
//! kept once.
//!
//! A value is an atom, a tuple or frozenset of values, a code object, what is found by its name, or an object of a class that
//! the Python half names, by what it is reduced to. Everything else is known by its identity.
//!
//! Between both stand aliases of types, such as `Optional[C]`. `typing` keeps equal ones once, if it has seen both lately: so two
//! of them are the same where their parts are the same, each part being a value or known by its identity.

use sha2::{Digest, Sha256};

use crate::python::{Kind, Object, Owned, Raised, Result, list_from, tuple};
use crate::room::Room as _;
use crate::writer::session::Session;

/// A hash of a value.
pub(crate) type Value = [u8; 16];

/// What an object is, apart from which object it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// A value, which has this hash in every process.
    Value(Value),
    /// An alias with parts that are known by their identity: the hash holds in this dump.
    Here(Value),
    /// It is known by its identity.
    Nothing,
}

/// A value whose parts are being asked for.
struct Frame {
    object: Owned,
    parts: Parts,
    at: usize,
    hash: Sha256,
    /// It is an alias, or what holds the parts of one: parts may be known by their identity.
    alias: bool,
    /// Some are.
    here: bool,
}

enum Parts {
    /// In this order.
    Ordered(Owned),
    /// In any order: their hashes are sorted.
    Any(Vec<Owned>, Vec<Value>),
}

/// What an object is, as far as is known without its parts.
enum Asked {
    Known(Known),
    Parts(Parts, u8),
    Alias(Owned),
}

/// What takes bytes to be hashed.
pub(super) trait Hashes {
    /// Takes some more.
    fn update(&mut self, bytes: impl AsRef<[u8]>);
}

impl Hashes for Sha256 {
    fn update(&mut self, bytes: impl AsRef<[u8]>) {
        Digest::update(self, bytes);
    }
}

/// How many bytes are kept to be hashed with others.
const TOGETHER: usize = 4096;

/// Bytes that are hashed all at once: that is faster where they are few. Of more, their length is told first.
impl Hashes for Vec<u8> {
    fn update(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if bytes.len() <= TOGETHER {
            self.extend_from_slice(bytes);
        } else {
            self.extend_from_slice(&Sha256::digest(bytes));
        }
    }
}

/// Gives an atom to the hash of what holds it, with its class and its length; says whether it was one.
pub(super) fn feed(object: &Object, hash: &mut impl Hashes) -> Result<bool> {
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

impl Frame {
    /// The next part that has to be asked for; atoms before it go into the hash.
    fn next(&mut self) -> Result<Option<Owned>> {
        if let Parts::Ordered(items) = &self.parts {
            while let Some(item) = items.tuple_item(self.at) {
                if !feed(item, &mut self.hash)? {
                    break;
                }
                self.at += 1;
            }
        }
        let next = match &self.parts {
            Parts::Ordered(items) => items.tuple_item(self.at).map(Object::own),
            Parts::Any(items, _) => items.get(self.at).cloned(),
        };
        self.at += 1;
        Ok(next)
    }

    /// What the whole is, now that all parts are known.
    fn finish(mut self) -> (Owned, Known) {
        if let Parts::Any(_, values) = &mut self.parts {
            values.sort_unstable();
            for value in values {
                Digest::update(&mut self.hash, value);
            }
        }
        let value = finish(self.hash);
        (self.object, if self.here { Known::Here(value) } else { Known::Value(value) })
    }
}

pub(super) fn finish(hash: Sha256) -> Value {
    let whole: [u8; 32] = hash.finalize().into();
    let mut short = [0; 16];
    short.copy_from_slice(&whole[..16]);
    short
}

impl Session<'_> {
    /// What an object is, apart from which object it is.
    pub(in crate::writer) fn known(&mut self, object: &Object) -> Result<Known> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut asked = object.own();
        loop {
            let within = frames.last().is_some_and(|frame| frame.alias);
            let (parts, tag, alias) = match self.ask(&asked)? {
                Asked::Parts(parts, tag) => (Ok(parts), tag, within && tag == b't'),
                Asked::Alias(reduced) => (Ok(Parts::Ordered(reduced)), b'r', true),
                // A list that was just made to hold an alias's parts.
                Asked::Known(Known::Nothing) if within && asked.is_exact_list() && asked.count() <= 2 => {
                    (Ok(Parts::Ordered(asked.list_tuple()?)), b'l', true)
                }
                Asked::Known(known) => (Err(known), 0, false),
            };
            let mut answer = None;
            match parts {
                Ok(parts) => {
                    frames.try_reserve(1).map_err(|_| Raised::memory())?;
                    let hash = Sha256::new_with_prefix([tag]);
                    frames.room()?.push(Frame { object: asked, parts, at: 0, hash, alias, here: false });
                }
                Err(known) => answer = Some((asked, known)),
            }
            // Gives the answer to the one that asked, and goes on there.
            asked = loop {
                if let Some((part, known)) = answer.take() {
                    let Some(frame) = frames.last_mut() else { return Ok(known) };
                    if !self.give(frame, part, known)? {
                        // One part that is no value, and the whole is no value either. The inner ones are asked again.
                        let Some(frame) = frames.pop() else {
                            return Err(Raised::system("a frame was lost"));
                        };
                        if !self.hashing || !frames.is_empty() {
                            let whole = frame.object.clone();
                            self.values.room()?.insert(whole.ptr().addr(), (whole, Known::Nothing));
                        }
                        answer = Some((frame.object, Known::Nothing));
                        continue;
                    }
                }
                let Some(frame) = frames.last_mut() else { return Err(Raised::system("a frame was lost")) };
                if let Some(next) = frame.next()? {
                    break next;
                }
                let Some(frame) = frames.pop() else { return Err(Raised::system("a frame was lost")) };
                let (whole, known) = frame.finish();
                // What nobody else holds isn't asked about again where only a hash is wanted.
                if !self.hashing || matches!(known, Known::Here(_)) || whole.count() > 2 {
                    self.values.room()?.insert(whole.ptr().addr(), (whole.clone(), known));
                }
                answer = Some((whole, known));
            };
        }
    }

    /// Gives what is known of a part to what asked for it; says whether that can still be a value.
    fn give(&mut self, frame: &mut Frame, part: Owned, known: Known) -> Result<bool> {
        match (known, &mut frame.parts) {
            (Known::Value(value), Parts::Ordered(_)) => {
                Digest::update(&mut frame.hash, b"v");
                Digest::update(&mut frame.hash, value);
            }
            (Known::Value(value), Parts::Any(_, values)) => values.room()?.push(value),
            (Known::Here(value), Parts::Ordered(_)) if frame.alias => {
                frame.here = true;
                Digest::update(&mut frame.hash, b"h");
                Digest::update(&mut frame.hash, value);
            }
            (Known::Nothing, Parts::Ordered(_)) if frame.alias => {
                frame.here = true;
                Digest::update(&mut frame.hash, b"#");
                Digest::update(&mut frame.hash, (part.ptr().addr() as u64).to_le_bytes());
                // Kept, because it is known by its address.
                self.values.room()?.insert(part.ptr().addr(), (part, Known::Nothing));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Tells whether an object is a tuple of type parameters, and of nothing else.
    fn is_of_parameters(&self, tuple: &Object) -> Result<bool> {
        let attached = self.held.attached()?;
        for item in (0..tuple.tuple_len()).filter_map(|at| tuple.tuple_item(at)) {
            if item.kind() != Kind::Other {
                return Ok(false);
            }
            match attached.reducers.dict_find(&item.class())? {
                Some(reducer) if attached.known.dict_has(&reducer)? => {}
                _ => return Ok(false),
            }
        }
        Ok(tuple.tuple_len() > 0)
    }

    /// The hash of a value; nothing for what is known by its identity, be it in part.
    pub(in crate::writer) fn value(&mut self, object: &Object) -> Result<Option<Value>> {
        Ok(match self.known(object)? {
            Known::Value(value) => Some(value),
            _ => None,
        })
    }

    /// What an object is, without its parts.
    fn ask(&mut self, object: &Object) -> Result<Asked> {
        let tagged = |tag: u8, content: &[u8]| {
            let mut hash = Sha256::new_with_prefix([tag]);
            Digest::update(&mut hash, content);
            Ok(Asked::Known(Known::Value(finish(hash))))
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
                    return Ok(Asked::Known(*known));
                }
                if self.is_of_parameters(object)? {
                    // Which tuple of them it is doesn't count: a class that is there by then has another one than the stream.
                    let mut hash = Sha256::new_with_prefix([b'T']);
                    for item in (0..object.tuple_len()).filter_map(|at| object.tuple_item(at)) {
                        Digest::update(&mut hash, (item.ptr().addr() as u64).to_le_bytes());
                    }
                    let known = Known::Here(finish(hash));
                    self.values.room()?.insert(object.ptr().addr(), (object.own(), known));
                    return Ok(Asked::Known(known));
                }
                Ok(Asked::Parts(Parts::Ordered(object.own()), b't'))
            }
            Kind::FrozenSet => {
                if let Some((_, known)) = self.values.get(&object.ptr().addr()) {
                    return Ok(Asked::Known(*known));
                }
                let items = list_from(object)?;
                let items = (0..items.list_len()).filter_map(|at| items.list_get(at)).collect();
                Ok(Asked::Parts(Parts::Any(items, Vec::new()), b'z'))
            }
            Kind::Dict | Kind::List | Kind::Set | Kind::ByteArray | Kind::PickleBuffer => {
                Ok(Asked::Known(Known::Nothing))
            }
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
            return Ok(Asked::Known(*known));
        }
        if object.is_code() {
            let facts = self.facts(object)?;
            if let Some(value) = self.flat_code(&facts)? {
                let known = Known::Value(value);
                self.values.room()?.insert(object.ptr().addr(), (object.own(), known));
                return Ok(Asked::Known(known));
            }
            return Ok(Asked::Parts(Parts::Ordered(self.code_parts(&facts)?), b'c'));
        }
        let named = kind == Kind::Class || kind == Kind::Function || object.type_is_metaclass();
        if named {
            if !self.goes_by_name(object)? {
                return Ok(Asked::Known(Known::Nothing));
            }
            let module = object.get(&self.held.names.module)?;
            let name = object.get(&self.held.names.qualname)?;
            return Ok(Asked::Parts(Parts::Ordered(tuple(&[&module, &name])?), b'g'));
        }
        let class = object.class();
        if let Some(how) = self.held.attached()?.frozen.dict_find(&class)? {
            let reduced = match self.held.dispatch_table.dict_find(&class)? {
                Some(reducer) => reducer.call(&[object])?,
                None => object.get(&self.held.names.reduce_ex)?.call(&[&*crate::python::int(4)?])?,
            };
            if reduced.is_tuple() {
                return Ok(if how.is_true() {
                    Asked::Parts(Parts::Ordered(reduced), b'r')
                } else {
                    Asked::Alias(reduced)
                });
            }
            if reduced.is_text() {
                // There is one of it, which is found by this name.
                return Ok(Asked::Parts(Parts::Ordered(tuple(&[&class, &reduced])?), b'o'));
            }
        }
        Ok(Asked::Known(Known::Nothing))
    }

    /// Tells whether an object of that kind can be a value, atoms apart.
    pub(super) fn may_be_value(&self, object: &Object, kind: Kind) -> Result<bool> {
        Ok(match kind {
            Kind::Tuple => object.tuple_len() > 0,
            Kind::FrozenSet => true,
            Kind::Other => {
                object.is_code()
                    || !object.class().is_exactly_type()
                        && self.held.attached()?.frozen.dict_find(&object.class())?.is_some()
            }
            _ => false,
        })
    }

    /// Where equal input gives equal bytes: writes that an equal value has been written, and says whether one has.
    pub(in crate::writer) fn same_value(&mut self, object: &Object, kind: Kind) -> Result<bool> {
        if !self.may_be_value(object, kind)? {
            return Ok(false);
        }
        if !self.hashing {
            let known = if Self::is_flat(object) {
                self.memo.atoms.get_flat(object)
            } else if object.is_code() {
                self.known_code(object)?
            } else {
                return self.same_hashed(object);
            };
            return match known {
                Some(number) => self.get_number(number).map(|()| true),
                None => Ok(false),
            };
        }
        self.same_hashed(object)
    }

    /// Tells whether an object is a tuple of atoms, or of such tuples.
    pub(in crate::writer) fn is_flat(object: &Object) -> bool {
        object.kind() == Kind::Tuple && super::code::is_flat(object, super::atoms::FLAT)
    }

    /// The number of a value that has been written.
    pub(super) fn value_number(&mut self, object: &Object) -> Result<Option<usize>> {
        if Self::is_flat(object) {
            return Ok(self.memo.atoms.get_flat(object));
        }
        if object.is_code() {
            return self.known_code(object);
        }
        Ok(match self.known(object)? {
            Known::Value(value) => self.memo.values.get(&value).copied(),
            Known::Here(value) => self.aliases.get(&value).copied(),
            Known::Nothing => None,
        })
    }

    fn same_hashed(&mut self, object: &Object) -> Result<bool> {
        let value = match self.known(object)? {
            Known::Value(value) => value,
            Known::Here(value) if !self.hashing => {
                return match self.aliases.get(&value).copied() {
                    Some(number) => self.get_number(number).map(|()| true),
                    None => Ok(false),
                };
            }
            _ => return Ok(false),
        };
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
