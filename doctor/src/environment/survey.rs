//! The whole environment in one document: what is there, who shares with whom, and the findings in the order of their harm.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exchange::Groups;
use super::islands::{self, Apart, Bridge, Group};
use super::loadable::{Obstacle, obstacle};
use super::member::Member;
use super::pickles::{self, Pickles};
use super::{capi, libraries, links, partners, runtime, twice, unmet};
use crate::check::roles::{self, Noted};
use crate::facts::{FrameworkKind, Inspection, Module, Problem};
use crate::finding::{Finding, Level, few};
use crate::frameworks::profile;
use crate::host::{HostPython, How};
use crate::installed::{Distribution, Installed};

/// The document's schema.
const SCHEMA: &str = "interbind-doctor/1";

/// Every rule of an environment, the most harmful first among those of one level. Each has a section in the documentation.
pub const RULES: &[&str] = &[
    "not-loadable",
    "missing-back-end",
    "unresolved-symbols",
    "partner-release",
    "c-api-differs",
    "missing-library",
    "requirement-unmet",
    "file-twice",
    "runtime-missing",
    "type-mismatch",
    "type-not-provided",
    "no-wheel",
    "isolated-packages",
    "type-twice",
    "note-name-differs",
    "gil-enabled",
    "library-twice",
    "module-twice",
    "package-twice",
    "unreadable",
    "sharing-unknown",
    "isolated-groups",
    "weak-id",
    "main-interpreter-only",
    "functions-not-pickled",
    "spare-files",
    "not-followed",
    "not-pinned",
    "not-read",
    "python-assumed",
];

/// Modules of a framework that has no registry across modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoRegistry {
    /// The framework.
    pub framework: FrameworkKind,
    /// The modules: indices.
    pub modules: Vec<usize>,
}

/// All modules of a Python.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The schema's name and version: `interbind-doctor/1`.
    pub schema: String,
    /// The Python; assumed where none was looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub python: Option<HostPython>,
    /// The folders or files that were read.
    pub places: Vec<String>,
    /// What is installed.
    pub distributions: Vec<Distribution>,
    /// The modules, in the order of the inspection.
    pub modules: Vec<Member>,
    /// The groups that share, by framework, the largest first.
    pub groups: Vec<Group>,
    /// Where sharing ends: each group against the larger one that it differs least from.
    pub apart: Vec<Apart>,
    /// Where a conduit goes on.
    pub bridges: Vec<Bridge>,
    /// The frameworks without a registry: their modules share no types by themselves.
    pub no_registry: Vec<NoRegistry>,
    /// What pickling does.
    pub pickles: Vec<Pickles>,
    /// What was not read, or isn't as it should be.
    pub problems: Vec<Problem>,
    /// What is wrong, the most harmful first.
    pub findings: Vec<Finding>,
}

impl Environment {
    /// The worst level of all findings.
    pub fn worst(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }

    /// Adds findings, and puts all in the order of their harm.
    pub fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        let rank = |rule: &str| RULES.iter().position(|known| *known == rule).unwrap_or(RULES.len());
        self.findings.sort_by_cached_key(|finding| {
            (
                Reverse(finding.level),
                rank(&finding.rule),
                Reverse(finding.files.len()),
                finding.message.clone(),
            )
        });
    }
}

/// The modules with a build note that this Python loads.
fn noted<'a>(modules: &'a [Module], members: &'a [Member]) -> Vec<Noted<'a>> {
    let loads = modules.iter().zip(members).filter(|(_, member)| member.obstacle.is_none());
    let noted = |(module, member): (&'a Module, &'a Member)| {
        Some(Noted { label: &member.label, path: &member.path, note: module.note.as_ref()? })
    };
    loads.filter_map(noted).collect()
}

/// Looks at all modules of a Python together.
///
/// Without a Python it takes the one that most modules are built for, and says so. The modules' packages come from `installed`.
pub fn survey(inspection: &Inspection, python: Option<&HostPython>, installed: &Installed) -> Environment {
    let modules = &inspection.modules;
    let python = python.cloned().or_else(|| HostPython::assumed(modules));
    let mut members: Vec<Member> =
        modules.iter().map(|module| member(module, python.as_ref(), installed)).collect();
    let spare = spare(modules, &members);
    let groups = islands::groups(modules, |at| members[at].obstacle.is_none());
    let apart = islands::apart(&groups);
    let bridges = islands::bridges(modules, &groups);
    let pickles = pickles::pickles(modules, &members);
    let mut problems = inspection.problems.clone();
    problems.extend(modules.iter().flat_map(|module| module.problems.iter().cloned()));
    problems.extend(installed.problems.iter().cloned());

    let mut findings = not_loadable(&members, &spare, python.as_ref());
    let view =
        Groups { modules, members: &members, installed, groups: &groups, apart: &apart, bridges: &bridges };
    findings.extend(view.findings());
    findings.extend(links::findings(modules, &members, python.as_ref()));
    findings.extend(unmet::findings(installed, python.as_ref()));
    findings.extend(capi::findings(modules, &members));
    findings.extend(partners::findings(modules, &members, installed));
    findings.extend(libraries::findings(modules, &members));
    findings.extend(twice::findings(modules, &members, installed));
    if let Some(python) = &python {
        findings.extend(runtime::findings(modules, &members, python));
        findings.extend(assumed(python));
    }
    findings.extend(roles::findings(&noted(modules, &members)));
    findings.extend(pickles::findings(&pickles, &members));
    findings.extend(weak_ids(modules, &members));
    findings.extend(unread(&problems));

    for member in &mut members {
        member.frameworks.dedup();
    }
    let mut environment = Environment {
        schema: SCHEMA.to_owned(),
        python,
        places: installed
            .folders
            .iter()
            .chain(&installed.elsewhere)
            .map(|path| path.display().to_string())
            .collect(),
        distributions: installed.distributions.clone(),
        no_registry: no_registry(&members),
        modules: members,
        groups,
        apart,
        bridges,
        pickles,
        problems,
        findings: Vec::new(),
    };
    environment.add(findings);
    environment
}

fn member(module: &Module, python: Option<&HostPython>, installed: &Installed) -> Member {
    let file = module.member.as_deref().unwrap_or(&module.path);
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let distributions = installed.owners(Path::new(&module.path));
    let known = |framework: &&crate::facts::Framework| framework.present.value == Some(true);
    Member {
        label: module.name.clone().unwrap_or_else(|| stem.to_owned()),
        path: match &module.member {
            Some(member) => format!("{}!{member}", module.path),
            None => module.path.clone(),
        },
        extension: module.extension,
        frameworks: module.frameworks.iter().filter(known).map(|framework| framework.kind).collect(),
        owner: distributions.first().map(|at| installed.distributions[*at].name.clone()),
        distributions,
        obstacle: python.and_then(|python| obstacle(module, python)),
        gil: module.python.gil.value,
        interpreters: module.python.interpreters.value,
    }
}

/// Files that this Python can't load beside one that it can: other slices of a fat file, builds for other Pythons.
fn spare(modules: &[Module], members: &[Member]) -> BTreeSet<usize> {
    let loadable = || modules.iter().zip(members).filter(|(_, member)| member.obstacle.is_none());
    let files: BTreeSet<&str> = loadable().map(|(_, member)| member.path.as_str()).collect();
    let names: BTreeSet<&str> = loadable()
        .filter(|(module, _)| module.extension)
        .filter_map(|(module, _)| module.name.as_deref())
        .collect();
    let is_spare = |at: &usize| {
        let (module, member) = (&modules[*at], &members[*at]);
        let named = module.name.as_deref().is_some_and(|name| names.contains(name));
        member.obstacle.is_some() && (files.contains(member.path.as_str()) || named)
    };
    (0..modules.len()).filter(is_spare).collect()
}

/// One finding for each package and obstacle, and one for all files that are merely spare.
fn not_loadable(members: &[Member], spare: &BTreeSet<usize>, python: Option<&HostPython>) -> Vec<Finding> {
    let mut found: BTreeMap<(&str, &Obstacle, bool), Vec<&Member>> = BTreeMap::new();
    let mut extra = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let Some(obstacle) = &member.obstacle else { continue };
        if spare.contains(&at) {
            extra.push(member);
        } else {
            found.entry((member.owner_or_label(), obstacle, member.extension)).or_default().push(member);
        }
    }
    // Whether the package has any module that loads decides how much harm a library does that doesn't.
    let works: BTreeSet<&str> = members
        .iter()
        .filter(|member| member.obstacle.is_none() && member.extension)
        .map(Member::owner_or_label)
        .collect();
    let this = python.map(HostPython::describe).unwrap_or_default();
    let finding = |((package, obstacle, extension), members): ((&str, &Obstacle, bool), Vec<&Member>)| {
        let what = if extension { "modules" } else { "libraries" };
        let labels: Vec<&str> = members.iter().map(|member| member.label.as_str()).collect();
        Finding {
            rule: "not-loadable".to_owned(),
            level: if works.contains(package) { Level::Warning } else { Level::Error },
            message: format!("{} {what} of `{package}` can't be loaded: {obstacle}", members.len()),
            files: members.iter().map(|member| member.path.clone()).collect(),
            details: vec![format!("{}; the Python is {this}", few(labels.into_iter()))],
            fix: Some(match members[0].owner.as_deref() {
                Some(owner) => format!("pip install --force-reinstall {owner}, with this Python's own pip"),
                None => "remove the files, or install the package with this Python's own pip".to_owned(),
            }),
        }
    };
    let mut findings: Vec<Finding> = found.into_iter().map(finding).collect();
    if !extra.is_empty() {
        findings.push(Finding {
            rule: "spare-files".to_owned(),
            level: Level::Note,
            message: format!(
                "{} modules are for other Pythons or machines, each beside one for this",
                extra.len()
            ),
            files: extra.iter().map(|member| member.path.clone()).collect(),
            details: Vec::new(),
            fix: Some("nothing to do; they only take space".to_owned()),
        });
    }
    findings
}

fn no_registry(members: &[Member]) -> Vec<NoRegistry> {
    let mut found: BTreeMap<FrameworkKind, Vec<usize>> = BTreeMap::new();
    for (at, member) in
        members.iter().enumerate().filter(|(_, member)| member.extension && member.obstacle.is_none())
    {
        for &kind in member.frameworks.iter().filter(|kind| !profile(**kind).registry.exists()) {
            found.entry(kind).or_default().push(at);
        }
    }
    let mut found: Vec<NoRegistry> =
        found.into_iter().map(|(framework, modules)| NoRegistry { framework, modules }).collect();
    found.sort_by_key(|one| Reverse(one.modules.len()));
    found
}

fn assumed(python: &HostPython) -> Option<Finding> {
    (python.how == How::Assumed).then(|| Finding {
        rule: "python-assumed".to_owned(),
        level: Level::Note,
        message: format!("no Python was looked at: taken for granted is {}", python.describe()),
        files: Vec::new(),
        details: vec!["most of the modules are built for it".to_owned()],
        fix: Some("name the Python or its environment instead of the folder".to_owned()),
    })
}

/// What a framework's statements warn of: builds whose id promises more than it holds.
fn weak_ids(modules: &[Module], members: &[Member]) -> Vec<Finding> {
    let mut found: BTreeMap<(FrameworkKind, &str), BTreeSet<usize>> = BTreeMap::new();
    for (at, module) in modules.iter().enumerate().filter(|(at, _)| members[*at].obstacle.is_none()) {
        for framework in &module.frameworks {
            for warning in &framework.warnings {
                found.entry((framework.kind, warning)).or_default().insert(at);
            }
        }
    }
    let finding = |((framework, warning), all): ((FrameworkKind, &str), BTreeSet<usize>)| {
        let names: BTreeSet<&str> = all.iter().map(|at| members[*at].owner_or_label()).collect();
        Finding {
            rule: "weak-id".to_owned(),
            level: Level::Note,
            message: format!("{framework}, {}: {warning}", few(names.into_iter())),
            files: all.iter().map(|at| members[*at].path.clone()).collect(),
            details: Vec::new(),
            fix: Some(
                "ask the package for a build with the framework's own settings, if it has to share"
                    .to_owned(),
            ),
        }
    };
    found.into_iter().map(finding).collect()
}

/// What couldn't be read, and what isn't followed: a finding for each kind.
fn unread(problems: &[Problem]) -> Vec<Finding> {
    let mut kinds: BTreeMap<&str, Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        kinds.entry(&problem.kind).or_default().push(problem);
    }
    let finding = |(kind, all): (&str, Vec<&Problem>)| {
        // These are no fault of a file: it is only that more may be there than was seen.
        let followed = !matches!(kind, "runs-code" | "no-record" | "link-to-nowhere" | "not-followed");
        let files: BTreeSet<&str> = all.iter().map(|problem| problem.path.as_str()).collect();
        let shown = 20;
        let mut details: Vec<String> =
            all.iter().take(shown).map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
        if all.len() > shown {
            details.push(format!("and {} more", all.len() - shown));
        }
        let (rule, level) =
            if followed { ("unreadable", Level::Warning) } else { ("not-followed", Level::Note) };
        let message = match kind {
            "runs-code" => format!(
                "{} `.pth` files run code when Python starts; modules they add weren't seen",
                files.len()
            ),
            "no-record" => format!("{} packages don't list their files", files.len()),
            "link-to-nowhere" => format!("{} links lead nowhere", files.len()),
            "not-followed" => format!("{} requirements aren't followed", all.len()),
            kind => format!("{} files aren't as they should be ({kind})", files.len()),
        };
        let fix = match kind {
            "runs-code" => "`interbind doctor --live` sees what that code adds",
            "link-to-nowhere" => "pip uninstall the packages under development that have gone",
            "not-followed" => "give the environment in which they are installed instead",
            "bad-requirement" => "write the lines as `name==version`",
            _ => "reinstall the packages that these files belong to",
        };
        Finding {
            rule: rule.to_owned(),
            level,
            message,
            files: files.into_iter().map(str::to_owned).collect(),
            details,
            fix: Some(fix.to_owned()),
        }
    };
    kinds.into_iter().map(finding).collect()
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
