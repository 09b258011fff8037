//! Classes by value. Plain ones are answered here; those with a metaclass, slots or annotations that run code go to the
//! Python half, which has the rules for each kind.

use crate::python::{Object, Owned, Result, dict, ellipsis, none, not_implemented, tuple, type_class};

use crate::writer::Answer;

use super::session::Session;
use super::{Held, home, lookup};
use crate::room::Room as _;

/// The answer for a class.
pub(crate) fn reduce(held: &Held, session: &Session, class: &Object) -> Result<Answer> {
    if let Some(reduced) = singleton(class)? {
        return Ok(Answer::Value(reduced));
    }
    let plain = class.is_plain_class();
    if plain {
        if let Some(name) = held.attached()?.type_names.dict_find(class)? {
            let home = home::of(held)?;
            let arguments = tuple(&[&name])?;
            return tuple(&[&home.builtin_type, &arguments]).map(Answer::Value);
        }
    }
    if let Some(named) = lookup::named(held, session, class)? {
        return Ok(Answer::Named(named));
    }
    let own = class.class_dict()?;
    if !plain || session.options.configured || special(held, class, &own)? {
        let attached = held.attached()?;
        return attached.class.call(&[class, &session.options.object]).map(Answer::Value);
    }
    by_value(held, session, class, &own).map(Answer::Value)
}

/// `NoneType` and the like, which have no name to be found by.
fn singleton(class: &Object) -> Result<Option<Owned>> {
    for value in [none(), ellipsis(), not_implemented()] {
        if class.is(&value.class()) {
            let arguments = tuple(&[&value])?;
            return tuple(&[&type_class(), &arguments]).map(Some);
        }
    }
    Ok(None)
}

/// Tells whether a class with no metaclass needs more than to be taken apart.
fn special(held: &Held, class: &Object, own: &Object) -> Result<bool> {
    let names = &held.names;
    if own.dict_find(&names.slots)?.is_some() {
        return Ok(true);
    }
    // Somebody's `__init_subclass__` may take what isn't kept.
    let order = class.get(&names.mro)?;
    for at in 1..order.tuple_len().saturating_sub(1) {
        let Some(base) = order.tuple_item(at).filter(|base| base.is_class()) else { continue };
        if base.class_dict()?.dict_find(&names.init_subclass)?.is_some() {
            return Ok(true);
        }
    }
    Ok(cfg!(Py_3_14) && own.dict_find(&names.annotate_func)?.is_some())
}

fn by_value(held: &Held, session: &Session, class: &Object, own: &Object) -> Result<Owned> {
    let names = &held.names;
    let home = home::of(held)?;
    let bases = class.get(&names.bases)?;
    let content = dict()?;
    let keys = own.dict_keys()?;
    keys.list_sort()?;
    let mut inherited = Vec::new();
    for at in 0..bases.tuple_len() {
        if let Some(base) = bases.tuple_item(at).filter(|base| base.is_class()) {
            inherited.room()?.push((base.own(), base.class_dict()?));
        }
    }
    let asked = if session.options.strict { None } else { own.dict_find(&names.class_cell)? };
    for at in 0..keys.list_len() {
        let key = keys.list_item(at)?;
        // By their text: not every Python has the one interned there.
        let own_name = |name: &Object| -> Result<bool> { Ok(key.is(name) || key.equals(name)?) };
        if own_name(&names.weakref)? || own_name(&names.dict)? {
            continue;
        }
        let Some(value) = own.dict_find(&key)? else { continue };
        if asked.as_ref().is_some_and(|asked| asked.is(&value) && asked.is_property())
            && own_name(&names.class_cell)?
        {
            continue;
        }
        if !session.options.strict && value.is_exactly(held.kinds.member_class()) {
            // Slots, although `__slots__` is gone.
            return held.attached()?.class.call(&[class, &session.options.object]);
        }
        if repeats(held, session, class, &inherited, &key, &value)? {
            continue;
        }
        content.dict_set(&*key.fresh()?, &value)?;
    }
    let keywords = dict()?;
    if let Some(property) = asked.filter(|property| property.is_property()) {
        // Set afterwards, it would be the class's own class.
        keywords.dict_set(&names.class_cell, &property)?;
    }
    if own.dict_find(&names.module)?.is_some() {
        keywords.dict_set(&names.module, &*class.get(&names.module)?)?;
    }
    if let Some(property) = own.dict_find(&names.dict)? {
        if property.is_exactly(held.kinds.property_class()) {
            keywords.dict_set(&names.dict, &property)?;
        }
    }
    let nothing = none();
    let name = class.get(&names.name)?;
    let made_of = match own.dict_find(&names.orig_bases)? {
        Some(_) => class.get(&names.orig_bases)?,
        None => bases,
    };
    let id = home.id(class)?;
    let arguments = tuple(&[&class.class(), &name, &made_of, &keywords, &id, &nothing])?;
    let slots = dict()?;
    let state = tuple(&[&content, &slots])?;
    let reduced = tuple(&[&home.make_class, &arguments, &state, &nothing, &nothing, &home.set_class])?;
    if session.hidden {
        for container in [&content, &keywords, &arguments, &slots, &state, &reduced] {
            container.untrack();
        }
    }
    Ok(reduced)
}

/// Tells whether an attribute is left out because a base has the very same object there.
///
/// Cloudpickle leaves all of those out. What Python itself puts into every class can be, and what is found in a base that goes by
/// name; but what somebody has set has to hold when a base that goes by value changes.
fn repeats(
    held: &Held,
    session: &Session,
    class: &Object,
    inherited: &[(Owned, Owned)],
    key: &Object,
    value: &Object,
) -> Result<bool> {
    for (base, content) in inherited {
        let Some(theirs) = content.dict_find(key)? else { continue };
        if !theirs.is(value) {
            return Ok(false);
        }
        if session.options.strict || !set_by_hand(key, value) {
            return Ok(true);
        }
        return Ok(lookup::by_reference(held, session, base)? && found_first(class, key, value)?);
    }
    Ok(false)
}

/// Tells whether a class without an attribute of its own would find that very object.
fn found_first(class: &Object, key: &Object, value: &Object) -> Result<bool> {
    let order = class.get(&*crate::python::interned("__mro__")?)?;
    for at in 1..order.tuple_len() {
        let Some(base) = order.tuple_item(at).filter(|base| base.is_class()) else { continue };
        if let Some(found) = base.class_dict()?.dict_find(key)? {
            return Ok(found.is(value));
        }
    }
    Ok(false)
}

/// Tells whether an attribute that equals the base's was set on purpose.
fn set_by_hand(key: &Object, value: &Object) -> bool {
    match key.utf8() {
        Ok("__doc__" | "__hash__") => !value.is_none(),
        Ok(
            "__module__"
            | "__dict__"
            | "__weakref__"
            | "__slots__"
            | "__slotnames__"
            | "__firstlineno__"
            | "__static_attributes__"
            | "__annotations__"
            | "__annotate_func__"
            | "__annotations_cache__"
            | "__parameters__"
            | "__match_args__"
            | "__type_params__"
            | "__abstractmethods__"
            | "__classdictcell__",
        ) => false,
        Ok(_) => true,
        Err(raised) => {
            raised.dismiss();
            true
        }
    }
}
