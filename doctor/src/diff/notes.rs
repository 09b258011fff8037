//! What changed for this project's own layer, by the build notes: a consumer built against the old module is compared with the
//! new one, type by type, as the layer itself would; and of what it consumes, the old declaration with the new.

use interbind_abi::diff::differences;
use interbind_abi::version::{Requirement, Version};

use super::change::{Change, Effect};
use crate::facts::{FrameworkKind, Module, OurNote};

/// Adds what changed.
pub(super) fn diff(old: &Module, new: &Module, changes: &mut Vec<Change>) {
    let (Some(before), Some(after)) = (&old.note, &new.note) else { return };
    let (Ok(one), Ok(other)) = (before.read(), after.read()) else {
        changes.push(ours("note", Effect::Unknown, "a build note isn't understood".to_owned()));
        return;
    };
    if one.interbind != other.interbind {
        let why = "the layer in the module is of another release; its core stays compatible within a major"
            .to_owned();
        changes.push(ours("version", Effect::Noted, why).from(Some(one.interbind), Some(other.interbind)));
    }
    for (name, version) in &one.provides {
        let Some((_, now)) = other.provides.iter().find(|(other, _)| other == name) else {
            let why = format!("{name} isn't provided any more");
            changes.push(
                ours("type", Effect::BreaksSharing, why)
                    .from(Some(format!("{name} {version}")), None::<String>),
            );
            continue;
        };
        let (effect, why) = if !Requirement::compatible(*version).accepts(*now) {
            (
                Effect::BreaksSharing,
                format!(
                    "consumers that ask for {name} {} refuse it (version-differs)",
                    Requirement::compatible(*version)
                ),
            )
        } else {
            match layout(name, (before, *version), (after, *now)) {
                Err(why) => (Effect::BreaksSharing, why),
                Ok(()) if version == now => continue,
                Ok(()) => (Effect::Noted, format!("{name} fits consumers of the old version")),
            }
        };
        changes.push(
            ours("type", effect, why).from(Some(format!("{name} {version}")), Some(format!("{name} {now}"))),
        );
    }
    for (name, version) in
        other.provides.iter().filter(|(name, _)| one.provides.iter().all(|(old, _)| old != name))
    {
        let why = format!("{name} is provided now");
        changes
            .push(ours("type", Effect::Widens, why).from(None::<String>, Some(format!("{name} {version}"))));
    }
    for (name, requirement) in &other.consumes {
        let known = |(old, was): &&(String, Requirement)| old == name && was == requirement;
        if one.consumes.iter().any(|each| known(&each)) {
            // The same requirement, and perhaps another declaration behind it.
            if let Err(why) = taken(name, *requirement, before, after) {
                let text = format!("{name} {requirement}");
                changes.push(ours("type", Effect::BreaksSharing, why).from(Some(text.clone()), Some(text)));
            }
            continue;
        }
        if let Some((_, was)) = one.consumes.iter().find(|(old, _)| old == name) {
            let narrower = !requirement.accepts(was.least);
            let effect = if narrower { Effect::BreaksSharing } else { Effect::Noted };
            let why = format!("it takes other versions of {name} than before");
            changes.push(
                ours("requirement", effect, why).from(Some(was.to_string()), Some(requirement.to_string())),
            );
        }
    }
}

fn ours(what: &str, effect: Effect, why: String) -> Change {
    Change::new(what, effect, why).of(FrameworkKind::Interbind)
}

/// The declarations of a type that a requirement, or a version, is about.
fn declared(name: &str, note: &OurNote, fits: impl Fn(Version) -> bool) -> Vec<String> {
    let named = note.declared.iter().filter(|declared| declared.name == name);
    let mut all: Vec<_> = named
        .filter(|declared| declared.version.parse().is_ok_and(&fits))
        .map(|declared| declared.descriptor.clone())
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Compares what a consumer was built with before and now, under one requirement: a provider that fits one of two layouts
/// doesn't fit the other.
fn taken(name: &str, requirement: Requirement, old: &OurNote, new: &OurNote) -> Result<(), String> {
    let of = |note| declared(name, note, |version| requirement.accepts(version));
    compare(name, &of(old), &of(new)).map_err(|why| {
        format!("it asks for {name} {requirement} as before, and is built with another declaration: {why}; a provider of the old one refuses it")
    })
}

/// Compares a consumer of the old declaration with the new one.
fn layout(name: &str, old: (&OurNote, Version), new: (&OurNote, Version)) -> Result<(), String> {
    let of = |(note, version): (&OurNote, Version)| declared(name, note, |declared| declared == version);
    compare(name, &of(old), &of(new)).map_err(|why| format!("{name} has changed under the same major: {why}"))
}

fn compare(name: &str, before: &[String], after: &[String]) -> Result<(), String> {
    let ([before], [after]) = (before, after) else { return Ok(()) };
    let told = |found: Vec<_>| {
        let one = |(reason, part): (_, interbind_abi::diff::Difference)| {
            let reason: interbind_abi::reason::Reason = reason;
            format!("{} was {}, is {} ({reason})", part.part, part.consumer, part.provider)
        };
        found.into_iter().map(one).collect::<Vec<_>>().join(", ")
    };
    match differences(after, before) {
        Ok(found) if found.is_empty() => Ok(()),
        Ok(found) => Err(told(found)),
        Err(_) => Err(format!("{name} is another kind of type (kind-differs)")),
    }
}
