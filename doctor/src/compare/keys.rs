//! Two ids side by side: which parts they have in common, in one order, and which differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{AbiId, FrameworkKind};

/// One part of two ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AlignedPart {
    /// Its name.
    pub name: String,
    /// The first module's text; empty where its id has no such part.
    pub a: String,
    /// The second module's.
    pub b: String,
    /// Whether they are equal; absent: one of them isn't known.
    pub same: Option<bool>,
}

/// The ids by which both recognise their like, part beside part.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AlignedKey {
    /// Whose ids they are.
    pub framework: FrameworkKind,
    /// What kind of id: `internals-key`, `tag`, …
    pub kind: String,
    /// The first module's, whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub a: Option<String>,
    /// The second module's, whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub b: Option<String>,
    /// Whether they are equal; absent: one of them isn't known.
    pub same: Option<bool>,
    /// Their parts, in the order of the first.
    pub parts: Vec<AlignedPart>,
}

impl AlignedKey {
    /// The parts that differ.
    pub fn differing(&self) -> impl Iterator<Item = &AlignedPart> {
        self.parts.iter().filter(|part| part.same == Some(false))
    }
}

/// Lines two ids up. Where one is missing, its side is empty and nothing is said to be the same.
pub(crate) fn align(
    framework: FrameworkKind,
    kind: &str,
    a: Option<&AbiId>,
    b: Option<&AbiId>,
) -> AlignedKey {
    let (Some(first), Some(second)) = (a, b) else {
        let one = a.or(b).map_or(&[][..], |id| &id.parts);
        let part = |text: &str, has: bool| if has { text.to_owned() } else { String::new() };
        let parts = one.iter().map(|found| AlignedPart {
            name: found.name.clone(),
            a: part(&found.value, a.is_some()),
            b: part(&found.value, b.is_some()),
            same: None,
        });
        let parts = parts.collect();
        let (a, b) = (a.map(|id| id.text.clone()), b.map(|id| id.text.clone()));
        return AlignedKey { framework, kind: kind.to_owned(), a, b, same: None, parts };
    };
    let mut parts: Vec<AlignedPart> = Vec::new();
    let mut taken = vec![false; second.parts.len()];
    for part in &first.parts {
        let other = second.parts.iter().enumerate().find(|(i, found)| !taken[*i] && found.name == part.name);
        if let Some((i, _)) = other {
            taken[i] = true;
        }
        let b = other.map_or(String::new(), |(_, found)| found.value.clone());
        let same = Some(part.value == b);
        parts.push(AlignedPart { name: part.name.clone(), a: part.value.clone(), b, same });
    }
    // What only the second has goes behind the part it follows there, so that both read from left to right.
    for (i, part) in second.parts.iter().enumerate().filter(|(i, _)| !taken[*i]) {
        let before = second.parts[..i].iter().rev().map(|part| &part.name);
        let place = before.filter_map(|name| parts.iter().position(|part| &part.name == name)).next();
        let same = Some(part.value.is_empty());
        let new = AlignedPart { name: part.name.clone(), a: String::new(), b: part.value.clone(), same };
        parts.insert(place.map_or(0, |place| place + 1), new);
    }
    AlignedKey {
        framework,
        kind: kind.to_owned(),
        a: Some(first.text.clone()),
        b: Some(second.text.clone()),
        same: Some(first.text == second.text),
        parts,
    }
}

/// The parts that differ, for a sentence: `build-abi `…_0` differs from `…_1``.
pub(crate) fn tell(key: &AlignedKey) -> String {
    let part = |part: &AlignedPart| match (part.a.as_str(), part.b.as_str()) {
        ("", b) => format!("only the second has {} `{b}`", part.name),
        (a, "") => format!("only the first has {} `{a}`", part.name),
        (a, b) => format!("{} `{a}` differs from `{b}`", part.name),
    };
    let found: Vec<_> = key.differing().map(part).collect();
    if found.is_empty() { "their keys differ".to_owned() } else { found.join(", ") }
}
