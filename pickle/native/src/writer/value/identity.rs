//! By what a class is known again where it is loaded twice: an id, under which the first one that was loaded is kept, weakly, in
//! a registry that hangs on a module of the standard library. So no library is needed, and nothing leaks.

use crate::python::{Object, Owned, Raised, Result, import, int, interned, text};
use crate::writer::session::Session;
use crate::writer::step::{Step, op};

use super::choice::Identity;
use super::program::{Do, Program, save};
use super::standard::Standard;
use crate::room::Room as _;

impl Session<'_> {
    /// Writes the registry of classes.
    pub(super) fn registry(&mut self, program: &mut Program) -> Result<()> {
        if let Some(number) = self.memo.registry {
            return self.get_number(number);
        }
        program.then(vec![
            Do::Standard(Standard::SetDefault),
            Do::Standard(Standard::CopyReg),
            save(&self.held.class_names.registry),
            Do::Standard(Standard::WeakValues),
            Do::Bytes(&[op::EMPTY_TUPLE, op::REDUCE, op::TUPLE3, op::REDUCE]),
            Do::PutRegistry,
        ]);
        Ok(())
    }

    /// Finds out by what a class is known again, if that isn't known: says whether that has begun, to come back here.
    pub(super) fn identify(&mut self, class: &Owned) -> Result<bool> {
        let address = class.ptr().addr();
        match self.identity {
            Identity::Nothing => Ok(false),
            Identity::Content => {
                if self.class_contents.contains_key(&address) {
                    return Ok(false);
                }
                self.hash_class(class, Which::Whole)
            }
            Identity::Tracked => {
                let own = match self.class_contents.get(&address) {
                    Some((_, contents)) if contents.id.is_some() || contents.whole.is_some() => {
                        return Ok(false);
                    }
                    Some((_, contents)) => contents.own,
                    None => self.plain_content(class)?,
                };
                let Some(own) = own else { return self.hash_class(class, Which::Own) };
                let contents = Contents { own: Some(own), whole: None, id: self.known_id(class, own)? };
                let new = contents.id.is_none();
                self.class_contents.room()?.insert(address, (class.clone(), contents));
                // Classes that reach each other are all hashed with each of them: from some bytes on they get what ids they get.
                let whole = new && self.lenient && self.class_bytes < WHOLE_MOST;
                if whole { self.hash_class(class, Which::Whole) } else { Ok(false) }
            }
        }
    }

    fn hash_class(&mut self, class: &Owned, which: Which) -> Result<bool> {
        self.steps.push(Step::Identified { class: class.clone(), which })?;
        self.suspend_alone(class.clone(), which == Which::Own)?;
        Ok(true)
    }

    /// Goes on with a class whose stream has been hashed.
    pub(in crate::writer) fn identified(&mut self, class: Owned, which: Which) -> Result<()> {
        let Some(hash) = self.hashed.take() else { return Err(Raised::system("a hash was lost")) };
        let new = || (class.clone(), Contents::default());
        let (_, contents) = self.class_contents.room()?.entry(class.ptr().addr()).or_insert_with(new);
        match which {
            Which::Own => contents.own = Some(hash),
            Which::Whole => contents.whole = Some(hash),
        }
        self.begin(class)
    }

    /// The id of a class.
    pub(super) fn class_id(&mut self, class: &Object) -> Result<Owned> {
        let Some((_, contents)) = self.class_contents.get(&class.ptr().addr()) else {
            return Err(Raised::system("a class without an id"));
        };
        let contents = contents.clone();
        if let Some(id) = contents.id {
            return self.unique_id(id);
        }
        let id = match contents.whole {
            Some(whole) => text(&base64(&whole[..ID]))?,
            None => text(&base64(self.held.urandom.call(&[&*int(ID as i64)?])?.bytes()?))?,
        };
        let id = self.unique_id(id)?;
        if self.identity == Identity::Content {
            self.held.attached()?.keep.call(&[class, &id])?;
            return Ok(id);
        }
        let Some(content) = contents.own else { return Err(Raised::system("a class without a content")) };
        let kept =
            self.held.tracked.keep(class, Tracked { content, id }, |known| known.content == content)?;
        self.register(&kept.id, class)?;
        Ok(kept.id)
    }

    /// Writes a type parameter that was reduced to a call: where it is loaded twice, or where it came from, it is the same one, as
    /// the class that has it.
    pub(super) fn known_again(&mut self, object: Owned, reduced: Owned) -> Result<()> {
        if !reduced.is_tuple() || reduced.tuple_len() != 2 {
            return self.reduced(object, reduced);
        }
        let (Some(make), Some(arguments)) = (reduced.tuple_item(0), reduced.tuple_item(1)) else {
            return self.reduced(object, reduced);
        };
        let address = object.ptr().addr();
        let Some(content) = self.class_contents.get(&address).and_then(|(_, contents)| contents.whole) else {
            return self.hash_class(&object, Which::Whole).map(drop);
        };
        let id = self.parameter_id(&object, content)?;
        let steps = vec![
            Do::Standard(Standard::WeakSetDefault),
            Do::Registry,
            Do::Alone(id),
            save(make),
            save(arguments),
            Do::Bytes(&[op::REDUCE, op::TUPLE3, op::REDUCE]),
            Do::Put(object.clone()),
        ];
        self.run(Program::new(object, "type parameter", steps))
    }

    fn parameter_id(&mut self, object: &Object, content: [u8; 32]) -> Result<Owned> {
        if self.identity == Identity::Content {
            let id = self.unique_id(text(&base64(&content[..ID]))?)?;
            self.held.attached()?.keep.call(&[object, &id])?;
            return Ok(id);
        }
        if let Some(id) = self.known_id(object, content)? {
            return self.unique_id(id);
        }
        let id = self.unique_id(text(&base64(&content[..ID]))?)?;
        let kept =
            self.held.tracked.keep(object, Tracked { content, id }, |known| known.content == content)?;
        self.register(&kept.id, object)?;
        Ok(kept.id)
    }

    /// An id that no other class of the stream has. Twins have one id: a loader that meets one of them takes it for the other. In
    /// one stream they stay two.
    fn unique_id(&mut self, id: Owned) -> Result<Owned> {
        let base = id.utf8()?;
        if self.memo.ids.room()?.insert(base.to_owned()) {
            return Ok(id);
        }
        let mut count = 2;
        loop {
            let unique = format!("{base}#{count}");
            if self.memo.ids.room()?.insert(unique.clone()) {
                return text(&unique);
            }
            count += 1;
        }
    }
}

/// How many bytes are hashed in one dump for the ids of classes.
const WHOLE_MOST: usize = 1 << 25;

/// How many bytes of a hash an id is made of.
const ID: usize = 16;

/// Which hash of a class.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Of the class itself: that tells whether it has changed.
    Own,
    /// Of all that it reaches: two programs whose classes differ in what they reach mustn't take one for the other.
    Whole,
}

/// What is known about a class in this dump.
#[derive(Clone, Default)]
pub(crate) struct Contents {
    own: Option<[u8; 32]>,
    whole: Option<[u8; 32]>,
    /// What it had by then.
    id: Option<Owned>,
}

impl Session<'_> {
    /// The id that a class has, which it keeps until it changes. One that was loaded has the id that it was loaded with, so that it
    /// is itself again where it comes from.
    fn known_id(&self, class: &Object, content: [u8; 32]) -> Result<Option<Owned>> {
        let tracked = &self.held.tracked;
        match tracked.find(class)? {
            Some(known) if known.content == content => return Ok(Some(known.id)),
            Some(_) => return Ok(None),
            None => {}
        }
        let Some(id) = self.loaded_id(class)? else { return Ok(None) };
        let kept = tracked.keep(class, Tracked { content, id }, |known| known.content == content)?;
        Ok(Some(kept.id))
    }

    /// Puts a class into the registry: loaded in this process, it is the class itself.
    fn register(&self, id: &Object, class: &Object) -> Result<()> {
        let held = self.held;
        let copyreg = &held.standards.get(Standard::CopyReg)?.object;
        let registry = match copyreg.dict_find(&held.class_names.registry)? {
            Some(registry) if !registry.is_none() => registry,
            _ => held.attached()?.registry.call(&[])?,
        };
        let weak = held.weak_values()?;
        if !registry.class().is(&weak.class) {
            return registry.item_set(id, class);
        }
        // What `registry[id] = class` does, without four calls of functions in Python.
        let reference = weak.new.call(&[&weak.keyed, class, &*registry.get(&weak.remove)?])?;
        reference.set(&weak.key, id)?;
        registry.get(&weak.data)?.item_set(id, &reference)
    }

    /// The id that a class was loaded with, if it was: the registry has it weakly then, under that id.
    fn loaded_id(&self, class: &Object) -> Result<Option<Owned>> {
        let held = self.held;
        let keyed = &held.weak_values()?.keyed;
        let references = held.weak_references.call(&[class])?;
        for at in 0..references.list_len() {
            if references.list_item(at)?.type_ptr().cast() == keyed.ptr() {
                let id = held.attached()?.loaded_id.call(&[class, &references])?;
                return Ok(Some(id).filter(|id| !id.is_none()));
            }
        }
        Ok(None)
    }
}

/// What a `WeakValueDictionary` is made of.
pub(crate) struct WeakValues {
    class: Owned,
    keyed: Owned,
    /// `ref.__new__`.
    new: Owned,
    key: Owned,
    data: Owned,
    remove: Owned,
}

impl WeakValues {
    pub(crate) fn find() -> Result<Self> {
        let weakref = import(c"weakref")?;
        Ok(Self {
            class: weakref.get(&*interned("WeakValueDictionary")?)?,
            keyed: weakref.get(&*interned("KeyedRef")?)?,
            new: weakref.get(&*interned("ref")?)?.get(&*interned("__new__")?)?,
            key: interned("key")?,
            data: interned("data")?,
            remove: interned("_remove")?,
        })
    }

    /// What a cycle may lead through.
    pub(crate) fn objects(&self) -> [&Owned; 3] {
        [&self.class, &self.keyed, &self.new]
    }
}

/// Bytes in base 64, without what fills the end: as short as text can have them.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 1);
    for three in bytes.chunks(3) {
        let number =
            three.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..=three.len() {
            let digit = DIGITS[(number >> (18 - 6 * at)) as usize & 63];
            text.push(char::from(digit));
        }
    }
    text
}

/// The id of a class of this process, and what the class was made of when it got it.
#[derive(Clone)]
pub(crate) struct Tracked {
    content: [u8; 32],
    id: Owned,
}
