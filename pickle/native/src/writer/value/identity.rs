//! By what a class is known again where it is loaded twice: an id, under which the first one that was loaded is kept, weakly, in
//! a registry that hangs on a module of the standard library. So no library is needed, and nothing leaks.

use crate::python::{Object, Owned, Raised, Result, import, int, interned, text};
use crate::writer::session::Session;
use crate::writer::step::{Step, op};

use super::choice::Identity;
use super::program::{Do, Program, save};
use super::standard::Standard;

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

    /// Finds out what a class is made of, if that isn't known: says whether that has begun, to come back here.
    pub(super) fn identify(&mut self, class: &Owned) -> Result<bool> {
        if self.identity == Identity::Nothing || self.class_contents.contains_key(&class.ptr().addr()) {
            return Ok(false);
        }
        let shallow = self.identity == Identity::Tracked;
        if shallow {
            if let Some(hash) = self.plain_content(class)? {
                self.class_contents.insert(class.ptr().addr(), (class.clone(), hash));
                return Ok(false);
            }
        }
        self.steps.push(Step::Identified { class: class.clone() })?;
        self.suspend_alone(class.clone(), shallow)?;
        Ok(true)
    }

    /// Goes on with a class whose stream has been hashed.
    pub(in crate::writer) fn identified(&mut self, class: Owned) -> Result<()> {
        let Some(hash) = self.hashed.take() else { return Err(Raised::system("a hash was lost")) };
        self.class_contents.insert(class.ptr().addr(), (class.clone(), hash));
        self.begin(class)
    }

    /// The id of a class.
    pub(super) fn class_id(&mut self, class: &Object) -> Result<Owned> {
        let Some((_, hash)) = self.class_contents.get(&class.ptr().addr()) else {
            return Err(Raised::system("a class without an id"));
        };
        let mut content = [0; 16];
        content.copy_from_slice(&hash[..16]);
        let id = if self.identity == Identity::Tracked {
            self.tracked_id(class, content)?
        } else {
            let id = text(&base64(&content))?;
            self.held.attached()?.keep.call(&[class, &id])?;
            id
        };
        // Twins have one id: a loader that meets one of them takes it for the other. In one stream they stay two.
        let base = id.utf8()?;
        if self.memo.ids.insert(base.to_owned()) {
            return Ok(id);
        }
        let mut count = 2;
        loop {
            let unique = format!("{base}#{count}");
            if self.memo.ids.insert(unique.clone()) {
                return text(&unique);
            }
            count += 1;
        }
    }
}

impl Session<'_> {
    /// The id that a class keeps until it changes. One that was loaded has the id that it was loaded with, so that it is itself
    /// again where it comes from.
    fn tracked_id(&self, class: &Object, content: [u8; 16]) -> Result<Owned> {
        let tracked = &self.held.tracked;
        let known = tracked.find(class)?;
        let changed = match known {
            Some(known) if known.content == content => return Ok(known.id),
            known => known.is_some(),
        };
        let loaded = if changed { None } else { self.loaded_id(class)? };
        let was_loaded = loaded.is_some();
        let id = match loaded {
            Some(id) => id,
            None => text(&base64(self.held.urandom.call(&[&*int(16)?])?.bytes()?))?,
        };
        let kept = tracked.keep(class, Tracked { content, id }, |known| known.content == content)?;
        if !was_loaded {
            self.register(&kept.id, class)?;
        }
        Ok(kept.id)
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
    content: [u8; 16],
    id: Owned,
}
