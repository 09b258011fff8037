//! Findings about groups: which isolated packages have a reason to pass objects to each other, and which merely stand beside each
//! other. A package has a reason when it asks for the other one, or when it is itself split over groups.

use std::collections::{BTreeMap, BTreeSet};

use super::islands::{Apart, Bridge, Group};
use super::member::Member;
use crate::facts::{Confidence, FrameworkKind, Module, Role};
use crate::finding::{Finding, Level, few};
use crate::frameworks::nanobind::{BACK_END, asks_a_wheel};
use crate::frameworks::profile;
use crate::installed::Installed;

/// What the findings are made from.
pub(super) struct Groups<'a> {
    pub(super) modules: &'a [Module],
    pub(super) members: &'a [Member],
    pub(super) installed: &'a Installed,
    pub(super) groups: &'a [Group],
    pub(super) apart: &'a [Apart],
    pub(super) bridges: &'a [Bridge],
}

/// Two distributions with a reason to share that don't.
struct Pair {
    asks: usize,
    asked: usize,
    groups: (usize, usize),
    bridged: bool,
}

impl Groups<'_> {
    /// Everything there is to say about the groups.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = self.split_pairs();
        findings.extend(self.side_by_side());
        findings.extend(self.unknown_keys());
        findings.extend(self.missing_back_end());
        findings
    }

    fn files(&self, group: usize, distribution: usize) -> Vec<String> {
        let mine = |at: &&usize| self.members[**at].distributions.contains(&distribution);
        self.groups[group].modules.iter().filter(mine).map(|at| self.members[*at].path.clone()).collect()
    }

    /// The distributions of each framework, with their groups.
    fn by_distribution(&self) -> BTreeMap<(FrameworkKind, usize), BTreeSet<usize>> {
        let mut found: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
        for (at, group) in
            self.groups.iter().enumerate().filter(|(_, group)| group.confidence == Confidence::Certain)
        {
            for &module in &group.modules {
                for &distribution in &self.members[module].distributions {
                    found.entry((group.framework, distribution)).or_default().insert(at);
                }
            }
        }
        found
    }

    fn pairs(&self) -> Vec<Pair> {
        let found = self.by_distribution();
        let names: BTreeMap<&str, usize> = self
            .installed
            .distributions
            .iter()
            .enumerate()
            .map(|(at, found)| (found.name.as_str(), at))
            .collect();
        let mut pairs = Vec::new();
        for ((framework, asks), groups) in &found {
            let mut own = groups.iter();
            if let (Some(&first), Some(&second)) = (own.next(), own.next()) {
                let groups = (first, second);
                pairs.push(Pair { asks: *asks, asked: *asks, groups, bridged: self.bridged(first, second) });
            }
            for name in &self.installed.distributions[*asks].requires {
                let Some(asked) = names.get(name.as_str()).filter(|asked| *asked != asks) else { continue };
                let Some(others) = found.get(&(*framework, *asked)) else { continue };
                let (Some(&a), Some(&b)) = (groups.first(), others.first()) else { continue };
                if groups.is_disjoint(others) {
                    pairs.push(Pair {
                        asks: *asks,
                        asked: *asked,
                        groups: (a, b),
                        bridged: self.bridged(a, b),
                    });
                }
            }
        }
        pairs
    }

    fn bridged(&self, a: usize, b: usize) -> bool {
        self.bridges.iter().any(|bridge| bridge.groups.contains(&a) && bridge.groups.contains(&b))
    }

    fn split_pairs(&self) -> Vec<Finding> {
        let name = |at: usize| self.installed.distributions[at].name.as_str();
        let finding = |pair: Pair| {
            let (a, b) = (&self.groups[pair.groups.0], &self.groups[pair.groups.1]);
            let framework = a.framework;
            let message = if pair.asks == pair.asked {
                format!("modules of `{}` don't share {framework} types with each other", name(pair.asks))
            } else {
                format!(
                    "`{}` asks for `{}`, but they can't share {framework} types",
                    name(pair.asks),
                    name(pair.asked)
                )
            };
            let mut details = parts_that_differ(a, b);
            // That a package asks for another doesn't tell that objects pass between their native modules; those of one
            // package are made to work together.
            let level = if pair.asks == pair.asked && !pair.bridged { Level::Warning } else { Level::Note };
            if pair.bridged {
                details.push(
                    "both have pybind11's conduit: arguments pass; inheritance and exceptions don't"
                        .to_owned(),
                );
            }
            let mut files = self.files(pair.groups.0, pair.asks);
            files.extend(self.files(pair.groups.1, pair.asked));
            let fix = fix(a, b, (name(pair.asks), name(pair.asked)), pair.bridged);
            Finding { rule: "isolated-packages".to_owned(), level, message, files, details, fix: Some(fix) }
        };
        self.pairs().into_iter().map(finding).collect()
    }

    /// One finding for each framework: who stands apart without a known reason to exchange anything.
    fn side_by_side(&self) -> Vec<Finding> {
        let mut frameworks: BTreeMap<FrameworkKind, Vec<&Apart>> = BTreeMap::new();
        for apart in self.apart {
            frameworks.entry(self.groups[apart.b].framework).or_default().push(apart);
        }
        let finding = |(framework, aparts): (FrameworkKind, Vec<&Apart>)| {
            let mut groups: BTreeSet<usize> = BTreeSet::new();
            groups.extend(aparts.iter().flat_map(|apart| [apart.a, apart.b]));
            let line = |apart: &&Apart| {
                let parts = parts_that_differ(&self.groups[apart.a], &self.groups[apart.b]).join("; ");
                format!("{} | {}: {parts}", self.who(apart.a), self.who(apart.b))
            };
            let files = groups.iter().flat_map(|at| self.groups[*at].modules.first());
            Finding {
                rule: "isolated-groups".to_owned(),
                level: Level::Note,
                message: format!(
                    "{framework}: {} groups of modules don't share types with each other",
                    groups.len()
                ),
                files: files.map(|at| self.members[*at].path.clone()).collect(),
                details: aparts.iter().map(line).collect(),
                fix: Some(format!(
                    "nothing to do unless packages of two groups pass objects to each other; then build both with one \
                     {framework} and one compiler family"
                )),
            }
        };
        frameworks.into_iter().map(finding).collect()
    }

    /// The distributions of a group, the first few by name.
    fn who(&self, group: usize) -> String {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for &module in &self.groups[group].modules {
            names.insert(self.members[module].owner_or_label());
        }
        few(names.into_iter())
    }

    fn unknown_keys(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for group in self.groups.iter().filter(|group| group.confidence == Confidence::Unknown) {
            let names: BTreeSet<&str> =
                group.modules.iter().map(|at| self.members[*at].owner_or_label()).collect();
            // One module alone can't be said to share with anybody in any case; what others are there counts.
            let others = self.groups.iter().filter(|other| other.framework == group.framework).count();
            if group.modules.len() < 2 && others < 2 {
                continue;
            }
            found.push(Finding {
                rule: "sharing-unknown".to_owned(),
                level: Level::Note,
                message: format!(
                    "{}: with whom the modules of {} share isn't known",
                    group.framework,
                    few(names.into_iter())
                ),
                files: group.modules.iter().map(|at| self.members[*at].path.clone()).collect(),
                details: group.why.iter().cloned().collect(),
                fix: Some("`interbind doctor --live` reads the key in the running interpreter".to_owned()),
            });
        }
        found
    }

    /// A front end without the module that it asks for its internals.
    fn missing_back_end(&self) -> Option<Finding> {
        let with_role = |wanted: Role| {
            let has = move |module: &Module| {
                let mut found =
                    module.frameworks.iter().filter(|found| found.kind == FrameworkKind::Nanobind);
                found.any(|found| found.role == wanted) && (wanted == Role::BackEnd || asks_a_wheel(module))
            };
            self.modules
                .iter()
                .zip(self.members)
                .filter(move |(module, _)| has(module))
                .map(|(_, member)| member)
        };
        if with_role(Role::BackEnd).any(|member| member.obstacle.is_none()) {
            return None;
        }
        let files: Vec<String> = with_role(Role::FrontEnd).map(|member| member.path.clone()).collect();
        let names: BTreeSet<&str> = with_role(Role::FrontEnd).map(Member::owner_or_label).collect();
        (!files.is_empty()).then(|| Finding {
            rule: "missing-back-end".to_owned(),
            level: Level::Error,
            message: format!(
                "nanobind's back end, which the modules of {} ask for, isn't here",
                few(names.into_iter())
            ),
            files,
            details: Vec::new(),
            fix: Some(format!("pip install {BACK_END}")),
        })
    }
}

/// A line for each part in which two groups' keys differ.
fn parts_that_differ(a: &Group, b: &Group) -> Vec<String> {
    let shown = |value: &str| if value.is_empty() { "none".to_owned() } else { format!("`{value}`") };
    let line = |part: super::islands::DifferingPart| {
        format!("{}: {} ≠ {}", part.name, shown(&part.a), shown(&part.b))
    };
    super::islands::differing(a, b).into_iter().map(line).collect()
}

/// What mends an isolation, by the part that differs.
fn fix(a: &Group, b: &Group, names: (&str, &str), bridged: bool) -> String {
    let parts = super::islands::differing(a, b);
    let both = if names.0 == names.1 {
        format!("`{}`", names.0)
    } else {
        format!("`{}` and `{}`", names.0, names.1)
    };
    if bridged {
        return format!("build {both} with one release of pybind11 where classes derive from each other");
    }
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    let shared = profile(a.framework).registry.shared();
    shared.and_then(|shared| (shared.together)(&names, &both)).unwrap_or_else(|| {
        format!("build {both} with one release of {} and one compiler family", a.framework)
    })
}
