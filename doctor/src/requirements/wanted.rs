//! What a requirements file names, and which wheel a Python would take of it: judged by file names and tags alone.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::marker;
use super::wheel::{Fit, WheelName};
use crate::facts::Problem;
use crate::finding::few;
use crate::finding::{Finding, Level};
use crate::host::HostPython;
use crate::installed::{Installed, normalised};
use crate::source::entries;

/// A file that could be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Its file name.
    pub file: String,
}

/// A package that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wanted {
    /// Its name, normalised.
    pub name: String,
    /// Its version; absent where several would do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// For which Python it counts: an environment marker.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub marker: Option<String>,
    /// The wheels that the file lists; absent where it lists none of any package.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wheels: Option<Vec<Candidate>>,
    /// Whether the file lists sources too.
    pub sources: bool,
    /// The file, and its line where it has lines.
    pub place: String,
}

/// What a requirements or lock file names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requirements {
    /// The file.
    pub file: String,
    /// The packages, in its order.
    pub wanted: Vec<Wanted>,
    /// What isn't followed: files elsewhere, projects under development, lines that aren't understood.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub problems: Vec<Problem>,
}

/// What a Python would take of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// The package: an index into what is wanted.
    pub wanted: usize,
    /// Whether its marker lets it in; a marker that isn't understood does.
    pub applies: bool,
    /// The wheel; absent where none fits or none is listed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wheel: Option<String>,
    /// How well it fits; absent where the file lists no wheels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fit: Option<Fit>,
}

impl Requirements {
    /// Says what a Python would take of each package. Without a Python every wheel fits as well as any: the first is named.
    pub fn choose(&self, python: Option<&HostPython>) -> Vec<Choice> {
        let environment = python.and_then(marker::environment);
        let choice = |(at, wanted): (usize, &Wanted)| {
            let applies =
                wanted.marker.as_deref().is_none_or(|text| marker::applies(text, environment.as_ref()));
            let best =
                wanted.wheels.as_ref().map(|wheels| best(wheels.iter().map(|one| one.file.as_str()), python));
            let (wheel, fit) = match best {
                None => (None, None),
                Some(None) => (None, Some(Fit::Not)),
                Some(Some((file, fit))) => (Some(file.to_owned()), Some(fit)),
            };
            Choice { wanted: at, applies, wheel, fit }
        };
        self.wanted.iter().enumerate().map(choice).collect()
    }

    /// Finds the wheels for a Python in a folder: for each package that counts, the one that fits best.
    pub fn find_in(&self, folder: &Path, python: Option<&HostPython>) -> Vec<(usize, PathBuf)> {
        let files: Vec<(PathBuf, WheelName)> = entries(folder)
            .into_iter()
            .filter_map(|path| Some((path.clone(), WheelName::read(&path.to_string_lossy())?)))
            .collect();
        let mut found = Vec::new();
        for choice in self.choose(python).iter().filter(|choice| choice.applies) {
            let wanted = &self.wanted[choice.wanted];
            let fits = |(path, wheel): &&(PathBuf, WheelName)| {
                let version =
                    wanted.version.as_ref().is_none_or(|version| same_version(version, &wheel.version));
                path.is_file() && normalised(&wheel.name) == wanted.name && version
            };
            let fit = |wheel: &WheelName| python.map_or(Fit::Pure, |python| wheel.fit(python));
            let best = files.iter().filter(fits).max_by_key(|(_, wheel)| fit(wheel));
            if let Some((path, _)) = best.filter(|(_, wheel)| fit(wheel) != Fit::Not) {
                found.push((choice.wanted, path.clone()));
            }
        }
        found
    }

    /// The words by which `pip download` fetches what counts for a Python: `numpy==2.1.0`.
    pub fn pip_words(&self, python: Option<&HostPython>) -> Vec<String> {
        let applies = self.choose(python).into_iter().filter(|choice| choice.applies);
        let word = |choice: Choice| {
            let wanted = &self.wanted[choice.wanted];
            wanted
                .version
                .as_ref()
                .map_or_else(|| wanted.name.clone(), |version| format!("{}=={version}", wanted.name))
        };
        applies.map(word).collect()
    }

    /// The wheels that were found, as what a survey takes for installed.
    pub fn installed(&self, found: &[(usize, PathBuf)]) -> Installed {
        let mut installed = Installed::default();
        installed.problems.clone_from(&self.problems);
        for (at, path) in found {
            let wanted = &self.wanted[*at];
            let file = path.to_string_lossy();
            let version = WheelName::read(&file).map(|name| name.version).or_else(|| wanted.version.clone());
            installed.add_wheel(path, &wanted.name, &version.unwrap_or_default());
        }
        installed
    }

    /// What can be said without the wheels, and which of them weren't looked into. `found` are those that were.
    pub fn findings(&self, python: Option<&HostPython>, found: &[(usize, PathBuf)]) -> Vec<Finding> {
        let choices = self.choose(python);
        let this = python.map_or_else(|| "this Python".to_owned(), HostPython::describe);
        let mut findings = Vec::new();
        for choice in choices.iter().filter(|choice| choice.applies && choice.fit == Some(Fit::Not)) {
            findings.push(self.no_wheel(&self.wanted[choice.wanted], &this));
        }
        let note = |rule: &str, message: String, names: &[&str], fix: &str| Finding {
            rule: rule.to_owned(),
            level: Level::Note,
            message,
            files: vec![self.file.clone()],
            details: vec![few(names.iter().copied())],
            fix: Some(fix.to_owned()),
        };
        let names = |keep: &dyn Fn(&Choice) -> bool| -> Vec<&str> {
            let kept = choices.iter().filter(|choice| choice.applies && keep(choice));
            kept.map(|choice| self.wanted[choice.wanted].name.as_str()).collect()
        };
        let loose = names(&|choice| self.wanted[choice.wanted].version.is_none());
        if !loose.is_empty() {
            let message = format!("{} packages are named without one version", loose.len());
            findings.push(note("not-pinned", message, &loose, "name a lock file, or pin them: pip freeze"));
        }
        let unread = names(&|choice| {
            let native = !matches!(choice.fit, Some(Fit::Pure | Fit::Not));
            native && found.iter().all(|(at, _)| *at != choice.wanted)
        });
        if !unread.is_empty() {
            let message =
                format!("the wheels of {} packages weren't looked into: only their names were", unread.len());
            findings.push(note(
                "not-read",
                message,
                &unread,
                "add `--fetch`, or `--find-links` with a folder of wheels",
            ));
        }
        findings
    }

    fn no_wheel(&self, wanted: &Wanted, python: &str) -> Finding {
        let version = wanted.version.as_deref().unwrap_or_default();
        let mut tags: Vec<String> = wanted
            .wheels
            .iter()
            .flatten()
            .filter_map(|wheel| WheelName::read(&wheel.file))
            .map(|wheel| format!("{}-{}", wheel.pythons.join("."), wheel.abis.join(".")))
            .collect();
        tags.sort();
        tags.dedup();
        let (level, what) = if wanted.sources {
            (Level::Warning, "it would be built from its sources")
        } else {
            (Level::Error, "it can't be installed")
        };
        let listed = if tags.is_empty() { "no wheel at all".to_owned() } else { tags.join(", ") };
        Finding {
            rule: "no-wheel".to_owned(),
            level,
            message: format!("`{}` {version} has no wheel for {python}: {what}", wanted.name),
            files: vec![wanted.place.clone()],
            details: vec![format!("listed: {listed}")],
            fix: Some(format!("take a release of `{}` with such a wheel, or another Python", wanted.name)),
        }
    }
}

/// The wheel that fits best, the first of equals.
fn best<'a>(files: impl Iterator<Item = &'a str>, python: Option<&HostPython>) -> Option<(&'a str, Fit)> {
    let mut best: Option<(&str, Fit)> = None;
    for file in files {
        let Some(wheel) = WheelName::read(file) else { continue };
        let fit = match python {
            Some(python) => wheel.fit(python),
            None if wheel.is_pure() => Fit::Pure,
            None => Fit::Exact,
        };
        if fit != Fit::Not && best.is_none_or(|(_, other)| fit > other) {
            best = Some((file, fit));
        }
    }
    best
}

/// Whether two versions are written alike, but for letters' case and zeros at the end.
fn same_version(a: &str, b: &str) -> bool {
    let plain = |text: &str| {
        let text = text.to_ascii_lowercase().replace(['-', '_'], ".");
        let mut rest = text.as_str();
        while let Some(shorter) = rest.strip_suffix(".0") {
            rest = shorter;
        }
        rest.to_owned()
    };
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Folder, host};

    fn wanted(name: &str, wheels: Option<&[&str]>) -> Wanted {
        let candidate = |tags: &&str| Candidate { file: format!("{name}-1.0-{tags}.whl") };
        Wanted {
            name: name.to_owned(),
            version: Some("1.0".to_owned()),
            wheels: wheels.map(|tags| tags.iter().map(candidate).collect()),
            place: "a.lock".to_owned(),
            ..Wanted::default()
        }
    }

    fn named(wanted: Vec<Wanted>) -> Requirements {
        Requirements { file: "a.lock".to_owned(), wanted, problems: Vec::new() }
    }

    #[test]
    fn the_wheel_that_fits_best_is_chosen() {
        let tags = [
            "py3-none-any",
            "cp39-abi3-manylinux_2_17_x86_64",
            "cp312-cp312-manylinux_2_17_x86_64",
            "cp312-cp312-win_amd64",
        ];
        let choice = named(vec![wanted("a", Some(&tags))]).choose(Some(&host())).remove(0);
        assert_eq!(choice.wheel.as_deref(), Some("a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"));
        assert_eq!(choice.fit, Some(Fit::Exact));
    }

    #[test]
    fn a_package_without_a_wheel_for_this_python_is_a_finding() {
        let mut requirements = named(vec![wanted("a", Some(&["cp311-cp311-win_amd64"]))]);
        let levels = |requirements: &Requirements| {
            let found = requirements.findings(Some(&host()), &[]);
            found.into_iter().map(|finding| (finding.rule, finding.level)).collect::<Vec<_>>()
        };
        assert_eq!(levels(&requirements), [("no-wheel".to_owned(), Level::Error)]);
        requirements.wanted[0].sources = true;
        assert_eq!(levels(&requirements), [("no-wheel".to_owned(), Level::Warning)]);
        requirements.wanted[0].marker = Some("python_version < '3.10'".to_owned());
        assert_eq!(levels(&requirements), []);
    }

    #[test]
    fn what_wasnt_looked_into_is_said() {
        let mut loose = wanted("b", None);
        loose.version = None;
        let pure = wanted("c", Some(&["py3-none-any"]));
        let requirements = named(vec![wanted("a", None), loose, pure]);
        let rules = |found: &[(usize, PathBuf)]| {
            let findings = requirements.findings(Some(&host()), found);
            findings.into_iter().map(|finding| (finding.rule, finding.details.join(""))).collect::<Vec<_>>()
        };
        let all =
            [("not-pinned".to_owned(), "`b`".to_owned()), ("not-read".to_owned(), "`a`, `b`".to_owned())];
        assert_eq!(rules(&[]), all);
        assert_eq!(rules(&[(0, PathBuf::from("a.whl")), (1, PathBuf::from("b.whl"))]), all[..1]);
        assert_eq!(requirements.pip_words(None), ["a==1.0", "b", "c==1.0"]);
    }

    #[test]
    fn wheels_are_found_in_a_folder_by_name_version_and_tags() {
        let root = Folder::new();
        for file in [
            "A_b-1-py3-none-any.whl",
            "a_b-1.0-cp312-cp312-linux_x86_64.whl",
            "a_b-2.0-cp312-cp312-linux_x86_64.whl",
            "a_b-1.0-cp312-cp312-win_amd64.whl",
            "other.txt",
        ] {
            root.write(file, "");
        }
        let found = named(vec![wanted("a-b", None)]).find_in(&root.path(""), Some(&host()));
        assert_eq!(found, [(0, root.path("a_b-1.0-cp312-cp312-linux_x86_64.whl"))]);
    }
}
