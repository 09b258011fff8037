//! `reducer_override`: which answer an object gets. Python's pickler asks for every object that it doesn't know by itself, so
//! the way to "none" is short: a class, a function, or a class in one of two dicts?

use std::sync::PoisonError;

use crate::python::{
    Definitions, Object, One, Owned, Result, last, modules, not_implemented, object_class, one,
};

use super::session::{self, Session};
use super::{Held, class, function, parts};

/// What `reducer_override` says: what to write, or `NotImplemented`.
pub(crate) fn answer(
    held: &Held,
    session: &Session,
    pickler: Option<&Object>,
    object: &Object,
) -> Result<Owned> {
    if object.is_class() {
        return class::reduce(held, session, object);
    }
    if object.is_function() {
        return function::reduce(held, session, object);
    }
    let attached = held.attached()?;
    let kind = object.class();
    refresh(held)?;
    if let Some(reducer) = attached.reducers.dict_find(&kind)? {
        if given(pickler, &kind, Some(&reducer))? {
            return Ok(not_implemented());
        }
        if let Some(reduced) = parts::reduce(held, session, &reducer, object)? {
            return Ok(reduced);
        }
        if attached.with_options.dict_find(&reducer)?.is_some() {
            return reducer.call(&[object, &session.options.object]);
        }
        return reducer.call(&[object]);
    }
    if !session.options.strict {
        if let Some(repair) = attached.repairs.dict_find(&kind)? {
            if !given(pickler, &kind, None)? && !registered(&kind)? {
                return repair.call(&[object, &session.options.object]);
            }
        }
        if session.caches().may_start_again && has_own_code(held, session, &kind) {
            session.is_seen();
        }
    }
    Ok(not_implemented())
}

/// Tells whether code of a class, or of somebody who registered it, says how its objects are pickled.
fn has_own_code(held: &Held, session: &Session, kind: &Object) -> bool {
    if !kind.is_heap_class() || session.caches().plain.contains_key(&kind.ptr().addr()) {
        return false;
    }
    let object = object_class();
    let is_inherited = |name: &Object| -> Result<bool> {
        Ok(match (kind.find(name)?, object.find(name)?) {
            (Some(own), Some(inherited)) => own.is(&inherited),
            (own, _) => own.is_none(),
        })
    };
    let names = &held.names;
    let plain = || -> Result<bool> {
        for name in [&names.reduce_ex, &names.reduce, &names.getstate] {
            if !is_inherited(name)? {
                return Ok(false);
            }
        }
        Ok(!registered(kind)?)
    };
    match plain() {
        Ok(true) => {
            let kept = kind.own();
            let old = session.caches().plain.insert(kind.ptr().addr(), kept);
            drop(old);
            false
        }
        Ok(false) => true,
        Err(raised) => {
            raised.dismiss();
            true
        }
    }
}

/// Tells whether a pickler has a table of its user's with another reducer for that class: then Python's pickler finds it.
fn given(pickler: Option<&Object>, kind: &Object, ours: Option<&Object>) -> Result<bool> {
    let Some(pickler) = pickler else { return Ok(false) };
    let Some(table) = pickler.find(&*crate::python::interned("_table")?)? else { return Ok(false) };
    if table.is_none() {
        return Ok(false);
    }
    Ok(table.find_item(kind)?.is_some_and(|found| ours.is_none_or(|ours| !found.is(ours))))
}

/// Tells whether `copyreg` has a reducer for that class.
fn registered(kind: &Object) -> Result<bool> {
    let table = crate::python::import(c"copyreg")?.get(&*crate::python::interned("dispatch_table")?)?;
    Ok(table.find_item(kind)?.is_some())
}

/// Lets the Python half add what belongs to modules that have been imported since the last time.
pub(crate) fn refresh(held: &Held) -> Result<()> {
    let attached = held.attached()?;
    let count = modules()?.dict_len();
    let seen = || attached.refreshed.lock().unwrap_or_else(PoisonError::into_inner);
    if *seen() != count {
        attached.refresh.call(&[])?;
        // Only now: where it failed, the next object tries again.
        *seen() = count;
    }
    Ok(())
}

/// `reducer_override` of a pickler that has a session.
struct Method;

impl One for Method {
    const NAME: &'static core::ffi::CStr = c"reducer_override";

    fn call(this: &Object, object: &Object) -> Result<Owned> {
        let name = crate::python::interned("_session")?;
        let session = this.get(&name)?;
        let inner = session::of(&session)?;
        answer(inner.held()?, inner, Some(this), object)
    }
}

/// The method, alone.
pub(crate) static METHOD: Definitions<2> = Definitions::new([one::<Method>(), last()]);
