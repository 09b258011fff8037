//! Which module of one release is which of the other: by import name and target; where a release changed the Pythons it is
//! built for, by name and machine.

use std::collections::BTreeMap;

use super::change::Named;
use crate::facts::Module;

/// Modules of two releases.
pub(super) struct Paired<'a> {
    pub(super) pairs: Vec<(&'a Module, &'a Module)>,
    pub(super) added: Vec<&'a Module>,
    pub(super) removed: Vec<&'a Module>,
}

/// Pairs the modules of two releases.
pub(super) fn pair<'a>(old: &'a [Module], new: &'a [Module]) -> Paired<'a> {
    let mut pairs = Vec::new();
    let mut left: Vec<&Module> = old.iter().collect();
    let mut right: Vec<&Module> = new.iter().collect();
    // A key for each round, from what must be equal to what may have changed.
    let rounds: [fn(&Module) -> String; 2] = [
        |module| format!("{} {}", name(module), target(module)),
        |module| format!("{} {}", name(module), machine(module)),
    ];
    for key in rounds {
        take(&mut left, &mut right, &mut pairs, key);
    }
    // Two files that somebody names are to be compared, whatever they are called.
    if let (true, [one], [other]) = (pairs.is_empty(), &left[..], &right[..]) {
        pairs.push((*one, *other));
        (left, right) = (Vec::new(), Vec::new());
    }
    Paired { pairs, added: right, removed: left }
}

fn take<'a>(
    left: &mut Vec<&'a Module>,
    right: &mut Vec<&'a Module>,
    pairs: &mut Vec<(&'a Module, &'a Module)>,
    key: fn(&Module) -> String,
) {
    let mut waiting: BTreeMap<String, Vec<&Module>> = BTreeMap::new();
    for module in right.drain(..) {
        waiting.entry(key(module)).or_default().push(module);
    }
    // The first of a key comes first again.
    waiting.values_mut().for_each(|modules| modules.reverse());
    left.retain(|module| match waiting.get_mut(&key(module)).and_then(Vec::pop) {
        Some(other) => {
            pairs.push((module, other));
            false
        }
        None => true,
    });
    right.extend(waiting.into_values().flat_map(|modules| modules.into_iter().rev()));
}

/// A module as one refers to it.
pub(super) fn named(module: &Module) -> Named {
    Named { name: name(module), target: target(module), file: file(module) }
}

/// Its file, and the member where that is in an archive.
pub(super) fn file(module: &Module) -> String {
    match &module.member {
        Some(member) => format!("{}!{member}", module.path),
        None => module.path.clone(),
    }
}

/// The name it is imported by; a library's file name up to its versions.
pub(super) fn name(module: &Module) -> String {
    if let Some(name) = module.name.as_ref().filter(|_| module.extension) {
        return name.clone();
    }
    let file = module.member.as_ref().unwrap_or(&module.path);
    let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
    // auditwheel and delvewheel put a hash behind a library's name, which is another in each release.
    match stem.rsplit_once('-') {
        Some((bare, hash)) if hash.len() >= 8 && hash.chars().all(|c| c.is_ascii_hexdigit()) => {
            bare.to_owned()
        }
        _ => stem.to_owned(),
    }
}

/// System, processor and C library.
fn machine(module: &Module) -> String {
    let target = &module.target;
    let os = target.os.value.map_or_else(|| format!("{:?}", target.format), |os| format!("{os:?}"));
    let libc = target.libc.value.as_ref().map_or_else(String::new, |libc| format!(" {:?}", libc.kind));
    format!("{os} {}{libc}", target.arch.name).to_lowercase()
}

/// Everything a module is built for.
pub(super) fn target(module: &Module) -> String {
    let python = &module.python;
    let mut words = machine(module);
    if !module.extension {
        return words;
    }
    words += ", ";
    words += python.implementation.value.as_deref().unwrap_or("any implementation");
    match (&python.stable, &python.version.value) {
        (Some(_), _) => words += " stable ABI",
        (None, Some(version)) => words += &format!(" {version}"),
        (None, None) => {}
    }
    if python.free_threaded.value == Some(true) {
        words += " free-threaded";
    }
    if python.debug.value == Some(true) {
        words += " debug";
    }
    words
}
