//! The groups that share types: modules of one framework with one key. A group is made by sorting keys, so that a thousand
//! modules cost no more than their sorting. Between the groups of a framework stands what differs, to the nearest group alone,
//! and the conduits that bridge them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{AbiId, Claim, Conduit, Confidence, Framework, FrameworkKind, Module, Part};
use crate::frameworks::{By, Registry, Shared, profile};

/// The most groups of a framework that are set against each other; only hostile input has more.
const COMPARED: usize = 64;

/// Modules that share types with each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// The framework.
    pub framework: FrameworkKind,
    /// The key they have in common, as the framework writes it.
    pub key: String,
    /// The key's parts; nanobind's domain is one of them where it is known.
    pub parts: Vec<Part>,
    /// How sure it is that each shares with each.
    pub confidence: Confidence,
    /// Why it is no surer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// The modules: indices into the environment's.
    pub modules: Vec<usize>,
    /// Those of them that answer through pybind11's conduit.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub conduit: Vec<usize>,
}

/// A part in which two keys differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DifferingPart {
    /// Its name.
    pub name: String,
    /// The first group's.
    pub a: String,
    /// The second group's.
    pub b: String,
}

/// Two groups of one framework that don't share. Each group is set against the larger one that it differs least from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Apart {
    /// The larger group.
    pub a: usize,
    /// The smaller one.
    pub b: usize,
    /// What differs.
    pub parts: Vec<DifferingPart>,
    /// Whether it is proved that they don't share: both keys are known to the last part.
    pub confidence: Confidence,
}

/// Groups whose modules pass objects through pybind11's conduit, though their internals differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bridge {
    /// The platform text that both sides compare.
    pub platform: String,
    /// The groups.
    pub groups: Vec<usize>,
}

/// What sets a framework's modules together; two with the same share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    framework: FrameworkKind,
    text: String,
    /// nanobind's domain; none: unknown.
    domain: Option<String>,
    /// Whether modules with this key share at all for sure.
    known: bool,
}

/// The id by which a framework finds its shared state.
fn shared_id(framework: &Framework) -> Option<&Claim<AbiId>> {
    let kinds = ["internals-key", "tag", "type-table", "platform-id"];
    let with_value = || framework.ids.iter().filter(|id| id.value.is_some());
    kinds.iter().find_map(|kind| with_value().find(|id| id.value.as_ref().is_some_and(|id| id.kind == *kind)))
}

fn key(module: &Module, framework: &Framework) -> Option<(Key, Vec<Part>, Confidence, Option<String>)> {
    let registry = &profile(framework.kind).registry;
    if !registry.exists() || framework.present.value != Some(true) {
        return None;
    }
    let by = registry.shared().map(|shared| shared.by);
    let mut confidence = framework.present.confidence;
    let mut why = framework.present.why.clone();
    let mut weaken = |claim: Confidence, reason: &Option<String>| {
        if claim < confidence {
            confidence = claim;
            why = reason.clone();
        }
    };
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut known = true;
    match (registry, shared_id(framework)) {
        (_, Some(id)) => {
            weaken(id.confidence, &id.why);
            let id = id.value.as_ref()?;
            text = id.text.clone();
            parts = id.parts.clone();
        }
        // Its registry is in a library of its own: those who load the same one share.
        (Registry::Shared(Shared { by: By::Library(library), .. }), None) => {
            match module.needed.iter().find(|needed| needed.contains(library)) {
                Some(library) => text = library.clone(),
                None => {
                    known = false;
                    weaken(
                        Confidence::Unknown,
                        &Some("its library is linked into it, or renamed".to_owned()),
                    );
                }
            }
            parts = vec![Part { name: "library".to_owned(), value: text.clone() }];
        }
        // One core for each interpreter, found by one name.
        (Registry::OfInterpreter { name }, None) => text = (*name).to_owned(),
        (_, None) => {
            known = false;
            weaken(Confidence::Unknown, &Some("its key isn't known".to_owned()));
        }
    }
    let mut domain = None;
    if by == Some(By::IdAndDomain) && known {
        let claim = framework.domain.as_ref();
        match claim.and_then(|claim| claim.value.as_ref()) {
            Some(found) => {
                if let Some(claim) = claim {
                    weaken(claim.confidence, &claim.why);
                }
                if parts.iter().all(|part| part.name != "domain") {
                    parts.push(Part { name: "domain".to_owned(), value: found.name.clone() });
                }
                domain = Some(found.name.clone());
            }
            None => {
                let why = claim.and_then(|claim| claim.why.clone());
                let reason = why.map_or_else(String::new, |why| format!(": {why}"));
                weaken(
                    Confidence::Unknown,
                    &Some(format!("the domain, a part of the key, isn't known{reason}")),
                );
            }
        }
    }
    Some((Key { framework: framework.kind, text, domain, known }, parts, confidence, why))
}

/// Makes the groups of the modules that `counts` lets in: by framework, the largest first.
pub(super) fn groups(modules: &[Module], counts: impl Fn(usize) -> bool) -> Vec<Group> {
    let mut found: BTreeMap<Key, Group> = BTreeMap::new();
    for (at, module) in modules.iter().enumerate().filter(|(at, _)| counts(*at)) {
        for framework in &module.frameworks {
            let Some((key, parts, confidence, why)) = key(module, framework) else { continue };
            let text = key.text.clone();
            let group = found.entry(key).or_insert_with(|| Group {
                framework: framework.kind,
                key: text,
                parts,
                confidence,
                why: why.clone(),
                modules: Vec::new(),
                conduit: Vec::new(),
            });
            if confidence < group.confidence {
                group.confidence = confidence;
                group.why = why;
            }
            // A library and the module that needs it can both show the same framework.
            if group.modules.last() != Some(&at) {
                group.modules.push(at);
            }
            if conduit(framework).is_some() {
                group.conduit.push(at);
            }
        }
    }
    let mut groups: Vec<Group> = found.into_values().collect();
    groups.sort_by_key(|group| (group.framework, std::cmp::Reverse(group.modules.len())));
    groups
}

/// The platform text of a conduit that is there.
fn conduit(framework: &Framework) -> Option<&str> {
    let Conduit { present, platform } = framework.conduit.as_ref()?.value.as_ref()?;
    platform.as_deref().filter(|_| *present)
}

/// Sets each group against the larger one of its framework that it differs least from.
pub(super) fn apart(groups: &[Group]) -> Vec<Apart> {
    let mut found = Vec::new();
    for (b, group) in groups.iter().enumerate() {
        let larger = groups[..b].iter().enumerate().filter(|(_, other)| other.framework == group.framework);
        let compared = larger.take(COMPARED).filter_map(|(a, other)| {
            let parts = differing(other, group);
            let known = !other.key.is_empty() && !group.key.is_empty() && !parts.is_empty();
            known.then_some((parts.len(), a, parts))
        });
        let Some((_, a, parts)) = compared.min_by_key(|(count, a, _)| (*count, *a)) else { continue };
        // A group whose key is whole, and another key: no more is needed. An unknown domain leaves the tag to differ by.
        let sure = |group: &Group| group.confidence.max(by_the_tag(group));
        found.push(Apart { a, b, parts, confidence: sure(&groups[a]).min(sure(group)) });
    }
    found
}

/// Whether a domain is a part of the framework's key.
fn has_domain(kind: FrameworkKind) -> bool {
    profile(kind).registry.shared().is_some_and(|shared| shared.by == By::IdAndDomain)
}

/// An unknown domain doesn't weaken what the tags say: groups with other tags are apart in any case.
fn by_the_tag(group: &Group) -> Confidence {
    let domain_unknown = group.parts.iter().all(|part| part.name != "domain");
    let tag_known = has_domain(group.framework) && !group.parts.is_empty() && domain_unknown;
    if tag_known { Confidence::Certain } else { Confidence::Unknown }
}

/// The parts in which two groups' keys differ; a part that one of them doesn't have is empty there.
pub(super) fn differing(a: &Group, b: &Group) -> Vec<DifferingPart> {
    let mut found = Vec::new();
    let value = |group: &Group, name: &str| {
        group.parts.iter().find(|part| part.name == name).map(|part| part.value.clone())
    };
    let names = a.parts.iter().chain(b.parts.iter().filter(|part| value(a, &part.name).is_none()));
    for name in names.map(|part| &part.name) {
        let (left, right) = (value(a, name), value(b, name));
        // A domain that one doesn't know isn't one that differs.
        if left == right || (name == "domain" && (left.is_none() || right.is_none())) {
            continue;
        }
        let (a, b) = (left.unwrap_or_default(), right.unwrap_or_default());
        if a != b || name == "domain" {
            found.push(DifferingPart { name: name.clone(), a, b });
        }
    }
    // A platform that nobody can read into parts differs as a whole.
    if found.iter().any(|part| part.name == "opaque") {
        let platform = |group: &Group| {
            let names = ["compiler", "stdlib", "build-abi", "debug", "opaque"];
            let values: Vec<String> = names.iter().filter_map(|name| value(group, name)).collect();
            values.iter().filter(|value| !value.is_empty()).cloned().collect::<Vec<_>>().join("_")
        };
        let whole = DifferingPart { name: "platform".to_owned(), a: platform(a), b: platform(b) };
        found.retain(|part| {
            !["compiler", "stdlib", "build-abi", "debug", "opaque"].contains(&part.name.as_str())
        });
        found.push(whole);
    }
    let unknown_domain = |group: &Group| value(group, "domain").is_none();
    let may_share = has_domain(a.framework) && (unknown_domain(a) || unknown_domain(b));
    if found.is_empty() && a.key != b.key && !may_share {
        found.push(DifferingPart { name: "key".to_owned(), a: a.key.clone(), b: b.key.clone() });
    }
    found
}

/// Finds the groups that pybind11's conduit joins.
pub(super) fn bridges(modules: &[Module], groups: &[Group]) -> Vec<Bridge> {
    let mut by_platform: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        for &module in &group.conduit {
            for platform in modules[module].frameworks.iter().filter_map(conduit) {
                let groups = by_platform.entry(platform).or_default();
                if groups.last() != Some(&at) {
                    groups.push(at);
                }
            }
        }
    }
    by_platform.retain(|_, groups| groups.len() > 1);
    by_platform
        .into_iter()
        .map(|(platform, groups)| Bridge { platform: platform.to_owned(), groups })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{nanobind, plain, pybind11};

    fn grouped(modules: &[Module]) -> (Vec<Vec<usize>>, Vec<Apart>, Vec<Bridge>) {
        let groups = groups(modules, |_| true);
        let (apart, bridges) = (apart(&groups), bridges(modules, &groups));
        (groups.into_iter().map(|group| group.modules).collect(), apart, bridges)
    }

    #[test]
    fn equal_keys_make_one_group_and_the_part_that_differs_stands_between_two() {
        let (groups, apart, bridges) = grouped(&[
            pybind11("a", 11, 1),
            pybind11("b", 11, 1),
            pybind11("c", 11, 0),
            plain("d", FrameworkKind::Pyo3),
        ]);
        assert_eq!(groups, [vec![0, 1], vec![2]]);
        assert_eq!(apart.len(), 1);
        assert_eq!(apart[0].confidence, Confidence::Certain);
        let names: Vec<_> = apart[0].parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["build-abi"]);
        assert_eq!(bridges, []);
    }

    #[test]
    fn a_conduit_bridges_internals_but_not_platforms() {
        let (groups, apart, bridges) =
            grouped(&[pybind11("a", 11, 1), pybind11("b", 12, 1), pybind11("c", 12, 0)]);
        assert_eq!(groups.len(), 3);
        assert_eq!(bridges.len(), 1);
        assert_eq!(bridges[0].groups, [0, 2], "the two with cxx11_abi_1");
        assert_eq!(apart.len(), 2);
    }

    #[test]
    fn equal_tags_with_other_domains_are_apart() {
        let (groups, apart, _) =
            grouped(&[nanobind("a", Some("")), nanobind("b", Some("jax")), nanobind("c", Some(""))]);
        assert_eq!(groups, [vec![0, 2], vec![1]]);
        assert_eq!(
            apart[0].parts,
            [DifferingPart { name: "domain".into(), a: String::new(), b: "jax".into() }]
        );
    }

    #[test]
    fn an_unknown_domain_is_neither_shared_nor_apart() {
        let modules = [nanobind("a", Some("")), nanobind("b", None), nanobind("c", None)];
        let groups = groups(&modules, |_| true);
        let unknown = groups.iter().find(|group| group.modules == [1, 2]).unwrap();
        assert_eq!(unknown.confidence, Confidence::Unknown);
        assert!(unknown.why.as_ref().unwrap().contains("domain"));
        assert_eq!(apart(&groups), []);
    }

    #[test]
    fn a_module_without_a_known_key_is_in_a_group_that_promises_nothing() {
        let found = groups(&[plain("a", FrameworkKind::Pybind11)], |_| true);
        assert_eq!(found[0].confidence, Confidence::Unknown);
        assert_eq!(apart(&found), []);
    }

    #[test]
    fn a_thousand_modules_with_keys_of_their_own_are_compared_up_to_a_bound() {
        let modules: Vec<_> = (0..1000).map(|at| pybind11(&format!("m{at}"), at, 1)).collect();
        let groups = groups(&modules, |_| true);
        assert_eq!(groups.len(), 1000);
        assert_eq!(apart(&groups).len(), 999);
    }
}
