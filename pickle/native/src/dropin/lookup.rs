//! By name or by value? By name what its module has under its name, unless that module was registered to go by value.

use crate::python::{Object, Owned, Result, modules};

use crate::writer::Named;

use super::session::Session;
use super::{Held, orphans};

/// Tells whether a function or a class goes by name.
pub(crate) fn by_reference(held: &Held, session: &Session, object: &Object) -> Result<bool> {
    Ok(named(held, session, object)?.is_some())
}

/// The name by which a function or a class goes, if it goes by one.
pub(crate) fn named(held: &Held, session: &Session, object: &Object) -> Result<Option<Named>> {
    let names = &held.names;
    let home = match held.home.get() {
        Some(home) => {
            home.has(object) && session.options.rules.is_empty() && super::home::nothing_registered(held)?
        }
        None => false,
    };
    let qualname = match object.find(&names.qualname)? {
        Some(qualname) if !qualname.is_none() => Some(qualname),
        _ => object.find(&names.name)?,
    };
    let Some(qualname) = qualname.filter(|name| name.is_text()) else { return Ok(None) };
    let module = object.find(&names.module)?.filter(|module| !module.is_none());
    let module = match module {
        Some(module) => module,
        None => match orphans::module_of(held, session, object, &qualname)? {
            Some(module) => module,
            None => return Ok(None),
        },
    };
    if home {
        // The functions that loading calls are there, whatever this process has done to its module.
        return Ok(Some(Named { module, name: qualname }));
    }
    if !session.options.main_by_reference
        && (module.is(&names.main) || module.is_text() && module.equals(&names.main)?)
    {
        return Ok(None);
    }
    let Some(found) = modules()?.dict_find(&module)?.filter(|found| !found.is_none()) else {
        return Ok(None);
    };
    match walk(&found, &qualname)? {
        Some(there) if there.is(object) && !by_value(held, session, &found, None)? => {
            Ok(Some(Named { module, name: qualname }))
        }
        _ => Ok(None),
    }
}

/// `root.a.b.c` for a dotted name, or nothing.
pub(crate) fn walk(root: &Object, path: &Object) -> Result<Option<Owned>> {
    let Ok(text) = path.utf8().map_err(|raised| raised.dismiss()) else { return root.find(path) };
    if !text.contains('.') {
        // Without a module's way to make attributes up, its dict is all there is.
        return root.find(path);
    }
    if text.contains("<locals>") {
        return Ok(None);
    }
    let mut at = root.own();
    for part in text.split('.') {
        match at.find(&*crate::python::interned(part)?)? {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// Tells whether a module goes by name: one that can be imported, as far as `sys.modules` says.
pub(crate) fn module_by_reference(held: &Held, session: &Session, name: &Object) -> Result<bool> {
    if by_value(held, session, name, Some(name))? {
        return Ok(false);
    }
    Ok(modules()?.dict_find(name)?.is_some())
}

/// Tells whether what is in a module goes by value: its name, or a package around it, was registered.
pub(crate) fn by_value(
    held: &Held,
    session: &Session,
    module: &Object,
    name: Option<&Object>,
) -> Result<bool> {
    if session.options.rules.is_empty() && super::home::nothing_registered(held)? {
        return Ok(false);
    }
    let registries = super::home::registries(held)?;
    let name = match name {
        Some(name) => name.own(),
        None => match module.find(&held.names.name)? {
            Some(name) => name,
            None => return Ok(false),
        },
    };
    let Ok(text) = name.utf8().map_err(|raised| raised.dismiss()) else { return Ok(false) };
    let ends = text.match_indices('.').map(|(at, _)| at).chain([text.len()]);
    for end in ends {
        let package = crate::python::text(&text[..end])?;
        for registry in &registries {
            if registry.set_contains(&package)? {
                return Ok(true);
            }
        }
    }
    session.options.rules.mean(text, &name)
}
