//! Where a function or a class without `__module__` lives: the first module that has it under its name.
//!
//! Cloudpickle asks every module for each of them, by an exception each time. Here the modules are looked through once for each
//! dump: what no module has as an attribute is known at once. Modules that make attributes up are asked as before.

use crate::python::{Object, Owned, Result, modules};

use super::address::AddressSet;
use super::session::Session;
use super::{Held, lookup};
use crate::room::Room as _;

/// What the modules have.
#[derive(Default)]
pub(crate) struct Orphans {
    /// How often a module was looked for, so far.
    asked: usize,
    /// How many modules there were.
    count: usize,
    /// Addresses of the functions and classes that plain modules have.
    known: Option<AddressSet>,
    /// Names of modules that make attributes up, or whose class may.
    odd: Vec<(Owned, Owned)>,
}

/// Dumps that ask less than this don't look through all the modules' content.
const WORTH: usize = 3;

/// The name of the first module that has it.
pub(crate) fn module_of(
    held: &Held,
    session: &Session,
    object: &Object,
    name: &Object,
) -> Result<Option<Owned>> {
    if let Ok(text) = name.utf8().map_err(|raised| raised.dismiss()) {
        if text.contains("<locals>") {
            return Ok(None);
        }
        if !text.contains('.') {
            let all = modules()?;
            let ready = {
                let mut caches = session.caches();
                caches.orphans.asked += 1;
                if caches.orphans.asked < WORTH {
                    None
                } else {
                    Some(caches.orphans.known.is_some() && caches.orphans.count == all.dict_len())
                }
            };
            if let Some(ready) = ready {
                if !ready {
                    let found = look(held, &all)?;
                    let asked = session.caches().orphans.asked;
                    let old = core::mem::replace(&mut session.caches().orphans, Orphans { asked, ..found });
                    drop(old);
                }
                let (known, odd) = {
                    let caches = session.caches();
                    let known = caches
                        .orphans
                        .known
                        .as_ref()
                        .is_some_and(|known| known.contains(&object.ptr().addr()));
                    let odd = if known { Vec::new() } else { caches.orphans.odd.clone() };
                    (known, odd)
                };
                if !known {
                    for (module_name, module) in &odd {
                        if has(module, name, object) {
                            return Ok(Some(module_name.own()));
                        }
                    }
                    return Ok(None);
                }
            }
        }
    }
    first(held, object, name)
}

/// Goes through all modules.
fn first(held: &Held, object: &Object, name: &Object) -> Result<Option<Owned>> {
    let all = modules()?.dict_copy()?;
    let keys = all.dict_keys()?;
    let dotted = name.utf8().map_err(|raised| raised.dismiss()).is_ok_and(|name| name.contains('.'));
    for at in 0..keys.list_len() {
        let key = keys.list_item(at)?;
        let Some(module) = all.dict_find(&key)?.filter(|module| module.is_module()) else { continue };
        if key.is_text() && (key.equals(&held.names.main)? || key.equals(&held.names.mp_main)?) {
            continue;
        }
        if !dotted && plain(held, &module)? {
            if module.get(&held.names.dict)?.dict_find(name)?.is_some_and(|found| found.is(object)) {
                return Ok(Some(key));
            }
        } else if has(&module, name, object) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn look(held: &Held, all: &Object) -> Result<Orphans> {
    let count = all.dict_len();
    let all = all.dict_copy()?;
    let keys = all.dict_keys()?;
    let mut known = AddressSet::default();
    let mut odd = Vec::new();
    for at in 0..keys.list_len() {
        let key = keys.list_item(at)?;
        let Some(module) = all.dict_find(&key)?.filter(|module| module.is_module()) else { continue };
        if key.is_text() && (key.equals(&held.names.main)? || key.equals(&held.names.mp_main)?) {
            continue;
        }
        if !plain(held, &module)? {
            odd.room()?.push((key, module));
            continue;
        }
        let values = module.get(&held.names.dict)?.dict_values()?;
        for at in 0..values.list_len() {
            let value = values.list_item(at)?;
            if value.is_function() || value.is_class() {
                known.room()?.insert(value.ptr().addr());
            }
        }
    }
    Ok(Orphans { asked: 0, count, known: Some(known), odd })
}

/// Tells whether a module's dict is all that it has.
fn plain(held: &Held, module: &Object) -> Result<bool> {
    if !module.is_exact_module() {
        return Ok(false);
    }
    let content = module.get(&held.names.dict)?;
    Ok(content.is_exact_dict() && content.dict_find(&held.names.getattr)?.is_none())
}

/// Asks a module; whatever it raises means no.
fn has(module: &Object, name: &Object, object: &Object) -> bool {
    match lookup::walk(module, name) {
        Ok(found) => found.is_some_and(|found| found.is(object)),
        Err(raised) => {
            raised.dismiss();
            false
        }
    }
}
