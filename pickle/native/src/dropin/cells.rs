//! Which functions must share a variable after loading.
//!
//! Cloudpickle gives each function cells of its own and fills them: two functions that share a variable stop sharing it.
//! That shows only where one of them sets it. So a function gets an earlier function's cell if some function sets the variable,
//! and one of its own otherwise, which is what cloudpickle writes. The function that sets it may come last, so [`super::scan`]
//! is asked before a variable is split.
//!
//! Somebody may hold the cell itself, beside the functions. If some function sets it, that very cell is written, empty, and
//! the functions fill it.

use crate::python::{Object, Owned, Result, Visit, cell};

use super::session::Session;
use super::{Held, scan};
use crate::room::Room as _;

/// A cell that has been met.
pub(crate) struct Seen {
    /// The cell, kept because it is known by its address.
    original: Owned,
    /// What the first function got: an empty one, or the cell itself where somebody holds it beside.
    given: Owned,
    /// How many functions got one of their own.
    count: usize,
    /// Some function so far sets the variable.
    set: bool,
}

impl Seen {
    /// Shows the collector what is held.
    pub(crate) fn visit(&self, visit: &mut Visit) {
        visit.see(&self.original);
        visit.see(&self.given);
    }
}

/// The cell that a function is made with, for one of its own.
pub(crate) fn empty_for(
    held: &Held,
    session: &Session,
    closure: &Object,
    original: &Object,
    sets: bool,
    is_class: bool,
) -> Result<Owned> {
    let fresh = cell()?;
    if session.options.strict {
        return Ok(fresh);
    }
    let address = original.ptr().addr();
    let known = {
        let mut caches = session.caches();
        caches.cells.get_mut(&address).map(|seen| {
            seen.set |= sets;
            (seen.given.own(), seen.count, seen.set)
        })
    };
    let Some((given, count, set)) = known else {
        let beside = sets && scan::of(held, session)?.is_some_and(|scan| scan.is_beside(address));
        let given = if beside { original.own() } else { fresh };
        meet(session, original, given.own(), sets);
        return Ok(given);
    };
    if count == 1 {
        // The closures of both functions hold the cell, and what is kept here: somebody else must, to set it later. Only Python
        // sets `__class__`.
        let others = || cfg!(Py_GIL_DISABLED) || closure.count() > 2 || original.count() > 3;
        let share = set
            || given.is(original)
            || !is_class && others() && scan::of(held, session)?.is_some_and(|scan| scan.is_set(address));
        if share {
            return Ok(given);
        }
    }
    if let Some(seen) = session.caches().cells.get_mut(&address) {
        seen.count += 1;
    }
    Ok(fresh)
}

/// Tells whether a cell is written empty: somebody holds it beside the functions, and they fill it.
pub(crate) fn is_filled_by_functions(held: &Held, session: &Session, original: &Object) -> Result<bool> {
    let address = original.ptr().addr();
    let known = session.caches().cells.get(&address).map(|seen| seen.given.own());
    if let Some(given) = known {
        return Ok(given.is(original));
    }
    if session.options.strict {
        return Ok(false);
    }
    // No function has it so far, so it isn't written as part of one.
    let filled = scan::of(held, session)?.is_some_and(|scan| scan.is_set(address));
    if filled {
        meet(session, original, original.own(), true);
    }
    Ok(filled)
}

/// The closure that fills a function's cells: the original's cells, but others of the same content for those that are written
/// empty.
pub(crate) fn filling(session: &Session, closure: &Object) -> Result<Option<Owned>> {
    let beside: Vec<bool> = {
        let caches = session.caches();
        let is_beside = |cell: &Object| {
            let seen = caches.cells.get(&cell.ptr().addr());
            seen.is_some_and(|seen| seen.given.is(&seen.original))
        };
        (0..closure.tuple_len()).map(|at| closure.tuple_item(at).is_some_and(is_beside)).collect()
    };
    if !beside.contains(&true) {
        return Ok(None);
    }
    let mut cells = Vec::with_capacity(beside.len());
    for (at, beside) in beside.into_iter().enumerate() {
        let Some(original) = closure.tuple_item(at) else { continue };
        cells.room()?.push(if beside { original.cell_copy()? } else { original.own() });
    }
    let cells: Vec<&Object> = cells.iter().map(|cell| &**cell).collect();
    crate::python::tuple(&cells).map(Some)
}

fn meet(session: &Session, original: &Object, given: Owned, set: bool) {
    let seen = Seen { original: original.own(), given, count: 1, set };
    let old = session.caches().cells.insert(original.ptr().addr(), seen);
    drop(old);
}
