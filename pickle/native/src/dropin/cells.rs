//! Which functions must share a variable after loading.
//!
//! Cloudpickle gives each function cells of its own and fills them: two functions that share a variable stop sharing it.
//! That shows only where one of them sets it. So a function gets an earlier function's cell if either sets the variable, and
//! one of its own otherwise, which is what cloudpickle writes.
//!
//! The function that sets it can come last, when two others have got cells of their own. Then the dump starts again and knows.

use crate::python::{Object, Owned, Raised, Result, Visit, cell};

use super::session::Session;

/// A cell that has been met.
pub(crate) struct Seen {
    /// The cell, kept because it is known by its address.
    original: Owned,
    /// The empty one that the first function got.
    empty: Owned,
    /// How many empty ones were given away for it.
    given: usize,
    /// Some function so far sets the variable.
    set: bool,
}

impl Seen {
    /// Shows the collector what is held.
    pub(crate) fn visit(&self, visit: &mut Visit) {
        visit.see(&self.original);
        visit.see(&self.empty);
    }
}

/// The empty cell that a function is made with, for one of its own.
pub(crate) fn empty_for(session: &Session, original: &Object, sets: bool) -> Result<Owned> {
    let fresh = cell()?;
    if session.options.strict {
        return Ok(fresh);
    }
    let address = original.ptr().addr();
    let kept = original.own();
    let mut caches = session.caches();
    let must = caches.share_all || caches.shared.contains(&address);
    if let Some(seen) = caches.cells.get_mut(&address) {
        seen.set |= sets;
        if must || (seen.set && seen.given == 1) {
            let empty = seen.empty.own();
            drop(caches);
            return Ok(empty);
        }
        seen.given += 1;
        if seen.set && caches.may_start_again {
            caches.share_all = !caches.shared.is_empty();
            caches.shared.insert(address);
            caches.starts_again = true;
            drop(caches);
            return Err(Raised::runtime("the dump starts again, to share a variable"));
        }
        drop(caches);
        return Ok(fresh);
    }
    caches.cells.insert(address, Seen { original: kept, empty: fresh.own(), given: 1, set: sets });
    drop(caches);
    Ok(fresh)
}
