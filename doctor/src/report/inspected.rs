//! Which statements of an inspection are findings: what could not be read, and modules that contradict themselves.

use crate::check::roles;
use crate::facts::{Inspection, Module, Problem, Stable, StableKind};
use crate::finding::{Finding, Level};

/// What is wrong with the files themselves, whoever loads them.
pub fn inspected(inspection: &Inspection) -> Vec<Finding> {
    let mut found = Vec::new();
    for module in &inspection.modules {
        found.extend(module.python.stable.iter().flat_map(|stable| promises(module, stable)));
        found.extend(module.frameworks.iter().flat_map(|framework| {
            framework.warnings.iter().map(|warning| Finding {
                rule: "weak-id".into(),
                level: Level::Note,
                message: format!("{}: {warning}", framework.kind),
                files: vec![place(module)],
                details: Vec::new(),
                fix: None,
            })
        }));
        found.extend(unresolved(module));
        if let Some(note) = &module.note {
            let label = module.name.as_deref().unwrap_or_default();
            found.extend(roles::misnamed(label, &place(module), note));
        }
        found.extend(module.problems.iter().map(problem));
        found.extend(new_name_alone(module, &inspection.modules));
    }
    found.extend(inspection.problems.iter().map(problem));
    found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    found
}

fn place(module: &Module) -> String {
    match &module.member {
        Some(member) => format!("{}!{member}", module.path),
        None => module.path.clone(),
    }
}

/// A stable ABI that is claimed and not kept.
fn promises(module: &Module, stable: &Stable) -> Vec<Finding> {
    let name = match stable.kind {
        StableKind::Abi3 => "abi3",
        StableKind::Abi3t => "abi3t",
    };
    let mut found = Vec::new();
    if let (Some(claimed), Some(needed)) = (&stable.claimed.value, &stable.needed.value) {
        if minor(claimed).zip(minor(needed)).is_some_and(|(claimed, needed)| claimed < needed) {
            found.push(Finding {
                rule: "stable-abi-floor".into(),
                level: Level::Error,
                message: format!(
                    "claims {name} from Python {claimed}, and imports symbols that Python {needed} has first"
                ),
                files: vec![place(module)],
                details: stable.needed.evidence.iter().map(|evidence| evidence.text.clone()).collect(),
                fix: Some(format!("build with Py_LIMITED_API set to {claimed}, or claim {needed}")),
            });
        }
    }
    if !stable.outside.is_empty() {
        found.push(Finding {
            rule: "stable-abi-symbols".into(),
            level: Level::Warning,
            message: format!("claims {name}, and imports symbols that no stable ABI has"),
            files: vec![place(module)],
            details: stable.outside.clone(),
            fix: Some(format!("build with Py_LIMITED_API, or don't tag it {name}")),
        });
    }
    found
}

/// A wheel for Pythons before 3.15 whose module has a name that only 3.15 and newer look for.
fn new_name_alone(module: &Module, all: &[Module]) -> Option<Finding> {
    let tag = module.python.tag.as_deref().filter(|tag| tag.starts_with("abi3-"))?;
    let claimed = module.python.stable.as_ref()?.claimed.value.as_deref()?;
    let older = minor(claimed)? < (3, 15);
    let other = |other: &Module| {
        other.path == module.path && other.name == module.name && other.python.tag.as_deref() != Some(tag)
    };
    (older && !all.iter().any(other)).then(|| Finding {
        rule: "abi3-file-name".into(),
        level: Level::Error,
        message: format!(
            "is for Python {claimed} and newer, and only 3.15 and newer look for a name with `.{tag}.`"
        ),
        files: vec![place(module)],
        details: Vec::new(),
        fix: Some("build it with a Python before 3.15, or name the file `.abi3.so`".to_owned()),
    })
}

/// Symbols that the libraries that are there don't have.
fn unresolved(module: &Module) -> Option<Finding> {
    let claim = module.links.unresolved.as_ref().filter(|claim| claim.is_certain())?;
    let unresolved = claim.value.as_ref()?;
    let first = unresolved.symbols.first()?;
    let library = first.library.as_deref().unwrap_or("any library that it asks for");
    Some(Finding {
        rule: "unresolved-symbols".into(),
        level: if module.extension { Level::Error } else { Level::Warning },
        message: format!(
            "asks for `{}`, which `{library}` doesn't have, and {} in all",
            first.symbol, unresolved.count
        ),
        files: vec![place(module)],
        details: unresolved.symbols.iter().map(|unmet| unmet.symbol.clone()).collect(),
        fix: Some("build it against the libraries that it comes with".to_owned()),
    })
}

/// `3.9` as numbers, so that 3.10 is the higher one.
fn minor(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn problem(problem: &Problem) -> Finding {
    // A file that breaks what its wheel promises is read well.
    let rule = match problem.kind.as_str() {
        kind @ ("wheel-tag" | "musl-symbols" | "abi-info-differs") => kind,
        _ => "unreadable",
    };
    Finding {
        rule: rule.into(),
        level: if rule == "unreadable" { Level::Warning } else { Level::Error },
        message: format!("{} ({})", problem.message, problem.kind),
        files: vec![problem.path.clone()],
        details: problem.evidence.iter().map(|evidence| evidence.text.clone()).collect(),
        fix: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Claim;
    use crate::samples::extension;

    fn module(tag: &str, claimed: &str) -> Module {
        let mut module = extension("m");
        module.python.tag = Some(tag.to_owned());
        module.python.stable = Some(Stable {
            kind: StableKind::Abi3,
            claimed: Claim::certain(claimed.to_owned(), []),
            needed: Claim::unknown("made by hand"),
            exported: None,
            outside: Vec::new(),
        });
        module
    }

    fn rules(modules: Vec<Module>) -> Vec<(String, Level)> {
        let inspection = Inspection { schema: String::new(), modules, problems: Vec::new() };
        inspected(&inspection).into_iter().map(|finding| (finding.rule, finding.level)).collect()
    }

    #[test]
    fn a_name_that_only_newer_pythons_look_for_is_an_error_in_a_module_for_older_ones() {
        let new = "abi3-x86_64-linux-gnu";
        assert_eq!(rules(vec![module(new, "3.9")]), [("abi3-file-name".to_owned(), Level::Error)]);
        assert_eq!(rules(vec![module(new, "3.15")]), []);
        assert_eq!(rules(vec![module("abi3", "3.9")]), []);
        // Beside it stands a file of the name that all look for.
        assert_eq!(rules(vec![module(new, "3.9"), module("abi3", "3.9")]), []);
    }
}
