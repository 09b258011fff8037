//! Submodules that a function reaches through a package: `xml.dom` where its code says `xml` and then `dom`.
//!
//! Cloudpickle goes through `sys.modules` for each package that each function mentions. Here the modules' names are put into an
//! index: by each dotted beginning, in the order of `sys.modules`. It is made when it is first needed, and again when
//! `sys.modules` has another length or another last name.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use crate::python::{Object, Owned, Result, modules};

use super::Held;
use super::session::Session;
use crate::room::Room as _;

/// The modules' names.
pub(crate) struct Index {
    count: usize,
    last: usize,
    names: Vec<(String, Owned)>,
    /// `a.b` → places in `names` of `a.b` and of what starts with `a.b.`.
    below: HashMap<String, Vec<u32>>,
}

impl Index {
    fn make(all: &Object) -> Result<Self> {
        let keys = all.dict_keys()?;
        let count = keys.list_len();
        let mut last = 0;
        let mut names = Vec::new();
        let mut below: HashMap<String, Vec<u32>> = HashMap::new();
        for at in 0..count {
            let key = keys.list_item(at)?;
            last = key.ptr().addr();
            if !key.is_text() {
                continue;
            }
            let Ok(name) = key.utf8().map_err(|raised| raised.dismiss()) else { continue };
            let Some(first) = name.find('.') else { continue };
            let Ok(place) = u32::try_from(names.len()) else { break };
            for (end, _) in name[first + 1..].match_indices('.') {
                below.room()?.entry(name[..first + 1 + end].to_owned()).or_default().push(place);
            }
            below.room()?.entry(name.to_owned()).or_default().push(place);
            names.room()?.push((name.to_owned(), key));
        }
        Ok(Self { count, last, names, below })
    }

    fn holds(&self, all: &Object) -> Result<bool> {
        if self.count != all.dict_len() {
            return Ok(false);
        }
        let reversed = all.call_method(&*crate::python::interned("__reversed__")?, &[])?;
        Ok(match reversed.next() {
            Ok(Some(last)) => last.ptr().addr() == self.last,
            Ok(None) => self.count == 0,
            // Another thread has just imported something.
            Err(raised) => {
                raised.dismiss();
                false
            }
        })
    }
}

fn index(held: &Held, session: &Session, all: &Object) -> Result<Arc<Index>> {
    let mine = session.caches().index.clone();
    if let Some(mine) = mine.filter(|index| index.count == all.dict_len()) {
        return Ok(mine);
    }
    let known = held.index.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let found = match known {
        Some(known) if known.holds(all)? => known,
        _ => {
            #[allow(
                clippy::arc_with_non_send_sync,
                reason = "threads of a free-threaded Python share it while attached"
            )]
            let made = Arc::new(Index::make(all)?);
            let old = held.index.lock().unwrap_or_else(PoisonError::into_inner).replace(made.clone());
            drop(old);
            made
        }
    };
    let old = session.caches().index.replace(found.clone());
    drop(old);
    Ok(found)
}

/// Adds the submodules of a package that code with these names can reach.
pub(crate) fn add(
    held: &Held,
    session: &Session,
    module: &Object,
    names: &Object,
    into: &Object,
) -> Result<()> {
    match module.find(&held.names.package)? {
        Some(package) if package.truth()? => {}
        _ => return Ok(()),
    }
    if names.tuple_len() == 0 {
        return Ok(());
    }
    let Some(name) = module.find(&held.names.name)?.filter(|name| name.is_text()) else { return Ok(()) };
    let Ok(prefix) = name.utf8().map_err(|raised| raised.dismiss()) else { return Ok(()) };
    let all = modules()?;
    let index = index(held, session, &all)?;
    // Few, so that looking through them takes less than a table.
    let mut words = Vec::with_capacity(names.tuple_len());
    for at in 0..names.tuple_len() {
        let Some(word) = names.tuple_item(at) else { continue };
        if let Ok(word) = word.utf8().map_err(|raised| raised.dismiss()) {
            words.room()?.push(word);
        }
    }
    let mut places = Vec::new();
    let mut key = String::with_capacity(prefix.len() + 24);
    for word in &words {
        key.clear();
        key.push_str(prefix);
        key.push('.');
        key.push_str(word);
        for place in index.below.get(&key).into_iter().flatten() {
            let full = index.names.get(*place as usize).map_or("", |(full, _)| full.as_str());
            let mut rest = full.get(key.len() + 1..).into_iter().flat_map(|rest| rest.split('.'));
            if rest.all(|part| words.contains(&part)) {
                places.room()?.push(*place);
            }
        }
    }
    places.sort_unstable();
    for place in places {
        if let Some((_, full)) = index.names.get(place as usize) {
            if let Some(found) = all.dict_find(full)? {
                into.list_append(&found)?;
            }
        }
    }
    Ok(())
}
