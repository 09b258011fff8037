//! Things that are there more than once: a module, a file that two packages claim, a package, a type of this project's layer.

use std::collections::{BTreeMap, BTreeSet};

use super::member::Member;
use crate::facts::Module;
use crate::finding::{Finding, Level, few};
use crate::installed::{Installed, plain};

/// Finds all of them.
pub(super) fn findings(modules: &[Module], members: &[Member], installed: &Installed) -> Vec<Finding> {
    let mut found = contested_files(installed);
    found.extend(packages(installed));
    found.extend(same_modules(modules, members));
    found.extend(types(modules, members));
    found
}

/// A file that several packages list: the one installed last has overwritten the others'.
fn contested_files(installed: &Installed) -> Vec<Finding> {
    let mut by_owners: BTreeMap<BTreeSet<&str>, Vec<String>> = BTreeMap::new();
    for (file, owners) in installed.contested() {
        let names: BTreeSet<&str> =
            owners.iter().map(|owner| installed.distributions[*owner].name.as_str()).collect();
        // The same package twice is another finding.
        if names.len() > 1 {
            by_owners.entry(names).or_default().push(file.display().to_string());
        }
    }
    let finding = |(names, files): (BTreeSet<&str>, Vec<String>)| Finding {
        rule: "file-twice".to_owned(),
        level: Level::Error,
        message: format!("{} have overwritten each other's files", few(names.iter().copied())),
        details: vec![format!(
            "{} native files belong to all of them; the last one installed won",
            files.len()
        )],
        files,
        fix: Some(format!(
            "pip uninstall {}, then install the one that is wanted",
            Vec::from_iter(names).join(" ")
        )),
    };
    by_owners.into_iter().map(finding).collect()
}

/// A package with two sets of metadata in one folder: an update that was cut short.
fn packages(installed: &Installed) -> Vec<Finding> {
    let mut by_name: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, found) in installed.distributions.iter().enumerate() {
        by_name.entry((&found.name, &found.place)).or_default().push(at);
    }
    let twice = by_name.into_iter().filter(|(_, all)| all.len() > 1);
    let finding = |((name, place), all): ((&str, &str), Vec<usize>)| {
        let versions: Vec<&str> =
            all.iter().map(|at| installed.distributions[*at].version.as_str()).collect();
        Finding {
            rule: "package-twice".to_owned(),
            level: Level::Warning,
            message: format!("`{name}` is installed more than once: {}", versions.join(", ")),
            files: vec![place.to_owned()],
            details: Vec::new(),
            fix: Some(format!("pip install --force-reinstall {name}")),
        }
    };
    twice.map(finding).collect()
}

/// How early Python takes a file among those of one folder: its own tag, then the stable ABI, then none.
fn rank(tag: Option<&str>) -> u8 {
    match tag {
        Some(tag) if tag.starts_with("abi3") => 1,
        Some(_) => 0,
        None => 2,
    }
}

/// Modules of one name that this Python could load, of which it loads one.
fn same_modules(modules: &[Module], members: &[Member]) -> Vec<Finding> {
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (module, member)) in modules.iter().zip(members).enumerate() {
        if let Some(name) = module.name.as_deref().filter(|_| module.extension && member.obstacle.is_none()) {
            by_name.entry(name).or_default().push(at);
        }
    }
    let mut found = Vec::new();
    for (name, mut all) in by_name {
        // The slices of a fat file are one file.
        let mut seen = BTreeSet::new();
        all.retain(|at| seen.insert((&modules[*at].path, &modules[*at].member)));
        if all.len() < 2 {
            continue;
        }
        let folder = |at: usize| {
            let module = &modules[at];
            plain(std::path::Path::new(module.member.as_deref().unwrap_or(&module.path)))
                .parent()
                .map(ToOwned::to_owned)
        };
        let one_folder = all.iter().all(|at| folder(*at) == folder(all[0]) && modules[*at].member.is_none());
        if one_folder {
            all.sort_by_key(|at| rank(modules[*at].python.tag.as_deref()));
        }
        let owners: BTreeSet<&str> = all.iter().map(|at| members[*at].owner_or_label()).collect();
        let detail = if one_folder {
            format!("Python takes {}", modules[all[0]].path)
        } else {
            "Python takes the one whose folder comes first on its path".to_owned()
        };
        found.push(Finding {
            rule: "module-twice".to_owned(),
            level: if owners.len() > 1 || !one_folder { Level::Warning } else { Level::Note },
            message: format!("module `{name}` is there {} times; one is loaded, the others never", all.len()),
            files: all.iter().map(|at| members[*at].path.clone()).collect(),
            details: vec![detail],
            fix: Some(
                "remove the files that are left from another install: reinstall their package".to_owned(),
            ),
        });
    }
    found
}

/// Types that several modules say they provide, in their build notes: the second one to be imported is refused.
fn types(modules: &[Module], members: &[Member]) -> Vec<Finding> {
    let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, module) in modules.iter().enumerate().filter(|(at, _)| members[*at].obstacle.is_none()) {
        let lines = module.note.iter().flat_map(|note| &note.module);
        for line in lines.filter_map(|line| line.strip_prefix("provides=")) {
            let name = line.split(' ').next().unwrap_or(line);
            let all = by_type.entry(name).or_default();
            if all.last() != Some(&at) {
                all.push(at);
            }
        }
    }
    let distinct = |all: &[usize]| all.iter().map(|at| &modules[*at].name).collect::<BTreeSet<_>>().len() > 1;
    let twice = by_type.into_iter().filter(|(_, all)| distinct(all));
    let finding = |(name, all): (&str, Vec<usize>)| {
        let names: BTreeSet<&str> = all.iter().map(|at| members[*at].owner_or_label()).collect();
        Finding {
            rule: "type-twice".to_owned(),
            level: Level::Warning,
            message: format!("type `{name}` is provided by several modules"),
            files: all.iter().map(|at| members[*at].path.clone()).collect(),
            details: vec![few(names.into_iter())],
            fix: Some("have one module provide the type and the others consume it".to_owned()),
        }
    };
    twice.map(finding).collect()
}
