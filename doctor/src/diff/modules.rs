//! What changed in one module: its bindings, what it asks of Python and of the system.

use std::collections::BTreeSet;

use super::change::{Change, Effect, ModuleDiff, PartChange};
use super::{notes, pairs};
use crate::facts::{AbiId, Claim, Framework, FrameworkKind, Gil, Interpreters, Module, Role};
use crate::frameworks::profile;

/// Says what changed from one build of a module to the next.
pub(super) fn diff(old: &Module, new: &Module) -> ModuleDiff {
    let mut changes = Vec::new();
    frameworks(old, new, &mut changes);
    notes::diff(old, new, &mut changes);
    python(old, new, &mut changes);
    system(old, new, &mut changes);
    changes.sort_by_key(|change: &Change| change.effect);
    ModuleDiff {
        name: pairs::name(new),
        target: pairs::target(new),
        before: pairs::file(old),
        after: pairs::file(new),
        breaking: changes.iter().any(|change| change.effect == Effect::BreaksSharing),
        changes,
    }
}

fn frameworks(old: &Module, new: &Module, changes: &mut Vec<Change>) {
    let present = |module: &Module| -> Vec<Framework> {
        let there = |framework: &&Framework| framework.present.value == Some(true);
        module.frameworks.iter().filter(there).cloned().collect()
    };
    let (before, after) = (present(old), present(new));
    for framework in &before {
        match after.iter().find(|other| same(framework, other)) {
            Some(other) => bindings(framework, other, changes),
            None if framework.kind == FrameworkKind::Plain => {}
            None => {
                let effect = if shares(framework.kind) { Effect::BreaksSharing } else { Effect::Noted };
                let why = format!("the module has no {} any more", framework.kind);
                changes.push(
                    Change::new("framework", effect, why)
                        .of(framework.kind)
                        .from(Some(words(framework)), None::<String>),
                );
            }
        }
    }
    for framework in after
        .iter()
        .filter(|new| new.kind != FrameworkKind::Plain && !before.iter().any(|old| same(old, new)))
    {
        let why = format!("the module has {} now", framework.kind);
        changes.push(
            Change::new("framework", Effect::Noted, why)
                .of(framework.kind)
                .from(None::<String>, Some(words(framework))),
        );
    }
}

fn same(one: &Framework, other: &Framework) -> bool {
    one.kind == other.kind
        && (one.role == other.role || (one.role != Role::BackEnd && other.role != Role::BackEnd))
}

/// Whether modules of a framework join a registry of the interpreter.
fn shares(kind: FrameworkKind) -> bool {
    profile(kind).registry.exists()
}

fn words(framework: &Framework) -> String {
    format!("{} {}", framework.kind, framework.version)
}

fn bindings(old: &Framework, new: &Framework, changes: &mut Vec<Change>) {
    let kind = old.kind;
    if let Some((before, after)) = differs(&old.version, &new.version) {
        let why = format!("{kind} went from {before} to {after}");
        changes.push(Change::new("version", Effect::Noted, why).of(kind).from(Some(before), Some(after)));
    }
    if old.role != new.role {
        let role = |framework: &Framework| format!("{:?}", framework.role).to_lowercase();
        let why = format!("{kind} is built in another way: whole, or in a front and a back end");
        changes.push(Change::new("role", Effect::Noted, why).of(kind).from(Some(role(old)), Some(role(new))));
    }
    for name in ["internals-key", "module-local-key", "platform-id", "tag"] {
        ids(kind, name, old, new, changes);
    }
    number(old, new, changes);
    domain(old, new, changes);
    conduit(old, new, changes);
}

/// Two values that are both known, and differ.
fn differs<T: ToString + PartialEq>(old: &Claim<T>, new: &Claim<T>) -> Option<(String, String)> {
    match (&old.value, &new.value) {
        (Some(old), Some(new)) if old != new => Some((old.to_string(), new.to_string())),
        _ => None,
    }
}

fn ids(kind: FrameworkKind, name: &str, old: &Framework, new: &Framework, changes: &mut Vec<Change>) {
    let of = |framework: &Framework| -> Vec<AbiId> {
        let known = framework.ids.iter().filter_map(|claim| claim.value.clone());
        known.filter(|id| id.kind == name).collect()
    };
    let (before, after) = (of(old), of(new));
    let texts = |ids: &[AbiId]| ids.iter().map(|id| id.text.clone()).collect::<BTreeSet<_>>();
    let (one, other) = (texts(&before), texts(&after));
    if one == other || one.is_empty() && other.is_empty() {
        return;
    }
    let joined = |texts: &BTreeSet<String>| {
        (!texts.is_empty()).then(|| texts.iter().cloned().collect::<Vec<_>>().join(", "))
    };
    let change = match (&before[..], &after[..]) {
        ([one], [other]) => {
            let parts = parts(one, other);
            let differing: Vec<_> =
                parts.iter().filter(|part| !part.same).map(|part| part.name.as_str()).collect();
            let (effect, why) = meaning(name, &differing.join(", "));
            Change::new(name, effect, why).with_parts(parts)
        }
        ([], _) | (_, []) => {
            let why = format!("one side's {name} isn't known");
            Change::new(name, Effect::Unknown, why)
        }
        _ if one.is_disjoint(&other) => {
            let (effect, why) = meaning(name, "all of them");
            Change::new(name, effect, why)
        }
        _ => Change::new(
            name,
            Effect::Unknown,
            format!("there are several, and which one is used isn't known: {name}"),
        ),
    };
    changes.push(change.of(kind).from(joined(&one), joined(&other)));
}

/// What another id does.
fn meaning(name: &str, differing: &str) -> (Effect, String) {
    match name {
        "internals-key" | "tag" => {
            let why = format!(
                "modules that shared the old registry don't share the new one; what differs: {differing}"
            );
            (Effect::BreaksSharing, why)
        }
        "module-local-key" => (
            Effect::Noted,
            format!("module-local classes aren't recognised across the two; what differs: {differing}"),
        ),
        _ => (
            Effect::BreaksSharing,
            format!("pybind11's conduit refuses across the two; what differs: {differing}"),
        ),
    }
}

/// Lays the parts of two ids side by side, in the order of the first.
pub(super) fn parts(old: &AbiId, new: &AbiId) -> Vec<PartChange> {
    let text = |id: &AbiId, name: &str| {
        id.parts.iter().find(|part| part.name == name).map_or_else(String::new, |part| part.value.clone())
    };
    let mut names: Vec<&str> = Vec::new();
    for part in old.parts.iter().chain(&new.parts) {
        if !names.contains(&part.name.as_str()) {
            names.push(&part.name);
        }
    }
    let part = |name: &str| {
        let (before, after) = (text(old, name), text(new, name));
        PartChange { name: name.to_owned(), same: before == after, before, after }
    };
    names.into_iter().map(part).collect()
}

/// The number of the shared state, where no key tells it already.
fn number(old: &Framework, new: &Framework, changes: &mut Vec<Change>) {
    let told = changes.iter().any(|change| {
        change.framework == Some(old.kind)
            && change.parts.iter().any(|part| part.name == "internals" && !part.same)
    });
    let (Some(before), Some(after)) = (&old.internals, &new.internals) else { return };
    if let (false, Some((before, after))) = (told, differs(before, after)) {
        let why = "the shared state's layout has another number";
        changes.push(
            Change::new("internals", Effect::BreaksSharing, why).of(old.kind).from(Some(before), Some(after)),
        );
    }
}

fn domain(old: &Framework, new: &Framework, changes: &mut Vec<Change>) {
    let (Some(before), Some(after)) = (&old.domain, &new.domain) else { return };
    let name = |domain: &str| if domain.is_empty() { "(default)".to_owned() } else { domain.to_owned() };
    let change = match (&before.value, &after.value) {
        (Some(old), Some(new)) if old.name != new.name => {
            let why = "modules of the old domain don't share with the new one";
            Change::new("domain", Effect::BreaksSharing, why)
                .from(Some(name(&old.name)), Some(name(&new.name)))
        }
        (Some(_), Some(_)) | (None, None) => return,
        (old, new) => {
            let known =
                |domain: &Option<crate::facts::Domain>| domain.as_ref().map(|domain| name(&domain.name));
            Change::new("domain", Effect::Unknown, "one side's domain isn't known")
                .from(known(old), known(new))
        }
    };
    changes.push(change.of(old.kind));
}

fn conduit(old: &Framework, new: &Framework, changes: &mut Vec<Change>) {
    let has = |framework: &Framework| {
        framework.conduit.as_ref().and_then(|claim| claim.value.as_ref()).map(|conduit| conduit.present)
    };
    let change = match (has(old), has(new)) {
        (Some(true), Some(false)) => Change::new(
            "conduit",
            Effect::BreaksSharing,
            "pybind11's conduit is gone: raw pointers no longer cross between registries",
        ),
        (Some(false), Some(true)) => Change::new(
            "conduit",
            Effect::Widens,
            "pybind11's conduit is there: raw pointers cross to other registries of the same platform",
        ),
        _ => return,
    };
    let word = |has: Option<bool>| has.map(|has| if has { "yes" } else { "no" });
    changes.push(change.of(old.kind).from(word(has(old)), word(has(new))));
}

fn python(old: &Module, new: &Module, changes: &mut Vec<Change>) {
    let (before, after) = (&old.python, &new.python);
    let whole = |module: &Module| pairs::target(module);
    if old.extension && new.extension && whole(old) != whole(new) {
        let stable = before.stable.is_none() && after.stable.is_some();
        let effect = if stable { Effect::Widens } else { Effect::NarrowsLoading };
        changes.push(
            Change::new("target", effect, "it is built for another Python or machine")
                .from(Some(whole(old)), Some(whole(new))),
        );
    }
    if let (Some(one), Some(other)) = (&before.stable, &after.stable) {
        for (what, old, new) in
            [("python-floor", &one.claimed, &other.claimed), ("python-needed", &one.needed, &other.needed)]
        {
            floor(what, "Python", old.value.as_deref(), new.value.as_deref(), changes);
        }
    }
    let record =
        |needs: &crate::facts::PythonNeeds| needs.built.as_ref().and_then(|built| built.value.clone());
    if let (Some(old), Some(new)) = (record(before), record(after)) {
        if old != new {
            let narrower = old.gil && !new.gil || old.free_threaded && !new.free_threaded;
            let effect = if narrower { Effect::NarrowsLoading } else { Effect::Noted };
            let text = |info: &crate::facts::AbiInfo| format!("Python {}, API of {}", info.build, info.api);
            changes.push(
                Change::new("abi-info", effect, "its own record of what it was built with (PyABIInfo)")
                    .from(Some(text(&old)), Some(text(&new))),
            );
        }
    }
    if let (Some(old), Some(new)) = (before.gil.value, after.gil.value) {
        let (effect, why) = match (old, new) {
            (Gil::NotUsed, Gil::Used) => {
                (Effect::NarrowsLoading, "importing it turns the GIL on in a free-threaded Python")
            }
            _ => (Effect::Widens, "importing it leaves the GIL off in a free-threaded Python"),
        };
        if old != new {
            changes.push(
                Change::new("gil", effect, why).from(Some(format!("{old:?}")), Some(format!("{new:?}"))),
            );
        }
    }
    if let (Some(old), Some(new)) = (before.interpreters.value, after.interpreters.value) {
        let rank = |which| match which {
            Interpreters::MainOnly => 0,
            Interpreters::SharedGil => 1,
            Interpreters::PerInterpreterGil => 2,
        };
        if old != new {
            let narrower = rank(new) < rank(old);
            let effect = if narrower { Effect::NarrowsLoading } else { Effect::Widens };
            let why = "it can be imported in other kinds of sub-interpreters than before";
            changes.push(
                Change::new("interpreters", effect, why)
                    .from(Some(format!("{old:?}")), Some(format!("{new:?}"))),
            );
        }
    }
    let entries = |module: &Module| {
        module.python.entries.iter().map(|entry| entry.module.clone()).collect::<BTreeSet<_>>()
    };
    set("entry", &entries(old), &entries(new), Effect::NarrowsLoading, "modules the file makes", changes);
}

fn system(old: &Module, new: &Module, changes: &mut Vec<Change>) {
    if let (Some(one), Some(other)) = (&old.target.libc.value, &new.target.libc.value) {
        if one.kind == other.kind {
            floor("libc-floor", "C library", one.floor.as_deref(), other.floor.as_deref(), changes);
        }
    }
    let cxx = |module: &Module| module.target.cxx.as_ref().and_then(|claim| claim.value.clone());
    match (cxx(old), cxx(new)) {
        (Some(one), Some(other)) if one.name != other.name => {
            let why = "objects of the C++ library can't be passed between the two";
            changes
                .push(Change::new("cxx-runtime", Effect::Noted, why).from(Some(one.name), Some(other.name)));
        }
        (Some(one), Some(other)) => {
            for new in &other.floors {
                let family = |floor: &str| floor.split('_').next().unwrap_or(floor).to_owned();
                let number = |floor: &str| floor.rsplit('_').next().unwrap_or(floor).to_owned();
                let old = one.floors.iter().find(|old| family(old) == family(new));
                let before = old.map(|old| number(old));
                floor("cxx-floor", &family(new), before.as_deref(), Some(&number(new)), changes);
            }
        }
        _ => {}
    }
    partners(old, new, changes);
    c_api(old, new, changes);
    let needed = |module: &Module| module.needed.iter().cloned().collect::<BTreeSet<_>>();
    set("needed", &needed(old), &needed(new), Effect::Noted, "libraries the file asks for", changes);
}

/// Releases of libraries beside Python that serve no longer, or anew.
fn partners(old: &Module, new: &Module, changes: &mut Vec<Change>) {
    let stated = |claim: &'_ Option<Claim<String>>| claim.as_ref().and_then(|claim| claim.value.clone());
    for after in &new.partners {
        let Some(before) = old.partners.iter().find(|old| (old.kind, old.role) == (after.kind, after.role))
        else {
            continue;
        };
        let (what, of) = (format!("{}-floor", after.kind.slug()), after.kind.name());
        floor(&what, of, stated(&before.lowest).as_deref(), stated(&after.lowest).as_deref(), changes);
        let (one, other) = (stated(&before.highest), stated(&after.highest));
        let effect = match (&one, &other) {
            (None, Some(_)) => Effect::NarrowsLoading,
            (Some(_), None) => Effect::Widens,
            _ => continue,
        };
        let why = match effect {
            Effect::Widens => format!("newer releases of {of} serve it too"),
            _ => format!("it is built for an older generation of {of}: newer releases refuse it"),
        };
        changes.push(Change::new(&format!("{}-highest", after.kind.slug()), effect, why).from(one, other));
    }
}

/// What it gives to others in C, and asks of them.
fn c_api(old: &Module, new: &Module, changes: &mut Vec<Change>) {
    let gone = |names: Vec<String>| (!names.is_empty()).then(|| names.join(", "));
    // A list that couldn't be read isn't an empty one.
    if !old.capi.gives.is_empty() && !new.capi.gives.is_empty() {
        let of = |name: &str| new.capi.gives.iter().find(|function| function.name == name);
        let is_gone = |name: &str| of(name).is_none() && !new.capi.may_give_more();
        let missing = old.capi.gives.iter().filter(|function| is_gone(&function.name));
        if let Some(names) = gone(missing.map(|function| function.name.clone()).collect()) {
            let why = "modules that take these C functions can't be imported any more";
            let change = Change::new("c-function", Effect::BreaksSharing, why);
            changes.push(change.from(Some(names), None::<String>));
        }
        for function in &old.capi.gives {
            let Some(after) = of(&function.name).filter(|after| after.signature != function.signature) else {
                continue;
            };
            let why =
                format!("modules that take the C function `{}` refuse its new signature", function.name);
            let change = Change::new("c-function", Effect::BreaksSharing, why);
            changes.push(change.from(Some(function.signature.clone()), Some(after.signature.clone())));
        }
    }
    for class in &old.capi.classes {
        let Some(after) = new.capi.classes.iter().find(|after| after.name == class.name) else { continue };
        if (after.size, after.item) == (class.size, class.item) {
            continue;
        }
        let (effect, how) = if after.size < class.size {
            (Effect::BreaksSharing, "smaller: modules compiled for the old size refuse it")
        } else {
            (Effect::Noted, "larger: modules compiled for the old size warn of it, or refuse it")
        };
        let why = format!("objects of `{}` are {how}", class.name);
        changes.push(
            Change::new("class-size", effect, why)
                .from(Some(class.size.to_string()), Some(after.size.to_string())),
        );
    }
    for capsule in &old.capi.capsules {
        match new.capi.capsules.iter().find(|after| after.name == capsule.name) {
            // Whether another module of the release gives it isn't seen here.
            None => {
                let why = format!("this module gives no capsule `{}` any more", capsule.name);
                changes.push(Change::new("capsule", Effect::Unknown, why));
            }
            Some(after) => match (capsule.entries, after.entries) {
                (Some(before), Some(after)) if after < before => {
                    let why = format!("the table in the capsule `{}` is shorter", capsule.name);
                    changes.push(
                        Change::new("capsule", Effect::BreaksSharing, why)
                            .from(Some(before.to_string()), Some(after.to_string())),
                    );
                }
                (Some(before), Some(after)) if after > before => {
                    let why = format!("the table in the capsule `{}` is longer", capsule.name);
                    changes.push(
                        Change::new("capsule", Effect::Noted, why)
                            .from(Some(before.to_string()), Some(after.to_string())),
                    );
                }
                _ => {}
            },
        }
    }
}

/// A floor that rose or fell.
fn floor(what: &str, of: &str, before: Option<&str>, after: Option<&str>, changes: &mut Vec<Change>) {
    let (Some(old), Some(new)) = (before, after) else { return };
    let numbers =
        |text: &str| text.split('.').map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    let (effect, how) = match numbers(new).cmp(&numbers(old)) {
        std::cmp::Ordering::Greater => (Effect::NarrowsLoading, "newer"),
        std::cmp::Ordering::Less => (Effect::Widens, "older"),
        std::cmp::Ordering::Equal => return,
    };
    let why = match effect {
        Effect::Widens => format!("an {how} {of} will do"),
        _ => format!("it needs a {how} {of}"),
    };
    changes.push(Change::new(what, effect, why).from(Some(old), Some(new)));
}

fn set(
    what: &str,
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
    lost: Effect,
    of: &str,
    changes: &mut Vec<Change>,
) {
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        let only: Vec<_> = one.difference(other).cloned().collect();
        (!only.is_empty()).then(|| only.join(", "))
    };
    let (gone, come) = (only(old, new), only(new, old));
    if gone.is_none() && come.is_none() {
        return;
    }
    let effect = if gone.is_some() { lost } else { Effect::Noted };
    let why = match (&gone, &come) {
        (Some(_), None) => format!("{of}: some are gone"),
        (None, _) => format!("{of}: some are new"),
        (Some(_), Some(_)) => format!("{of}: others than before"),
    };
    changes.push(Change::new(what, effect, why).from(gone, come));
}
