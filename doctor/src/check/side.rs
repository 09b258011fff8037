//! One of the two modules, as the questions look at it: its names, and the facts that are sure enough to decide.

use crate::compare::proved;
use crate::facts::{Framework, FrameworkKind, Module, Versions};

/// What a module is called in sentences: the name it is imported by, else the file's.
pub(super) fn short(module: &Module) -> String {
    let file = module.member.as_deref().unwrap_or(&module.path);
    let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
    module.name.clone().unwrap_or_else(|| last.to_owned())
}

/// What names a module and no other: the file, and the member in it, and the slice where the file has several.
pub(super) fn long(module: &Module) -> String {
    match &module.member {
        Some(member) => format!("{}!{member}", module.path),
        None => module.path.clone(),
    }
}

/// What both are called, each by the shortest name that tells them apart.
pub(super) fn names(a: &Module, b: &Module) -> (String, String) {
    let file = |module: &Module| {
        let path = module.member.as_deref().unwrap_or(&module.path);
        path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
    };
    for name in [short, file] {
        if name(a) != name(b) {
            return (name(a), name(b));
        }
    }
    let (a, b) = (long(a), long(b));
    if a == b { (a + " (first)", b + " (second)") } else { (a, b) }
}

/// The frameworks of a module that are there for certain, and count: a library under all others does not.
pub(super) fn frameworks(module: &Module) -> impl Iterator<Item = &Framework> {
    module.frameworks.iter().filter(|framework| proved(&framework.present) == Some(&true))
}

/// That framework of a module, if it is there at all, however sure.
pub(super) fn framework(module: &Module, kind: FrameworkKind) -> Option<&Framework> {
    module
        .frameworks
        .iter()
        .find(|framework| framework.kind == kind && framework.present.value != Some(false))
}

/// `nanobind 3.x`: the name and the major release, where all that it can be have one.
pub(super) fn called(framework: &Framework) -> String {
    let major = |version: &str| version.split('.').next().unwrap_or(version).to_owned();
    let one = |versions: &Versions| {
        let highest = versions.highest.as_deref()?;
        (major(highest) == major(&versions.lowest)).then(|| major(highest))
    };
    match framework.version.value.as_ref().and_then(one) {
        Some(major) => format!("{} {major}.x", framework.kind),
        None => framework.kind.to_string(),
    }
}

/// What two frameworks of one kind are called together.
pub(super) fn called_both(a: &Framework, b: &Framework) -> String {
    let (a_name, b_name) = (called(a), called(b));
    if a_name == b_name { a_name } else { a.kind.to_string() }
}
