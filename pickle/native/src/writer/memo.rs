//! The memo: which objects have been written, and as which number. Keeps each object alive, so that no address is used twice.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::python::{Object, Owned, Raised, Result};

use super::session::ById;
use super::value::{Atoms, Codes, Space, Value};

/// An open hash table from an object's identity to its number.
#[derive(Default)]
pub(crate) struct Memo {
    /// A power of two, or nothing.
    slots: Vec<Option<Entry>>,
    /// How many of them are taken.
    count: usize,
    /// The next number: some are under no object.
    next: usize,
    /// The copies of functions' globals.
    pub(crate) spaces: ById<Space>,
    /// The number of the registry of classes.
    pub(crate) registry: Option<usize>,
    /// Numbers of text, bytes and tuples of atoms, where those count by their content.
    pub(crate) atoms: Atoms,
    /// Numbers of code objects, where those count by their content.
    pub(crate) codes: Codes,
    /// Numbers of other values.
    pub(crate) values: HashMap<Value, usize, BuildHasherDefault<Hashed>>,
    /// Submodules that the stream imports.
    pub(crate) imported: HashSet<String>,
    /// Ids of classes.
    pub(crate) ids: HashSet<String>,
    /// Values are known by what they are, and not by which object they are.
    pub(crate) canonical: bool,
    /// Not all of them are.
    pub(crate) mixed: bool,
}

/// Takes some bits of what is a hash by itself.
#[derive(Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}

struct Entry {
    object: Owned,
    number: usize,
}

impl Memo {
    /// The number of the next object.
    pub(crate) fn len(&self) -> usize {
        self.next
    }

    /// Gives the next number to something that is no object of the caller's.
    pub(crate) fn put_nothing(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// Where an object is, or where it would be.
    #[inline]
    fn place(slots: &[Option<Entry>], object: *mut pyo3_ffi::PyObject) -> usize {
        let mask = slots.len() - 1;
        // Neighbours in memory are neighbours here: objects of a graph are often made one after the other.
        let mut at = (object.addr() >> 4) & mask;
        let mut step = 0;
        while let Some(entry) = &slots[at] {
            if entry.object.ptr() == object {
                break;
            }
            step += 1;
            at = (at + step) & mask;
        }
        at
    }

    /// The number of an object.
    #[inline]
    pub(crate) fn get(&self, object: &Object) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots[Self::place(&self.slots, object.ptr())].as_ref().map(|entry| entry.number)
    }

    /// Gives an object the next number.
    #[inline]
    pub(crate) fn put(&mut self, object: &Object) -> Result<usize> {
        let number = self.next;
        self.set(object, number)?;
        Ok(number)
    }

    /// Gives an object a number.
    #[inline]
    pub(crate) fn set(&mut self, object: &Object, number: usize) -> Result<()> {
        if (self.count + 1) * 3 > self.slots.len() * 2 {
            self.grow()?;
        }
        let at = Self::place(&self.slots, object.ptr());
        match &mut self.slots[at] {
            Some(entry) => entry.number = number,
            slot @ None => {
                *slot = Some(Entry { object: object.own(), number });
                self.count += 1;
            }
        }
        self.next = self.next.max(number + 1);
        Ok(())
    }

    #[cold]
    fn grow(&mut self) -> Result<()> {
        // New memory is what a large table costs most: it doubles, a small one grows faster.
        let faster = if self.count < 50_000 { 4 } else { 2 };
        let length = (self.slots.len() * faster).max(64);
        let mut slots = Vec::new();
        slots.try_reserve_exact(length).map_err(|_| Raised::memory())?;
        slots.resize_with(length, || None);
        for entry in self.slots.drain(..).flatten() {
            let at = Self::place(&slots, entry.object.ptr());
            slots[at] = Some(entry);
        }
        self.slots = slots;
        Ok(())
    }

    /// Takes out what got its number in a dump that failed: what was in the memo before stays.
    pub(crate) fn forget_from(&mut self, number: usize) -> Vec<Owned> {
        let (mut kept, mut gone) = (Self::default(), Vec::new());
        if number == 0 {
            return self.clear();
        }
        for entry in core::mem::take(&mut self.slots).into_iter().flatten() {
            // Without memory, all of it goes: a number too few is a longer stream, one too many a wrong one.
            if entry.number >= number || kept.set(&entry.object, entry.number).is_err() {
                gone.push(entry.object);
            }
        }
        kept.next = number;
        let mut before = core::mem::replace(self, kept);
        // Those of copies and classes that were begun are gone with them.
        self.spaces = core::mem::take(&mut before.spaces);
        self.spaces.retain(|_, space| space.number < number);
        self.atoms = core::mem::take(&mut before.atoms);
        self.atoms.keep_below(number);
        self.codes = core::mem::take(&mut before.codes);
        self.codes.keep_below(number);
        self.values = core::mem::take(&mut before.values);
        self.values.retain(|_, known| *known < number);
        // One too many is another id for a twin, one too few the same for two.
        self.ids = core::mem::take(&mut before.ids);
        (self.canonical, self.mixed) = (before.canonical, before.mixed);
        self.registry = before.registry.filter(|registry| *registry < number);
        gone
    }

    /// How many objects are in it.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The objects, each with its number.
    pub(crate) fn numbered(&self) -> Result<Vec<(Owned, usize)>> {
        let mut all = Vec::new();
        all.try_reserve_exact(self.count).map_err(|_| Raised::memory())?;
        all.extend(self.entries().map(|(object, number)| (object.own(), number)));
        Ok(all)
    }

    /// Takes objects out, whose numbers stay taken.
    pub(crate) fn take_out(&mut self, objects: &[Owned]) -> Result<()> {
        if objects.is_empty() {
            return Ok(());
        }
        let mut out = ById::default();
        out.try_reserve(objects.len()).map_err(|_| Raised::memory())?;
        out.extend(objects.iter().map(|object| (object.ptr().addr(), ())));
        let mut kept = Self::default();
        let stays = |entry: &&Entry| !out.contains_key(&entry.object.ptr().addr());
        for entry in self.slots.iter().flatten().filter(stays) {
            kept.set(&entry.object, entry.number)?;
        }
        // The caller has what falls out: nothing ends here.
        (self.slots, self.count) = (core::mem::take(&mut kept.slots), kept.count);
        Ok(())
    }

    /// Takes everything out. Dropping an object may run any code: the caller does so when the memo is whole again.
    pub(crate) fn clear(&mut self) -> Vec<Owned> {
        self.count = 0;
        self.next = 0;
        self.registry = None;
        self.atoms.clear();
        self.codes.clear();
        self.values.clear();
        self.imported.clear();
        self.ids.clear();
        (self.canonical, self.mixed) = (false, false);
        // A copy holds its globals, whose end may run any code; what they hold is dropped with what is returned.
        let spaces: Vec<Owned> = self.spaces.drain().flat_map(|(_, space)| space.into_objects()).collect();
        let mut gone = core::mem::take(&mut self.slots)
            .into_iter()
            .flatten()
            .map(|entry| entry.object)
            .collect::<Vec<_>>();
        gone.extend(spaces);
        gone
    }

    /// Everything in it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Object, usize)> {
        self.slots.iter().flatten().map(|entry| (&*entry.object, entry.number))
    }

    /// How many bytes it takes, the objects apart.
    pub(crate) fn size(&self) -> usize {
        self.slots.capacity() * size_of::<Option<Entry>>()
    }
}
