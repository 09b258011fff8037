//! What modules say about the interpreter they run in: the GIL, and interpreters besides the main one.

use std::collections::BTreeMap;

use super::member::Member;
use crate::facts::{Gil, Interpreters, Module};
use crate::finding::{Finding, Level, few};
use crate::host::HostPython;

/// Finds who turns the GIL on, and who keeps to the main interpreter.
pub(super) fn findings(modules: &[Module], members: &[Member], host: &HostPython) -> Vec<Finding> {
    let loaded = || {
        modules.iter().zip(members).filter(|(module, member)| module.extension && member.obstacle.is_none())
    };
    let mut found = Vec::new();
    if host.free_threaded.value == Some(true) {
        let mut packages: BTreeMap<&str, Vec<&Member>> = BTreeMap::new();
        for (_, member) in loaded().filter(|(module, _)| module.python.gil.value == Some(Gil::Used)) {
            packages.entry(member.owner_or_label()).or_default().push(member);
        }
        found.extend(packages.into_iter().map(|(package, members)| Finding {
            rule: "gil-enabled".to_owned(),
            level: Level::Warning,
            message: format!("importing `{package}` turns the GIL on again, for the whole process"),
            files: members.iter().map(|member| member.path.clone()).collect(),
            details: vec![format!(
                "by {}: built for a free-threaded Python, but not said to work without the GIL",
                few(members.iter().map(|member| member.label.as_str()).collect::<Vec<_>>().into_iter())
            )],
            fix: Some(format!(
                "update `{package}`; or run Python with PYTHON_GIL=0, at the risk of the package's own data races"
            )),
        }));
    }
    // Before 3.12 no interpreter checks.
    let checks = host.numbers().is_none_or(|version| version >= (3, 12));
    let refuse: Vec<&Member> = loaded()
        .filter(|_| checks)
        .filter(|(module, _)| module.python.interpreters.value == Some(Interpreters::MainOnly))
        .map(|(_, member)| member)
        .collect();
    if !refuse.is_empty() {
        let mut names: Vec<&str> = refuse.iter().map(|member| member.owner_or_label()).collect();
        names.sort_unstable();
        names.dedup();
        found.push(Finding {
            rule: "main-interpreter-only".to_owned(),
            level: Level::Note,
            message: format!("{} refuse to be imported in a sub-interpreter", few(names.iter().copied())),
            files: refuse.iter().map(|member| member.path.clone()).collect(),
            details: (names.len() > 5).then(|| names.join(", ")).into_iter().collect(),
            fix: Some("use threads or processes for code that needs them, not interpreters".to_owned()),
        });
    }
    found
}
