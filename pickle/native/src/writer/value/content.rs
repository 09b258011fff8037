//! What a plain class is made of, found without writing it: the short way to the hash by which [`super::identity`] tells whether a
//! class has changed. It knows atoms, containers of them, functions, what stands around those, and classes that go by name; a class
//! with anything else in it takes the long way, which writes it. Nothing here runs the user's code.

use std::hash::BuildHasher;

use crate::python::{Kind, Object, Result};
use crate::room::Room as _;
use crate::writer::session::{ById, Session};

use super::canon::{Hashes, Value, feed};
use super::code::Facts;

/// What has been found out.
struct Found {
    bytes: Vec<u8>,
    /// The addresses of what can change, each with its number: that it is in two places counts too.
    met: ById<usize>,
}

impl Found {
    /// Meets something that can change; says whether it has been met before.
    fn meet(&mut self, object: &Object) -> Result<bool> {
        let number = self.met.len();
        let known = *self.met.room()?.entry(object.ptr().addr()).or_insert(number);
        if known < number {
            self.length(b'R', known);
        }
        Ok(known < number)
    }

    fn length(&mut self, tag: u8, length: usize) {
        let mut head = [tag; 9];
        head[1..].copy_from_slice(&(length as u64).to_le_bytes());
        self.bytes.update(head);
    }
}

/// How many bytes most classes have here.
const ROOM: usize = 1000;

/// How many attributes a static method or class method has from a function. Where it has another number, somebody has set some.
const COPIED: usize = if cfg!(Py_3_14) {
    4
} else if cfg!(Py_3_10) {
    5
} else {
    0
};

/// How deep values may lie in each other here.
const DEPTH: u32 = 4;

impl Session<'_> {
    /// The hash of what a class is made of; nothing where the long way has to be taken.
    pub(super) fn plain_content(&mut self, class: &Object) -> Result<Option<[u8; 32]>> {
        if !class.is_plain_class() {
            return Ok(None);
        }
        let held = self.held;
        let names = &held.class_names;
        let mut found = Found { bytes: Vec::with_capacity(ROOM), met: ById::default() };
        found.bytes.update(b"plain");
        for descriptor in [&held.of_types.name, &held.of_types.qualname] {
            if !feed(&*class.through(descriptor)?, &mut found.bytes)? {
                return Ok(None);
            }
        }
        let bases = class.through(&held.of_types.bases)?;
        for base in (0..bases.tuple_len()).filter_map(|at| bases.tuple_item(at)) {
            if !base.is_class() || !self.feed_named(base, &mut found)? {
                return Ok(None);
            }
        }
        let content = class.class_dict()?;
        let content = if cfg!(Py_GIL_DISABLED) { content.dict_copy()? } else { content };
        let mut at = 0;
        while let Some((key, value)) = content.dict_next(&mut at) {
            if key.is(&names.slotnames) || names.is_asked_for(&content, &key, &value)? {
                // Only remembered.
                continue;
            }
            if key.is(&names.annotations_cache) || !feed(&key, &mut found.bytes)? {
                return Ok(None);
            }
            if value.is_member_of(class) || value.is_getset() {
                // Where a slot, a dict or weak references are doesn't count: that they are does.
                found.bytes.update(b".");
            } else if !self.feed_value(&value, class, &mut found, DEPTH)? {
                return Ok(None);
            }
        }
        // Only this process compares it, and its keys are nobody else's.
        let mut hash = [0; 32];
        for (part, key) in hash.chunks_exact_mut(8).zip(&held.keys) {
            part.copy_from_slice(&key.hash_one(&found.bytes).to_le_bytes());
        }
        Ok(Some(hash))
    }

    /// Gives a class that goes by name to the hash; says whether it was one.
    fn feed_named(&mut self, class: &Object, found: &mut Found) -> Result<bool> {
        if class.is_exactly_object() {
            found.bytes.update(b"o");
            return Ok(true);
        }
        if !class.is_plain_class() || !self.goes_by_name(class)? {
            return Ok(false);
        }
        found.bytes.update(b"g");
        let (module, name) = (class.get(&self.held.names.module)?, class.get(&self.held.names.qualname)?);
        Ok(feed(&module, &mut found.bytes)? && feed(&name, &mut found.bytes)?)
    }

    /// Gives a value to the hash; says whether it was one that is known here.
    fn feed_value(&mut self, value: &Object, class: &Object, found: &mut Found, depth: u32) -> Result<bool> {
        if feed(value, &mut found.bytes)? {
            return Ok(true);
        }
        if value.is(class) {
            found.bytes.update(b"S");
            return Ok(true);
        }
        let Some(depth) = depth.checked_sub(1) else { return Ok(false) };
        match value.kind() {
            Kind::Tuple => {
                found.length(b't', value.tuple_len());
                for at in 0..value.tuple_len() {
                    let Some(item) = value.tuple_item(at) else { return Ok(false) };
                    if !self.feed_value(item, class, found, depth)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Kind::List => {
                if found.meet(value)? {
                    return Ok(true);
                }
                found.length(b'l', value.list_len());
                for at in 0..value.list_len() {
                    let Some(item) = value.list_get(at) else { return Ok(false) };
                    if !self.feed_value(&item, class, found, depth)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Kind::Dict => self.feed_dict(value, class, found, depth),
            Kind::Function => self.feed_function(value, class, found, depth),
            Kind::Class => self.feed_named(value, found),
            _ if value.is_method_maker() => {
                if found.meet(value)? {
                    return Ok(true);
                }
                let names = &self.held.function_names;
                let parts: &[_] = if value.is_property() {
                    found.bytes.update(b"p");
                    &[&names.fget, &names.fset, &names.fdel, &names.doc]
                } else {
                    if value.get(&self.held.names.dict)?.dict_len() != COPIED {
                        return Ok(false);
                    }
                    found.bytes.update(if value.is_class_method() { b"c" } else { b"s" });
                    &[&names.func]
                };
                for part in parts {
                    if !self.feed_value(&*value.get(part)?, class, found, depth)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn feed_dict(&mut self, dict: &Object, class: &Object, found: &mut Found, depth: u32) -> Result<bool> {
        if found.meet(dict)? {
            return Ok(true);
        }
        let dict = dict.dict_copy()?;
        found.length(b'd', dict.dict_len());
        let mut at = 0;
        while let Some((key, value)) = dict.dict_next(&mut at) {
            if !feed(&key, &mut found.bytes)? || !self.feed_value(&value, class, found, depth)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn feed_function(
        &mut self,
        function: &Object,
        class: &Object,
        found: &mut Found,
        depth: u32,
    ) -> Result<bool> {
        if found.meet(function)? {
            return Ok(true);
        }
        let names = &self.held.function_names;
        if function.function_dict().is_some_and(|own| own.dict_len() > 0)
            || cfg!(Py_3_14) && !function.get(&names.annotate)?.is_none()
            || cfg!(Py_3_12) && function.get(&names.type_params)?.tuple_len() > 0
        {
            return Ok(false);
        }
        let parts = function.function_parts()?;
        let facts = self.facts(&parts.code)?;
        let Some(content) = self.code_content(&parts.code, &facts)? else { return Ok(false) };
        found.bytes.update(b"F");
        found.bytes.update(content);
        for part in
            [&parts.name, &parts.qualname, &parts.module, &parts.doc, &parts.defaults, &parts.kwdefaults]
        {
            if !self.feed_value(part, class, found, depth)? {
                return Ok(false);
            }
        }
        if function.has_annotations() {
            let annotations = function.get(&names.annotations)?;
            if !annotations.is_exact_dict() {
                return Ok(false);
            }
            // Where there are none, somebody has only asked for them.
            if annotations.dict_len() > 0 && !self.feed_dict(&annotations, class, found, depth)? {
                return Ok(false);
            }
        }
        for at in 0..parts.closure.tuple_len() {
            let Some(cell) = parts.closure.tuple_item(at).filter(|cell| cell.is_cell()) else {
                return Ok(false);
            };
            if found.meet(cell)? {
                continue;
            }
            match cell.cell_content()? {
                None => found.bytes.update(b"e"),
                Some(content) if self.feed_value(&content, class, found, depth)? => {}
                Some(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The hash of a code object; nothing where something in it is known by its identity.
    fn code_content(&mut self, code: &Object, facts: &Facts) -> Result<Option<Value>> {
        match self.flat_code(facts)? {
            Some(content) => Ok(Some(content)),
            None => self.value(code),
        }
    }
}
