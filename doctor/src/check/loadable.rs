//! Whether one process can load both modules. Asked before any key is compared: keys say nothing of the Python they are
//! for, so two equal ones can still never meet.

use std::cmp::Ordering;

use interbind_abi::platform::Api;

use crate::compare::{doubt, proved};
use crate::facts::{
    Claim, Evidence, Format, LibcKind, Module, Os, Partner, PartnerRole, PythonNeeds, Source, Stable,
    StableKind,
};

use super::verdict::{Condition, Loadable};

/// Goes through every condition.
pub(super) fn loadable(a: &Module, b: &Module) -> Loadable {
    let (a, b) = (&with_note(a), &with_note(b));
    let conditions = vec![
        os(a, b),
        equal("arch", &a.target.arch.name, &b.target.arch.name, "a process runs on one processor"),
        bits(a, b),
        libc(a, b),
        claims(
            "implementation",
            &a.python.implementation,
            &b.python.implementation,
            "a process has one Python",
        ),
        python(&a.python, &b.python),
        gil(&a.python, &b.python),
        debug(a, b),
    ];
    let conditions: Vec<Condition> = conditions.into_iter().chain(partners(a, b)).collect();
    let possible = if conditions.iter().any(|condition| condition.met == Some(false)) {
        Some(false)
    } else if conditions.iter().all(|condition| condition.met == Some(true)) {
        Some(true)
    } else {
        None
    };
    Loadable { possible, conditions }
}

/// The module, with what its own build note says of the Python it is for, where nothing else does: a file's name need not.
fn with_note(module: &Module) -> Module {
    let mut module = module.clone();
    let parsed = module.note.as_ref().map(crate::facts::OurNote::read);
    let Some(Ok(note)) = parsed else { return module };
    let platform = note.platform;
    let evidence = || [Evidence::new(Source::Note, platform.to_string())];
    let python = &mut module.python;
    if !python.implementation.is_certain() {
        python.implementation = Claim::certain(platform.python.clone(), evidence());
    }
    if let (false, Some(has_gil)) = (python.free_threaded.is_certain(), platform.gil) {
        python.free_threaded = Claim::certain(!has_gil, evidence());
    }
    if !python.debug.is_certain() {
        python.debug = Claim::certain(platform.debug, evidence());
    }
    let (kind, major, minor) = match platform.api {
        Api::Full(major, minor) => (None, major, minor),
        Api::Abi3(major, minor) => (Some(StableKind::Abi3), major, minor),
        Api::Abi3t(major, minor) => (Some(StableKind::Abi3t), major, minor),
    };
    let version = Claim::certain(format!("{major}.{minor}"), evidence());
    match kind {
        None if python.stable.is_none() && !python.version.is_certain() => python.version = version,
        Some(kind) if python.stable.is_none() => {
            let (claimed, needed) = (version.clone(), version);
            python.stable = Some(Stable { kind, claimed, needed, exported: None, outside: Vec::new() });
        }
        _ => {}
    }
    module
}

fn condition(name: &str, a: String, b: String, met: Option<bool>, why: Option<String>) -> Condition {
    Condition { name: name.to_owned(), a, b, met, why: why.filter(|_| met != Some(true)) }
}

fn equal(name: &str, a: &str, b: &str, why: &str) -> Condition {
    condition(name, a.to_owned(), b.to_owned(), Some(a == b), Some(why.to_owned()))
}

/// Two statements that must say the same: a difference counts only when both are proved.
fn claims<T: PartialEq + ToString>(name: &str, a: &Claim<T>, b: &Claim<T>, why: &str) -> Condition {
    let text = |claim: &Claim<T>| claim.value.as_ref().map_or("unknown".to_owned(), ToString::to_string);
    let (met, why) = match (proved(a), proved(b)) {
        (Some(first), Some(second)) => (Some(first == second), why.to_owned()),
        (None, _) => (None, doubt(a)),
        (_, None) => (None, doubt(b)),
    };
    condition(name, text(a), text(b), met, Some(why))
}

fn os(a: &Module, b: &Module) -> Condition {
    let name = |os: &Os| match os {
        Os::Linux => "linux",
        Os::Macos => "macos",
        Os::Windows => "windows",
        Os::Android => "android",
        Os::Ios => "ios",
        Os::Emscripten => "emscripten",
        Os::Other => "other",
    };
    let text = |module: &Module| module.target.os.value.as_ref().map_or("unknown", name).to_owned();
    let (first, second) = (proved(&a.target.os), proved(&b.target.os));
    let (met, why) = match (first, second) {
        _ if a.target.format != b.target.format => (Some(false), "the binary formats differ".to_owned()),
        // The format alone says it where there is one system with that format.
        _ if a.target.format == Format::Pe => (Some(true), String::new()),
        (Some(Os::Other), Some(Os::Other)) => (None, "both are for a system we don't know".to_owned()),
        (Some(first), Some(second)) => (Some(first == second), "a process runs on one system".to_owned()),
        (None, _) => (None, doubt(&a.target.os)),
        (_, None) => (None, doubt(&b.target.os)),
    };
    condition("os", text(a), text(b), met, Some(why))
}

fn bits(a: &Module, b: &Module) -> Condition {
    let text = |module: &Module| {
        let order = if module.target.arch.little_endian { "little" } else { "big" };
        format!("{} bits, {order}-endian", module.target.arch.bits)
    };
    equal("bits", &text(a), &text(b), "pointers have one size in a process")
}

fn libc(a: &Module, b: &Module) -> Condition {
    let name = |kind: LibcKind| match kind {
        LibcKind::Glibc => "glibc",
        LibcKind::Musl => "musl",
        LibcKind::System => "libSystem",
        LibcKind::Ucrt => "ucrt",
        LibcKind::Bionic => "bionic",
    };
    let text = |module: &Module| {
        module.target.libc.value.as_ref().map_or("unknown", |libc| name(libc.kind)).to_owned()
    };
    let (first, second) = (&a.target.libc, &b.target.libc);
    let (met, why) = match (proved(first), proved(second)) {
        (Some(first), Some(second)) => {
            (Some(first.kind == second.kind), "a process has one C library".to_owned())
        }
        // Both ask for nothing that tells C libraries apart, or the system has only one: that is no obstacle.
        _ if a.target.format != Format::Elf => (Some(true), String::new()),
        (None, _) => (None, doubt(first)),
        (_, None) => (None, doubt(second)),
    };
    condition("libc", text(a), text(b), met, Some(why))
}

/// A side's demand on the version: this one, or at least this one.
enum Demand<'a> {
    Exactly(&'a str),
    /// What the symbols need, and what the author promises.
    AtLeast {
        needed: &'a str,
        claimed: Option<&'a str>,
    },
    Unknown(String),
}

fn demand(python: &PythonNeeds) -> Demand<'_> {
    if let Some(stable) = &python.stable {
        let claimed = stable.claimed.value.as_deref();
        let loads = stable.exported.as_ref().and_then(proved).or(proved(&stable.needed));
        return match (loads, claimed) {
            (Some(needed), claimed) => Demand::AtLeast { needed, claimed },
            (None, Some(claimed)) => Demand::AtLeast { needed: claimed, claimed: Some(claimed) },
            (None, None) => Demand::Unknown(doubt(&stable.needed)),
        };
    }
    match proved(&python.version) {
        Some(version) => Demand::Exactly(version),
        None => Demand::Unknown(doubt(&python.version)),
    }
}

fn python(a: &PythonNeeds, b: &PythonNeeds) -> Condition {
    let text = |python: &PythonNeeds| match (demand(python), &python.stable) {
        (Demand::Exactly(version), _) => version.to_owned(),
        (Demand::AtLeast { needed, claimed }, Some(stable)) => {
            let name = if stable.kind == StableKind::Abi3 { "abi3" } else { "abi3t" };
            format!("≥ {} ({name})", claimed.unwrap_or(needed))
        }
        (Demand::AtLeast { needed, .. }, None) => format!("≥ {needed}"),
        (Demand::Unknown(_), _) => "unknown".to_owned(),
    };
    let differ = "a process has one Python";
    let (met, why) = match (demand(a), demand(b)) {
        (Demand::Unknown(why), _) | (_, Demand::Unknown(why)) => (None, why),
        (Demand::Exactly(first), Demand::Exactly(second)) => (Some(first == second), differ.to_owned()),
        (Demand::AtLeast { .. }, Demand::AtLeast { .. }) => (Some(true), String::new()),
        (Demand::Exactly(has), Demand::AtLeast { needed, claimed })
        | (Demand::AtLeast { needed, claimed }, Demand::Exactly(has)) => {
            let promised = claimed.unwrap_or(needed);
            if order(has, needed) == Ordering::Less {
                (Some(false), format!("Python {has} lacks what the other needs from {needed} on"))
            } else if order(has, promised) == Ordering::Less {
                (
                    None,
                    format!("the other promises to work from {promised} on, though its symbols are in {has}"),
                )
            } else {
                (Some(true), String::new())
            }
        }
    };
    condition("python", text(a), text(b), met, Some(why))
}

/// Compares versions by number: `3.9` is before `3.10`.
fn order(a: &str, b: &str) -> Ordering {
    let numbers =
        |text: &str| -> Vec<u32> { text.split('.').map_while(|part| part.parse().ok()).take(2).collect() };
    numbers(a).cmp(&numbers(b))
}

fn gil(a: &PythonNeeds, b: &PythonNeeds) -> Condition {
    let both =
        |python: &PythonNeeds| python.stable.as_ref().is_some_and(|stable| stable.kind == StableKind::Abi3t);
    let text = |python: &PythonNeeds| match (both(python), python.free_threaded.value) {
        (true, _) => "either",
        (false, Some(true)) => "free-threaded",
        (false, Some(false)) => "with GIL",
        (false, None) => "unknown",
    };
    let why = "a free-threaded Python loads no module that is built for one with a GIL, nor the inverse";
    let (met, why) = match (proved(&a.free_threaded), proved(&b.free_threaded)) {
        _ if both(a) || both(b) => (Some(true), String::new()),
        (Some(first), Some(second)) => (Some(first == second), why.to_owned()),
        (None, _) => (None, doubt(&a.free_threaded)),
        (_, None) => (None, doubt(&b.free_threaded)),
    };
    condition("gil", text(a).to_owned(), text(b).to_owned(), met, Some(why))
}

/// Only Windows keeps them apart: elsewhere a debug build of Python loads release modules too, since 3.8, and the inverse is
/// a matter of the file's name.
fn debug(a: &Module, b: &Module) -> Condition {
    let text = |module: &Module| match module.python.debug.value {
        Some(true) => "debug",
        Some(false) => "release",
        None => "unknown",
    };
    let (first, second) = (&a.python.debug, &b.python.debug);
    let (met, why) = match (proved(first), proved(second)) {
        _ if a.target.format != Format::Pe => (Some(true), String::new()),
        (Some(first), Some(second)) => {
            (Some(first == second), "a debug Python loads `_d.pyd` files only".to_owned())
        }
        (None, _) => (None, doubt(first)),
        (_, None) => (None, doubt(second)),
    };
    condition("debug", text(a).to_owned(), text(b).to_owned(), met, Some(why))
}

/// One environment has one release of a library beside Python: where no release serves both, they don't get along in it.
fn partners(a: &Module, b: &Module) -> Vec<Condition> {
    let ask = |module: &'_ Module| -> Vec<Partner> {
        module.partners.iter().filter(|partner| partner.role == PartnerRole::Needs).cloned().collect()
    };
    let text = |partner: &Partner| match (stated(&partner.lowest), stated(&partner.highest)) {
        (Some(lowest), Some(highest)) => format!("{lowest} – {highest}"),
        (Some(lowest), None) => format!("≥ {lowest}"),
        (None, Some(highest)) => format!("≤ {highest}"),
        (None, None) => "any".to_owned(),
    };
    let mut found = Vec::new();
    for (one, other) in ask(a).iter().flat_map(|one| {
        ask(b).into_iter().filter(|other| other.kind == one.kind).map(move |other| (one.clone(), other))
    }) {
        let apart = |lower: &Partner, higher: &Partner| {
            stated(&lower.highest)
                .zip(stated(&higher.lowest))
                .is_some_and(|(highest, lowest)| order(highest, lowest) == Ordering::Less)
        };
        let fits = !apart(&one, &other) && !apart(&other, &one);
        // A module may ask for its partner later than on import, so this keeps none from being loaded for certain.
        let met = fits.then_some(true);
        let why = format!("no release of {} serves both", one.kind);
        found.push(condition(one.kind.slug(), text(&one), text(&other), met, Some(why)));
    }
    found
}

fn stated(claim: &Option<Claim<String>>) -> Option<&str> {
    claim.as_ref().and_then(|claim| claim.value.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(order("3.9", "3.10"), Ordering::Less);
        assert_eq!(order("3.12", "3.12"), Ordering::Equal);
        assert_eq!(order("3.13.0rc1", "3.12"), Ordering::Greater);
    }
}
