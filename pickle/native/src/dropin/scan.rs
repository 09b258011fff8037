//! What the root of a dump reaches, found before it is written and without asking objects: by what the collector of cycles sees.
//!
//! It is made when a question needs it, once for each dump: does some function set this variable, does somebody hold this cell
//! beside the functions, does something but weak references keep this object? It may reach more than is written, such as what a
//! `__getstate__` leaves out. It doesn't reach what reducers make while they run.

use std::sync::Arc;

use crate::python::{Kind, Object, Owned, Result, import, interned, tuple};

use super::address::AddressSet;
use super::session::Session;
use super::{Held, facts, lookup};
use crate::room::Room as _;

/// How many objects the collector is asked about at once.
const BATCH: usize = 4096;

/// What is reached.
#[derive(Default)]
pub(crate) struct Scan {
    reached: AddressSet,
    /// Cells that some function sets.
    set: AddressSet,
    /// Cells that somebody else than a function holds.
    beside: AddressSet,
    /// All of it, because it is known by its address.
    kept: Vec<Owned>,
}

impl Scan {
    /// Tells whether some function sets the variable in that cell.
    pub(crate) fn is_set(&self, cell: usize) -> bool {
        self.set.contains(&cell)
    }

    /// Tells whether something else than functions holds that cell.
    pub(crate) fn is_beside(&self, cell: usize) -> bool {
        self.beside.contains(&cell)
    }

    /// Tells whether an object is reached.
    pub(crate) fn has(&self, object: &Object) -> bool {
        self.reached.contains(&object.ptr().addr())
    }
}

/// The scan of the running dump; nothing where no dump is running.
pub(crate) fn of(held: &Held, session: &Session) -> Result<Option<Arc<Scan>>> {
    let (known, root) = {
        let caches = session.caches();
        (caches.scan.clone(), caches.root.clone())
    };
    if known.is_some() {
        return Ok(known);
    }
    let Some(root) = root else { return Ok(None) };
    #[allow(clippy::arc_with_non_send_sync, reason = "it stays with its session, whose thread is attached")]
    let made = Arc::new(from(held, session, root)?);
    let old = session.caches().scan.replace(made.clone());
    drop(old);
    Ok(Some(made))
}

/// Goes through all that an object reaches.
pub(crate) fn from(held: &Held, session: &Session, root: Owned) -> Result<Scan> {
    let referents = import(c"gc")?.get(&*interned("get_referents")?)?;
    let mut scan = Scan::default();
    let mut level = vec![root];
    while !level.is_empty() {
        let mut next = Vec::new();
        let mut asked = Vec::new();
        for object in level {
            if is_leaf(&object) {
                continue;
            }
            if scan.reached.room()?.insert(object.ptr().addr()) {
                if scan.is_opaque(held, session, &object, &mut next)? {
                    scan.kept.room()?.push(object);
                } else {
                    asked.room()?.push(object);
                }
            }
        }
        for some in asked.chunks(BATCH) {
            let some: Vec<&Object> = some.iter().map(|object| &**object).collect();
            let found = referents.call_with(&*tuple(&some)?, None)?;
            for at in 0..found.list_len() {
                next.room()?.push(found.list_item(at)?);
            }
        }
        scan.kept.append(&mut asked);
        level = next;
    }
    Ok(scan)
}

impl Scan {
    /// Tells whether the collector isn't to be asked about an object: it goes by name, isn't written at all, or says itself here
    /// what is written of it.
    fn is_opaque(
        &mut self,
        held: &Held,
        session: &Session,
        object: &Object,
        next: &mut Vec<Owned>,
    ) -> Result<bool> {
        if object.is_function() {
            if !goes_by_name(held, session, object)? {
                self.function(held, session, object, next)?;
            }
            return Ok(true);
        }
        if object.is_class() {
            return goes_by_name(held, session, object);
        }
        if object.is_cell() {
            self.beside.room()?.insert(object.ptr().addr());
            next.extend(object.cell_content()?);
            return Ok(true);
        }
        if object.is_module() {
            let named = match object.get(&held.names.name) {
                Ok(name) => lookup::module_by_reference(held, session, &name)?,
                Err(raised) => {
                    raised.dismiss();
                    true
                }
            };
            if !named {
                let values = object.get(&held.names.dict)?.dict_values()?;
                for at in 0..values.list_len() {
                    next.room()?.push(values.list_item(at)?);
                }
            }
            return Ok(true);
        }
        Ok(held.attached()?.leaves.dict_find(&object.class())?.is_some())
    }

    fn function(
        &mut self,
        held: &Held,
        session: &Session,
        function: &Object,
        next: &mut Vec<Owned>,
    ) -> Result<()> {
        let parts = function.function_parts()?;
        let facts = facts::of(held, session, &parts.code)?;
        for at in 0..parts.closure.tuple_len() {
            let Some(cell) = parts.closure.tuple_item(at).filter(|cell| cell.is_cell()) else { continue };
            if facts.sets.get(at).copied().unwrap_or(false) {
                self.set.room()?.insert(cell.ptr().addr());
            }
            next.extend(cell.cell_content()?);
        }
        next.extend([parts.kwdefaults, parts.defaults]);
        next.extend(function.function_dict());
        for wanted in [Some(&facts.globals), facts.more.as_ref()].into_iter().flatten() {
            let wanted = wanted.dict_keys()?;
            for at in 0..wanted.list_len() {
                next.extend(super::function::find(&parts.globals, &*wanted.list_item(at)?)?);
            }
        }
        Ok(())
    }
}

/// Tells whether an object holds nothing.
fn is_leaf(object: &Object) -> bool {
    matches!(object.kind(), Kind::Int | Kind::Text | Kind::Float | Kind::Bytes | Kind::ByteArray)
        || object.is_none()
        || object.is_true()
        || object.is_false()
}

/// Tells whether a function or class goes by name. What can't be asked isn't gone into.
fn goes_by_name(held: &Held, session: &Session, object: &Object) -> Result<bool> {
    match lookup::by_reference(held, session, object) {
        Err(raised) if raised.is_exception() => {
            raised.dismiss();
            Ok(true)
        }
        said => said,
    }
}
