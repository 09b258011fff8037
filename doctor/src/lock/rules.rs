//! What changed since the lock was written, and whether the versions say so: a change that consumers refuse needs a version
//! that their requirements don't accept, one that only adds a higher one.

use interbind_abi::diff::differences;
use interbind_abi::version::{Requirement, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{LockedType, TypeVersion};
use crate::finding::{Finding, Level};

/// What became of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is as it was.
    Same,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It changed, and its version says so.
    Versioned,
    /// It changed, and its version doesn't say so.
    Unversioned,
}

/// One type, then and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypeChange {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub change: Change,
    /// The version that is locked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub locked: Option<TypeVersion>,
    /// The version that was built.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub built: Option<TypeVersion>,
    /// The lowest version that the change asks for, where the built one isn't enough.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub needs: Option<TypeVersion>,
    /// What differs, part by part.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub differs: Vec<String>,
}

/// The answer of `interbind lock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lock {
    /// The schema's name and version: `interbind-lock/1`.
    pub schema: String,
    /// The lock's file.
    pub file: String,
    /// Every type.
    pub types: Vec<TypeChange>,
    /// Whether the file is, or was made, what was built.
    pub current: bool,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Lock {
    /// The schema's name and version.
    pub const SCHEMA: &'static str = "interbind-lock/1";

    /// Whether a type changed without the version that it needs.
    pub fn broken(&self) -> bool {
        self.types.iter().any(|each| each.change == Change::Unversioned)
    }
}

/// Compares a lock with what was built. `checking`: the lock has to be as the build already.
pub fn compare(file: &str, locked: &[LockedType], built: &[LockedType], checking: bool) -> Lock {
    let mut names: Vec<&str> = locked.iter().chain(built).map(|each| each.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let newest = |types: &'_ [LockedType], name: &str| -> Option<LockedType> {
        types.iter().filter(|each| each.name == name).max_by_key(|each| each.version).cloned()
    };
    let types: Vec<TypeChange> =
        names.into_iter().map(|name| of(name, newest(locked, name), newest(built, name), built)).collect();
    let current = locked == built;
    let mut findings: Vec<Finding> = types.iter().filter_map(|each| finding(file, each, checking)).collect();
    if checking && !current && findings.is_empty() {
        findings.push(stale(file, "the lock isn't what was built".to_owned(), Vec::new()));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Lock {
        schema: Lock::SCHEMA.to_owned(),
        file: file.to_owned(),
        types,
        current: current || !checking,
        findings,
    }
}

fn of(name: &str, locked: Option<LockedType>, now: Option<LockedType>, built: &[LockedType]) -> TypeChange {
    let mut change = TypeChange {
        name: name.to_owned(),
        change: Change::Same,
        locked: locked.as_ref().map(|each| each.version),
        built: now.as_ref().map(|each| each.version),
        needs: None,
        differs: Vec::new(),
    };
    let (before, after) = match (locked, now) {
        (Some(before), Some(after)) => (before, after),
        (before, _) => {
            change.change = if before.is_none() { Change::Added } else { Change::Removed };
            return change;
        }
    };
    // A declaration that is kept beside its successor.
    let kept = built.contains(&before);
    if kept && before == after {
        return change;
    }
    let (needs, differs) = needed(&before, &after);
    change.differs = differs;
    let enough = needs.is_none_or(|needs| after.version.0 >= needs);
    if enough && after.version >= before.version {
        change.change = Change::Versioned;
    } else {
        change.change = Change::Unversioned;
        change.needs = Some(TypeVersion(needs.unwrap_or(before.version.0)));
    }
    change
}

/// The lowest version that a change asks for, and what differs.
fn needed(before: &LockedType, after: &LockedType) -> (Option<Version>, Vec<String>) {
    if before.descriptor == after.descriptor {
        return (None, Vec::new());
    }
    let old = before.version.0;
    let breaking = Requirement::compatible(old).below;
    match differences(&after.descriptor, &before.descriptor) {
        Ok(found) if found.is_empty() => {
            // Old consumers find all that they need: something was added behind it.
            let added = vec!["something was added that consumers of the old version don't need".to_owned()];
            (Some(Version::new(old.major, old.minor.saturating_add(1), 0)), added)
        }
        Ok(found) => {
            let line = |(reason, part): &(interbind_abi::reason::Reason, interbind_abi::diff::Difference)| {
                format!("{} was {}, is {} ({reason})", part.part, part.consumer, part.provider)
            };
            (Some(breaking), found.iter().map(line).collect())
        }
        Err(_) => (Some(breaking), vec!["it is another kind of type (kind-differs)".to_owned()]),
    }
}

fn finding(file: &str, each: &TypeChange, checking: bool) -> Option<Finding> {
    let version = |version: Option<TypeVersion>| {
        version.map_or_else(|| "none".to_owned(), |version| version.to_string())
    };
    let (locked, built) = (version(each.locked), version(each.built));
    match each.change {
        Change::Unversioned => {
            let needs = version(each.needs);
            Some(Finding {
                rule: "type-changed".to_owned(),
                level: Level::Error,
                message: format!(
                    "{} changed since {locked} and is built as {built}: the change needs {needs} or higher",
                    each.name
                ),
                files: vec![file.to_owned()],
                details: each.differs.clone(),
                fix: Some(format!("declare it with `version = \"{needs}\"`, or take the change back")),
            })
        }
        Change::Removed => Some(Finding {
            rule: "type-removed".to_owned(),
            level: if checking { Level::Error } else { Level::Warning },
            message: format!("{} {locked} is locked, and isn't built any more", each.name),
            files: vec![file.to_owned()],
            details: Vec::new(),
            fix: Some("bring it back; or write the lock anew in a release that may break consumers: `interbind lock`".to_owned()),
        }),
        Change::Versioned if checking && (each.locked != each.built || !each.differs.is_empty()) => {
            Some(stale(file, format!("{} {built} isn't locked, {locked} is", each.name), each.differs.clone()))
        }
        Change::Added if checking => Some(stale(file, format!("{} {built} isn't locked", each.name), Vec::new())),
        Change::Same | Change::Added | Change::Versioned => None,
    }
}

fn stale(file: &str, message: String, details: Vec<String>) -> Finding {
    Finding {
        rule: "lock-not-current".to_owned(),
        level: Level::Error,
        message,
        files: vec![file.to_owned()],
        details,
        fix: Some("write the lock anew, and commit it: `interbind lock` with the same files".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: &str = "data a.P size 16 align 8 { x: f64 @0; y: f64 @8 }";
    const MOVED: &str = "data a.P size 16 align 8 { y: f64 @0; x: f64 @8 }";

    fn one(version: &str, descriptor: &str) -> Vec<LockedType> {
        let version = version.parse().expect("a version");
        vec![LockedType { name: "a.P".to_owned(), version, descriptor: descriptor.to_owned() }]
    }

    fn said(before: (&str, &str), after: (&str, &str)) -> (Change, Option<String>) {
        let lock = compare("l", &one(before.0, before.1), &one(after.0, after.1), false);
        (lock.types[0].change, lock.types[0].needs.map(|version| version.to_string()))
    }

    #[test]
    fn a_changed_layout_needs_a_version_that_old_requirements_refuse() {
        assert_eq!(said(("1.2.0", POINT), ("1.2.0", POINT)), (Change::Same, None));
        for version in ["1.2.0", "1.2.1", "1.9.0", "1.1.0"] {
            assert_eq!(
                said(("1.2.0", POINT), (version, MOVED)),
                (Change::Unversioned, Some("2.0.0".to_owned()))
            );
        }
        assert_eq!(said(("1.2.0", POINT), ("2.0.0", MOVED)), (Change::Versioned, None));
        assert_eq!(said(("0.3.1", POINT), ("0.3.2", MOVED)), (Change::Unversioned, Some("0.4.0".to_owned())));
        assert_eq!(said(("0.3.1", POINT), ("0.4.0", MOVED)), (Change::Versioned, None));
    }

    #[test]
    fn a_version_never_goes_back() {
        assert_eq!(said(("1.2.0", POINT), ("1.1.0", POINT)), (Change::Unversioned, Some("1.2.0".to_owned())));
    }

    #[test]
    fn what_is_new_or_gone_or_not_written_down_is_told_where_it_is_checked() {
        let rules = |before: &[LockedType], after: &[LockedType], checking| -> Vec<String> {
            compare("l", before, after, checking).findings.into_iter().map(|finding| finding.rule).collect()
        };
        assert_eq!(rules(&[], &one("1.0.0", POINT), true), ["lock-not-current"]);
        assert!(rules(&[], &one("1.0.0", POINT), false).is_empty());
        assert_eq!(rules(&one("1.0.0", POINT), &[], true), ["type-removed"]);
        assert_eq!(rules(&one("1.0.0", POINT), &one("2.0.0", MOVED), true), ["lock-not-current"]);
        assert_eq!(rules(&one("1.0.0", POINT), &one("1.0.1", POINT), true), ["lock-not-current"]);
        assert_eq!(rules(&one("1.0.0", POINT), &one("1.0.0", MOVED), true), ["type-changed"]);
        assert!(rules(&one("1.0.0", POINT), &one("1.0.0", POINT), true).is_empty());
    }
}
