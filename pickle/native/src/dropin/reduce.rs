//! `reducer_override`: which answer an object gets. Python's pickler asks for every object that it doesn't know by itself, so
//! the way to "none" is short: a class, a function, or a class in one of two dicts?

use core::sync::atomic::Ordering::Relaxed;
use std::sync::PoisonError;

use crate::python::{Definitions, Object, One, Owned, Result, last, modules, not_implemented, one};

use crate::writer::Answer;

use super::session::{self, Session};
use super::{Held, class, function, parts};
use crate::room::Room as _;

/// What `reducer_override` says: what to write, or `NotImplemented`. `whole` is the session as an object.
pub(crate) fn answer(
    held: &Held,
    session: &Session,
    whole: &Object,
    pickler: Option<&Object>,
    object: &Object,
) -> Result<Answer> {
    session.asked.about(object);
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
            return Ok(Answer::Usual);
        }
        if let Some(reduced) = parts::reduce(held, session, &reducer, object)? {
            return Ok(Answer::Value(reduced));
        }
        if attached.with_options.dict_find(&reducer)?.is_some() {
            return said(reducer.call(&[object, &session.options.object])?);
        }
        return said(reducer.call(&[object])?);
    }
    if !session.options.strict {
        if let Some(repair) = attached.repairs.dict_find(&kind)? {
            if !given(pickler, &kind, None)? && !registered(&kind)? {
                if attached.with_session.dict_find(&repair)?.is_some() {
                    return said(repair.call(&[object, &session.options.object, whole])?);
                }
                return said(repair.call(&[object, &session.options.object])?);
            }
        } else if kind.is_heap_class() {
            if let Some(repair) = family(held, session, &kind)? {
                if !given(pickler, &kind, None)? && !registered(&kind)? {
                    return said(repair.call(&[object, &session.options.object])?);
                }
            }
        }
    }
    Ok(Answer::Usual)
}

/// What a reducer returned.
fn said(value: Owned) -> Result<Answer> {
    Ok(if value.is_not_implemented() { Answer::Usual } else { Answer::Value(value) })
}

/// The reducer for a class that inherits from one of those that cloudpickle can't take apart, unless it has its own way.
fn family(held: &Held, session: &Session, kind: &Object) -> Result<Option<Owned>> {
    let address = kind.ptr().addr();
    if let Some((_, known)) = session.caches().families.get(&address) {
        return Ok(known.as_ref().map(|known| known.own()));
    }
    let families = &held.attached()?.families;
    let order = kind.get(&held.names.mro)?;
    let mut found = None;
    let mut has_slots = false;
    // Instances may have answers of their own.
    let answers =
        !kind.class_is_generic() || !kind.class_lookup(&held.names.class_cell).is(&held.class_descriptor);
    for at in 0..order.tuple_len() {
        let Some(base) = order.tuple_item(at).filter(|base| base.is_class()) else { continue };
        has_slots |= base.class_dict()?.dict_find(&held.names.slots)?.is_some();
        if at == 0 {
            continue;
        }
        if base.is_exactly_object() && !answers {
            continue;
        }
        let Some(reducer) = families.dict_find(base)? else { continue };
        let same = |name: &Object| -> Result<bool> {
            Ok(match (kind.find(name)?, base.find(name)?) {
                (Some(own), Some(inherited)) => own.is(&inherited),
                _ => false,
            })
        };
        if base.is_exactly_object() || same(&held.names.reduce_ex)? && same(&held.names.reduce)? {
            found = Some(reducer);
        }
        break;
    }
    if has_slots {
        held.attached()?.slot_names.call(&[kind])?;
    }
    let entry = (kind.own(), found.as_ref().map(|found| found.own()));
    let old = session.caches().families.room()?.insert(address, entry);
    drop(old);
    Ok(found)
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
        if inner.hooked.load(Relaxed) && object.is_function() {
            inner.asked.about(object);
            return this.call_method(&inner.held()?.names.function_reduce, &[object]);
        }
        Ok(match answer(inner.held()?, inner, &session, Some(this), object)? {
            Answer::Usual | Answer::Named(_) => not_implemented(),
            Answer::Value(value) => value,
        })
    }
}

/// The method, alone.
pub(crate) static METHOD: Definitions<2> = Definitions::new([one::<Method>(), last()]);
