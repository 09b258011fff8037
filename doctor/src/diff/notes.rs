//! What changed for this project's own layer, by the build notes: a consumer built against the old module is held against the
//! new one, type by type, as the layer itself would.

use interbind_abi::diff::differences;
use interbind_abi::note::ModuleNote;
use interbind_abi::version::Requirement;

use super::change::{Change, Effect};
use crate::facts::{FrameworkKind, Module, OurNote};

/// Adds what changed.
pub(super) fn diff(old: &Module, new: &Module, changes: &mut Vec<Change>) {
    let (Some(before), Some(after)) = (&old.note, &new.note) else { return };
    let parsed = |note: &OurNote| note.module.join("\n").parse::<ModuleNote>();
    let (Ok(one), Ok(other)) = (parsed(before), parsed(after)) else {
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
            match layout(name, before, after) {
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
        if let Some((_, was)) = one.consumes.iter().find(|(old, was)| old == name && was != requirement) {
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

/// Holds a consumer of the old descriptor against the new one.
fn layout(name: &str, old: &OurNote, new: &OurNote) -> Result<(), String> {
    let of = |note: &OurNote| -> Vec<String> {
        let mut all: Vec<_> =
            note.types.iter().filter(|text| text.split(' ').nth(1) == Some(name)).cloned().collect();
        all.sort();
        all.dedup();
        all
    };
    let (before, after) = (of(old), of(new));
    let ([before], [after]) = (&before[..], &after[..]) else { return Ok(()) };
    let told = |found: Vec<_>| {
        let one = |(reason, part): (_, interbind_abi::diff::Difference)| {
            let reason: interbind_abi::reason::Reason = reason;
            format!("{} was {}, is {} ({reason})", part.part, part.consumer, part.provider)
        };
        found.into_iter().map(one).collect::<Vec<_>>().join(", ")
    };
    match differences(after, before) {
        Ok(found) if found.is_empty() => Ok(()),
        Ok(found) => Err(format!("{name} has changed under the same major: {}", told(found))),
        Err(_) => Err(format!("{name} is another kind of type (kind-differs)")),
    }
}
