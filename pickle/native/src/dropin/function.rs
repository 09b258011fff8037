//! Functions by value: how cloudpickle makes one again, and how it fills it.

use crate::python::{FunctionParts, Object, Owned, Raised, Result, dict, int, list, none, tuple};

use crate::writer::Answer;

use super::names::Names;
use super::session::Session;
use super::{Held, cells, facts, home, lookup, submodules};
use crate::room::Room as _;

/// The answer for a function.
pub(crate) fn reduce(held: &Held, session: &Session, function: &Object) -> Result<Answer> {
    if let Some(named) = lookup::named(held, session, function)? {
        return Ok(Answer::Named(named));
    }
    in_any_case(held, session, function).map(Answer::Value)
}

/// The answer for a function, whatever its name says.
pub(crate) fn in_any_case(held: &Held, session: &Session, function: &Object) -> Result<Owned> {
    if !session.options.strict || session.options.configured {
        // What is made by decorators of the standard library, and what the configuration changes.
        if let Some(own) = function.function_dict().filter(|own| own.dict_len() > 0) {
            let answered = held.attached()?.function.call(&[function, &own, &session.options.object])?;
            if !answered.is_none() {
                return Ok(answered);
            }
        }
    }
    let reduced = by_value(held, session, function)?;
    if session.options.configured {
        let none = none();
        return held.attached()?.function.call(&[function, &none, &session.options.object, &reduced]);
    }
    Ok(reduced)
}

/// A dict with the keys of a function's state, in cloudpickle's order.
pub(crate) fn slots(names: &Names) -> Result<Owned> {
    let slots = dict()?;
    let none = none();
    let keys = [
        &names.name,
        &names.qualname,
        &names.annotations,
        &names.kwdefaults,
        &names.defaults,
        &names.module,
        &names.doc,
        &names.closure,
        &names.submodules,
        &names.function_globals,
    ];
    for key in keys {
        slots.dict_set(key, &none)?;
    }
    Ok(slots)
}

/// What makes the function again.
fn by_value(held: &Held, session: &Session, function: &Object) -> Result<Owned> {
    let names = &held.names;
    let home = home::of(held)?;
    let FunctionParts { code, globals, closure, name, qualname, kwdefaults, defaults, module, doc } =
        function.function_parts()?;
    let facts = facts::of(held, session, &code)?;

    let base = base(held, session, &globals)?;
    let nothing = none();
    let cells = if closure.is_none() {
        none()
    } else {
        let mut cells = Vec::with_capacity(facts.free);
        for at in 0..facts.free {
            let sets = facts.sets.get(at).copied().unwrap_or(false);
            cells.room()?.push(match closure.tuple_item(at) {
                Some(original) => {
                    let is_class = facts.class_cell == Some(at);
                    cells::empty_for(held, session, &closure, original, sets, is_class)?
                }
                None => crate::python::cell()?,
            });
        }
        tuple(&cells.iter().map(|cell| &**cell).collect::<Vec<_>>())?
    };
    let arguments = tuple(&[&code, &base, &nothing, &nothing, &cells])?;

    let own = dict()?;
    if let Some(attributes) = function.function_dict() {
        let keys = attributes.dict_keys()?;
        for at in 0..keys.list_len() {
            let key = keys.list_item(at)?;
            if let Some(value) = attributes.dict_find(&key)? {
                own.dict_set(&*key.fresh()?, &value)?;
            }
        }
    }

    // The copy of a dict with these keys already has room for them.
    let slots = held.function_slots.dict_copy()?;
    slots.dict_set(&names.name, &*name.fresh()?)?;
    slots.dict_set(&names.qualname, &*qualname.fresh()?)?;
    annotations(held, session, function, &slots)?;
    let plain = [
        (&names.kwdefaults, &kwdefaults),
        (&names.defaults, &defaults),
        (&names.module, &module),
        (&names.doc, &doc),
    ];
    for (name, value) in plain {
        if !value.is_none() {
            slots.dict_set(name, value)?;
        }
    }
    if !closure.is_none() {
        let filling = cells::filling(session, &closure)?;
        slots.dict_set(&names.closure, filling.as_deref().unwrap_or(&closure))?;
    }

    let used = dict()?;
    let mut reached = Vec::new();
    take_globals(&facts.globals, &globals, None, &used, &mut reached)?;
    if !session.options.strict {
        if let Some(more) = &facts.more {
            // The body of each class reads its module's name, which all functions have.
            take_globals(more, &globals, Some(&base), &used, &mut reached)?;
        }
    }
    for at in 0..closure.tuple_len() {
        if let Some(value) = closure.tuple_item(at).map(Object::cell_content).transpose()?.flatten() {
            if value.is_module() {
                reached.room()?.push(value);
            }
        }
    }
    let imported = list()?;
    for module in &reached {
        submodules::add(held, session, module, &facts.names, &imported)?;
    }
    if !session.options.rules.is_empty() {
        let followed = held.attached()?.follow.call(&[function, &session.options.object])?;
        for at in 0..followed.list_len() {
            imported.list_append(&*followed.list_item(at)?)?;
        }
    }
    slots.dict_set(&names.submodules, &imported)?;
    slots.dict_set(&names.function_globals, &used)?;
    if cfg!(Py_3_12) && !session.options.strict {
        let params = function.get(&names.type_params)?;
        if params.tuple_len() > 0 {
            slots.dict_set(&names.type_params, &params)?;
        }
    }
    let state = tuple(&[&own, &slots])?;
    let reduced = tuple(&[&home.make_function, &arguments, &state, &nothing, &nothing, &home.set_function])?;
    if session.hidden {
        for container in [&arguments, &cells, &own, &slots, &used, &imported, &state, &reduced] {
            container.untrack();
        }
    }
    Ok(reduced)
}

/// The function's annotations. From 3.14 asking for them runs code: where it fails, that code goes along instead.
fn annotations(held: &Held, session: &Session, function: &Object, slots: &Object) -> Result<()> {
    let names = &held.names;
    match function.get(&names.annotations) {
        Ok(annotations) => slots.dict_set(&names.annotations, &annotations),
        Err(raised) if cfg!(Py_3_14) && !session.options.strict && raised.is_exception() => {
            raised.dismiss();
            slots.dict_remove(&names.annotations)?;
            slots.dict_set(&names.annotate, &*function.get(&names.annotate)?)
        }
        Err(raised) => Err(raised),
    }
}

/// The dict that the copies of all functions with these globals will share.
fn base(held: &Held, session: &Session, globals: &Object) -> Result<Owned> {
    let names = &held.names;
    let key = int(i64::try_from(globals.ptr().addr()).map_err(|_| Raised::system("an address beyond i64"))?)?;
    let base = match session.globals.dict_find(&key)? {
        Some(base) => base,
        None => {
            let base = dict()?;
            session.globals.dict_set(&key, &base)?;
            base
        }
    };
    if base.dict_len() == 0 {
        for name in [&names.package, &names.name, &names.path, &names.file] {
            if let Some(value) = find(globals, name)? {
                base.dict_set(name, &value)?;
            }
        }
        if session.hidden {
            base.untrack();
        }
    }
    Ok(base)
}

fn take_globals(
    wanted: &Object,
    globals: &Object,
    known: Option<&Object>,
    used: &Object,
    modules: &mut Vec<Owned>,
) -> Result<()> {
    let wanted = wanted.dict_keys()?;
    for at in 0..wanted.list_len() {
        let name = wanted.list_item(at)?;
        if let Some(known) = known {
            if known.dict_find(&name)?.is_some() {
                continue;
            }
        }
        let Some(value) = find(globals, &name)? else { continue };
        used.dict_set(&name, &value)?;
        if value.is_module() {
            modules.room()?.push(value);
        }
    }
    Ok(())
}

/// `globals[name]` if it is there, also where the dict is of a class of its own.
pub(crate) fn find(globals: &Object, name: &Object) -> Result<Option<Owned>> {
    if globals.is_exact_dict() { globals.dict_find(name) } else { globals.find_item(name) }
}
