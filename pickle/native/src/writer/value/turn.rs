//! From where on equal input gives equal bytes, where nothing was said: from the start, if something that goes by value is seen at
//! first glance, else from the first such thing on. What has been written until then is written as Python's own pickler does it, so
//! data alone has its bytes. From then on the rules of [`super::canon`] hold: text, bytes and other values that have been written are
//! known by what they are from there on, and no longer by which object they are.
//!
//! Nothing is written twice for that, and nobody is asked twice.

use crate::python::{Kind, Object, Owned, Raised, Result};
use crate::writer::session::Session;
use crate::writer::step::Step;

use super::canon::Known;
use crate::room::Room as _;

/// How many objects are looked at before a dump begins, and how deep.
const GLANCES: usize = 64;
const GLANCE_DEPTH: u32 = 3;

/// How much may have been written to be known again by what it is.
const KNOWN_MOST: usize = 20_000;

impl Session<'_> {
    /// Tells whether something that goes by value is seen in what is dumped, without asking anybody.
    pub(in crate::writer) fn sees_values(&self, root: &Object) -> Result<bool> {
        if !self.choices.values || self.options.protocol < 4 {
            return Ok(false);
        }
        let (mut left, mut known) = (GLANCES, None);
        self.glance(root, GLANCE_DEPTH, &mut left, &mut known)
    }

    /// `known` is a class that goes by name.
    fn glance(
        &self,
        object: &Object,
        depth: u32,
        left: &mut usize,
        known: &mut Option<Owned>,
    ) -> Result<bool> {
        let Some(fewer) = left.checked_sub(1) else { return Ok(false) };
        *left = fewer;
        let kind = object.kind();
        match kind {
            Kind::Text | Kind::Int | Kind::Float | Kind::Bytes | Kind::ByteArray | Kind::PickleBuffer => {
                return Ok(false);
            }
            Kind::Function => return Ok(!self.goes_by_name(object)?),
            Kind::Class => return Ok(object.is_heap_class() && !self.goes_by_name(object)?),
            Kind::Other => {
                if object.is_code() || object.is_cell() {
                    return Ok(true);
                }
                let class = object.class();
                if !class.is_plain_class()
                    || !class.is_heap_class()
                    || known.as_ref().is_some_and(|known| known.is(&class))
                {
                    return Ok(false);
                }
                let named = self.goes_by_name(&class)?;
                *known = Some(class);
                return Ok(!named);
            }
            _ => {}
        }
        let Some(depth) = depth.checked_sub(1) else { return Ok(false) };
        match kind {
            Kind::Tuple => {
                for item in (0..object.tuple_len()).map_while(|at| object.tuple_item(at)) {
                    if *left == 0 || self.glance(item, depth, left, known)? {
                        return Ok(*left > 0);
                    }
                }
            }
            Kind::List => {
                for item in (0..object.list_len()).map_while(|at| object.list_get(at)) {
                    if *left == 0 || self.glance(&item, depth, left, known)? {
                        return Ok(*left > 0);
                    }
                }
            }
            Kind::Dict => {
                let mut at = 0;
                while let Some((key, value)) = object.dict_next(&mut at) {
                    for item in [key, value] {
                        if *left == 0 || self.glance(&item, depth, left, known)? {
                            return Ok(*left > 0);
                        }
                    }
                }
            }
            // In which order Python goes through it mustn't count: all of it, or nothing.
            _ if object.set_len() < *left => {
                let members = object.iterate()?;
                let mut seen = false;
                while let Some(member) = members.next()? {
                    seen |= self.glance(&member, 0, left, known)?;
                }
                return Ok(seen);
            }
            _ => {}
        }
        Ok(false)
    }

    /// Comes to something that goes by value.
    #[inline]
    pub(in crate::writer) fn turn(&mut self) -> Result<()> {
        if self.deterministic || !self.lenient { Ok(()) } else { self.turned() }
    }

    #[cold]
    fn turned(&mut self) -> Result<()> {
        self.deterministic = true;
        self.memo.canonical = true;
        if self.memo.count() > KNOWN_MOST {
            // It stays known by which object it is: to look at all of it would take what the dump itself takes.
            self.memo.mixed = true;
            return Ok(());
        }
        let mut before = self.memo.numbered()?;
        before.sort_unstable_by_key(|(_, number)| *number);
        let mut values = Vec::new();
        values.try_reserve(before.len()).map_err(|_| Raised::memory())?;
        for (object, number) in before {
            let kind = object.kind();
            // Of several that are equal, the first.
            if matches!(kind, Kind::Text | Kind::Bytes) {
                self.memo.atoms.put(&object, number)?;
                values.room()?.push(object);
            } else if Self::is_flat(&object) {
                self.memo.atoms.put_flat(&object, number)?;
                values.room()?.push(object);
            } else if self.may_be_value(&object, kind)? {
                match self.known(&object)? {
                    Known::Value(value) => {
                        self.memo.values.try_reserve(1).map_err(|_| Raised::memory())?;
                        self.memo.values.room()?.entry(value).or_insert(number);
                        values.room()?.push(object);
                    }
                    Known::Here(value) => {
                        self.aliases.try_reserve(1).map_err(|_| Raised::memory())?;
                        self.aliases.room()?.entry(value).or_insert(number);
                    }
                    Known::Nothing => {}
                }
            }
        }
        self.memo.take_out(&values)?;
        // What is open may be a value too, and gets its number when it is finished. Outer ones first, as they are begun.
        let open: Vec<Owned> = self.steps.iter().filter_map(Step::unfinished).cloned().collect();
        for object in open.into_iter().rev() {
            if self.may_be_value(&object, object.kind())? {
                self.known(&object)?;
            }
        }
        Ok(())
    }

    /// Tells whether the members of a set come in an order of their own: everywhere where equal input gives equal bytes; before
    /// that, where the order in which Python goes through them differs from process to process.
    pub(in crate::writer) fn puts_in_order(&self, set: &Object) -> Result<bool> {
        if self.deterministic || !self.lenient {
            return Ok(self.deterministic);
        }
        let members = set.iterate()?;
        while let Some(member) = members.next()? {
            if !is_number(&member) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// As [`Session::puts_in_order`], of what a set is reduced to.
    pub(in crate::writer) fn puts_list_in_order(&self, items: &Object) -> bool {
        self.deterministic
            || self.lenient
                && (0..items.list_len())
                    .filter_map(|at| items.list_get(at))
                    .any(|item: Owned| !is_number(&item))
    }
}

/// Tells whether the hash of an object is the same in each process, and from what it is.
fn is_number(object: &Object) -> bool {
    matches!(object.kind(), Kind::Int | Kind::Float) || object.is_true() || object.is_false()
}
