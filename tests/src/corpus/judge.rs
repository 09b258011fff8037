//! Holds what the doctor says of a module against what is known of it.
//!
//! A statement is wrong when it can't be true together with the truth. Saying less than is known is no error of the version,
//! which may be beyond the bytes; of all else it is, because the bytes do tell.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use interbind_doctor::facts::{self, Claim, Confidence, FrameworkKind, StableKind, Versions};

use super::truth;

/// A statement that isn't right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// What it is about.
    pub what: &'static str,
    /// The truth.
    pub truth: String,
    /// What the doctor says.
    pub said: String,
    /// Whether it is said as certain: worse than saying nothing.
    pub certain: bool,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let certain = if self.certain { ", as certain" } else { "" };
        write!(f, "{}: is {}, said {}{certain}", self.what, self.truth, self.said)
    }
}

/// What came out for one module.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Wrong about a framework or its internals version, its version or its id.
    pub framework: Vec<Miss>,
    /// Wrong about the machine or the Python it is for.
    pub target: Vec<Miss>,
    /// Frameworks whose version is known and was not said.
    pub untold: usize,
}

impl Verdict {
    /// Every miss.
    pub fn misses(&self) -> impl Iterator<Item = &Miss> {
        self.framework.iter().chain(&self.target)
    }
}

/// Holds a module against the truth.
pub fn judge(truth: &truth::Module, said: &facts::Module) -> Verdict {
    let mut verdict = Verdict::default();
    frameworks(truth, said, &mut verdict);
    target(truth, said, &mut verdict.target);
    python(truth, said, &mut verdict.target);
    verdict
}

fn frameworks(truth: &truth::Module, said: &facts::Module, verdict: &mut Verdict) {
    let misses = &mut verdict.framework;
    let is: BTreeSet<FrameworkKind> = truth.frameworks.iter().map(|framework| framework.kind).collect();
    // A framework that is said to be absent isn't there, and `plain` is the absence of all.
    let there = |framework: &&facts::Framework| {
        framework.present.value != Some(false) && framework.kind != FrameworkKind::Plain
    };
    let found: Vec<_> = said.frameworks.iter().filter(there).collect();
    for framework in found.iter().filter(|framework| !is.contains(&framework.kind)) {
        misses.push(Miss {
            what: "framework",
            truth: names(&is),
            said: framework.kind.to_string(),
            certain: framework.present.is_certain(),
        });
    }
    for framework in &truth.frameworks {
        let mut same = found.iter().filter(|found| found.kind == framework.kind);
        let Some(found) = same.next() else {
            let said = names(&found.iter().map(|found| found.kind).collect());
            let truth = framework.kind.to_string();
            misses.push(Miss { what: "framework", truth, said, certain: false });
            continue;
        };
        one(framework, found, misses, &mut verdict.untold);
    }
}

fn one(truth: &truth::Framework, said: &facts::Framework, misses: &mut Vec<Miss>, untold: &mut usize) {
    let known = truth.lowest.is_some() || truth.highest.is_some();
    match &said.version.value {
        Some(versions) if !overlap(truth, versions) => {
            let truth = format!("{} – {}", text(&truth.lowest), text(&truth.highest));
            let certain = said.version.is_certain();
            misses.push(Miss { what: "version", truth, said: versions.to_string(), certain });
        }
        None if known => *untold += 1,
        _ => {}
    }
    if let Some(internals) = truth.internals {
        equal("internals", internals, said.internals.as_ref(), misses);
    }
    if let Some(id) = &truth.id {
        let texts: Vec<_> =
            said.ids.iter().filter_map(|claim| Some(claim.value.as_ref()?.text.as_str())).collect();
        if !texts.contains(&id.as_str()) {
            let certain = said.ids.iter().any(Claim::is_certain);
            misses.push(Miss { what: "id", truth: id.clone(), said: texts.join(", "), certain });
        }
    }
    if let Some(present) = truth.conduit {
        let claim = said.conduit.clone().map(|claim| map(claim, |conduit| conduit.present));
        equal("conduit", present, claim.as_ref(), misses);
    }
    if let Some(role) = truth.role {
        if role != said.role {
            let (truth, said) = (format!("{role:?}"), format!("{:?}", said.role));
            misses.push(Miss { what: "role", truth, said, certain: true });
        }
    }
}

fn target(truth: &truth::Module, said: &facts::Module, misses: &mut Vec<Miss>) {
    if let Some(os) = &truth.os {
        let claim = map(said.target.os.clone(), |os| format!("{os:?}").to_lowercase());
        equal("os", os.clone(), Some(&claim), misses);
    }
    if !truth.arch.contains(&said.target.arch.name) {
        let (truth, said) = (truth.arch.join(", "), said.target.arch.name.clone());
        misses.push(Miss { what: "arch", truth, said, certain: true });
    }
    if let Some(libc) = &truth.libc {
        let claim = map(said.target.libc.clone(), |libc| format!("{:?}", libc.kind).to_lowercase());
        equal("libc", libc.clone(), Some(&claim), misses);
    }
    if truth.extension != said.extension {
        let (truth, said) = (truth.extension.to_string(), said.extension.to_string());
        misses.push(Miss { what: "extension", truth, said, certain: true });
    }
}

fn python(truth: &truth::Module, said: &facts::Module, misses: &mut Vec<Miss>) {
    let python = &said.python;
    if let Some(implementation) = &truth.implementation {
        equal("implementation", implementation.clone(), Some(&python.implementation), misses);
    }
    if let Some(version) = &truth.python {
        equal("python", version.clone(), Some(&python.version), misses);
    }
    if let Some(free_threaded) = truth.free_threaded {
        equal("free-threaded", free_threaded, Some(&python.free_threaded), misses);
    }
    let kind = python.stable.as_ref().map(|stable| match stable.kind {
        StableKind::Abi3 => "abi3".to_owned(),
        StableKind::Abi3t => "abi3t".to_owned(),
    });
    // A module for one Python isn't for a stable ABI, and the other way round.
    if truth.extension && (truth.stable.is_some() || truth.python.is_some()) && kind != truth.stable {
        let (truth, said) = (text(&truth.stable), text(&kind));
        misses.push(Miss { what: "stable", truth, said, certain: python.stable.is_some() });
    } else if let (Some(floor), Some(stable)) = (&truth.floor, &python.stable) {
        equal("floor", floor.clone(), Some(&stable.claimed), misses);
    }
}

/// The same value, whoever says it; silence is a miss, and no certain one.
fn equal<T: PartialEq + fmt::Display>(
    what: &'static str,
    truth: T,
    said: Option<&Claim<T>>,
    misses: &mut Vec<Miss>,
) {
    let value = said.and_then(|claim| claim.value.as_ref());
    if value == Some(&truth) {
        return;
    }
    let certain = value.is_some() && said.is_some_and(Claim::is_certain);
    let said = value.map_or_else(|| "nothing".to_owned(), T::to_string);
    misses.push(Miss { what, truth: truth.to_string(), said, certain });
}

fn map<T, U>(claim: Claim<T>, change: impl FnOnce(T) -> U) -> Claim<U> {
    let Claim { value, confidence, evidence, why } = claim;
    debug_assert!(value.is_some() || confidence == Confidence::Unknown);
    Claim { value: value.map(change), confidence, evidence, why }
}

fn names(kinds: &BTreeSet<FrameworkKind>) -> String {
    if kinds.is_empty() {
        return FrameworkKind::Plain.to_string();
    }
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "?".to_owned())
}

/// Whether there is a release that both can be.
fn overlap(truth: &truth::Framework, said: &Versions) -> bool {
    let below = |low: Option<&str>, high: Option<&str>| match (low, high) {
        (Some(low), Some(high)) => compare(low, high) != Ordering::Greater,
        _ => true,
    };
    below(truth.lowest.as_deref(), said.highest.as_deref())
        && below(Some(&said.lowest), truth.highest.as_deref())
}

/// Orders releases: numbers by value, what follows them (`rc1`, `dev1`, `a9`) before the release itself.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (split(left), split(right));
    left.0.cmp(&right.0).then_with(|| match (left.1.is_empty(), right.1.is_empty()) {
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        _ => left.1.cmp(&right.1),
    })
}

fn split(version: &str) -> (Vec<u64>, Vec<String>) {
    let at = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (release, rest) = version.split_at(at);
    let mut numbers: Vec<u64> = release.split('.').filter_map(|part| part.parse().ok()).collect();
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    (numbers, rest.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};

    use super::{compare, overlap};
    use crate::corpus::truth::Framework;
    use interbind_doctor::facts::{FrameworkKind, Versions};

    #[test]
    fn a_pre_release_stands_before_its_release() {
        let pairs = [("3.0.0rc1", "3.0.0", Less), ("2.10", "2.9.2", Greater), ("1.2", "1.2.0", Equal)];
        for (left, right, order) in pairs {
            assert_eq!(compare(left, right), order, "{left} {right}");
        }
    }

    #[test]
    fn a_range_that_leaves_the_truth_out_is_wrong() {
        let truth = |lowest: &str, highest: &str| Framework {
            kind: FrameworkKind::Pybind11,
            lowest: Some(lowest.to_owned()),
            highest: Some(highest.to_owned()),
            internals: None,
            id: None,
            conduit: None,
            role: None,
            source: String::new(),
        };
        let said = Versions { lowest: "2.5.0".to_owned(), highest: Some("2.13.6".to_owned()) };
        assert!(overlap(&truth("2.13.6", "2.13.6"), &said));
        assert!(overlap(&truth("2.4.0", "2.5.0"), &said));
        assert!(!overlap(&truth("3.0.0", "3.0.0"), &said));
        assert!(!overlap(&truth("2.4.3", "2.4.3"), &said));
        let open = Versions { lowest: "3.1.0".to_owned(), highest: None };
        assert!(overlap(&truth("3.2.0", "3.2.0"), &open));
        assert!(!overlap(&truth("3.0.4", "3.0.4"), &open));
    }
}
