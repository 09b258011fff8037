//! Two ids alone.

use super::change::{Change, Diff, Effect, ModuleDiff, PartChange};
use super::modules::parts;
use crate::frameworks::of_id;
use crate::ids::{IdKind, parse};

/// Says what changed from one id to another; `None`: one of them has the form of no id.
pub fn diff_ids(a: &str, b: &str) -> Option<Diff> {
    let (one, other) = (parse(a.trim())?, parse(b.trim())?);
    let (before, after) = (one.facts(), other.facts());
    let mut changes = Vec::new();
    let shared = |kind| {
        matches!(kind, IdKind::Pybind11Key | IdKind::NanobindKey | IdKind::NanobindTag | IdKind::InterbindKey)
    };
    if of_id(one.kind).kind != of_id(other.kind).kind || one.kind.slug() != other.kind.slug() {
        let why = "these are ids of different kinds, which nothing compares";
        let parts: Vec<PartChange> = Vec::new();
        changes.push(
            Change::new(&after.kind, Effect::Unknown, why)
                .with_parts(parts)
                .from(Some(a.trim()), Some(b.trim())),
        );
    } else if before.text != after.text {
        let parts = parts(&before, &after);
        let differing: Vec<_> =
            parts.iter().filter(|part| !part.same).map(|part| part.name.as_str()).collect();
        let why = format!("modules with these ids don't share; what differs: {}", differing.join(", "));
        let effect = if shared(one.kind) || one.kind == IdKind::Pybind11Platform {
            Effect::BreaksSharing
        } else {
            Effect::Noted
        };
        let change = Change::new(&after.kind, effect, why).with_parts(parts);
        changes
            .push(change.of(of_id(one.kind).kind).from(Some(before.text.clone()), Some(after.text.clone())));
    }
    let module = ModuleDiff {
        name: after.kind.clone(),
        target: String::new(),
        before: before.text,
        after: after.text,
        breaking: changes.iter().any(|change| change.effect == Effect::BreaksSharing),
        changes,
    };
    Some(Diff::new(vec![module], Vec::new(), Vec::new()))
}
