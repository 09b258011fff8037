//! What the build notes of all modules of an environment say together: who provides what each consumer asks for, and who brings
//! the implementation for those that carry none.

use std::collections::BTreeSet;

use interbind_abi::version::{Requirement, Version};

use super::ours::{self, Fit};
use crate::facts::OurNote;
use crate::finding::{Finding, Level};

/// A module with a note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noted<'a> {
    /// The name to call it by.
    pub(crate) label: &'a str,
    /// Its file.
    pub(crate) path: &'a str,
    pub(crate) note: &'a OurNote,
}

/// The module that brings the implementation.
const RUNTIME: &str = "interbind._runtime";

/// What is wrong between modules that one Python loads.
pub(crate) fn findings(modules: &[Noted<'_>]) -> Vec<Finding> {
    let mut found: Vec<Finding> = modules.iter().flat_map(|consumer| unmet(consumer, modules)).collect();
    found.extend(without_runtime(modules));
    found.extend(modules.iter().filter_map(|module| misnamed(module.label, module.path, module.note)));
    found
}

/// What a consumer asks for and gets from nobody.
fn unmet(consumer: &Noted<'_>, modules: &[Noted<'_>]) -> Vec<Finding> {
    let differs = |fit| match fit {
        Fit::Differs(why) => Some(why),
        // What isn't in the file may well fit.
        Fit::Fits | Fit::Unknown(_) => None,
    };
    let mut found = Vec::new();
    for asked in &consumer.note.consumes {
        let Ok(requirement) = asked.requirement.parse::<Requirement>() else { continue };
        let name = asked.name.as_str();
        let providers: Vec<(&Noted<'_>, Version)> = modules
            .iter()
            .flat_map(|module| module.note.provides.iter().map(move |provided| (module, provided)))
            .filter(|(_, provided)| provided.name == name)
            .filter_map(|(module, provided)| Some((module, provided.version.parse().ok()?)))
            .collect();
        let (fit, others): (Vec<_>, Vec<_>) =
            providers.into_iter().partition(|(_, version)| requirement.accepts(*version));
        let layout = |(provider, version): &(&Noted<'_>, Version)| {
            ours::layout(name, (provider.note, *version), (consumer.note, requirement))
        };
        let differing: Vec<_> =
            fit.iter().filter_map(|each| Some((each.0, each.1, differs(layout(each))?))).collect();
        let files = |more: Vec<&str>| {
            let mut files = vec![consumer.path.to_owned()];
            files.extend(more.into_iter().map(str::to_owned));
            files
        };
        // Another version of a type that it takes too, as a consumer of two majors does.
        let takes_another = others.iter().any(|(_, version)| {
            let requirement = |text: &str| text.parse::<Requirement>();
            let mut same = consumer.note.consumes.iter().filter(|other| other.name == name);
            same.any(|other| requirement(&other.requirement).is_ok_and(|other| other.accepts(*version)))
        });
        if !differing.is_empty() && differing.len() == fit.len() {
            let (provider, version, why) = &differing[0];
            found.push(Finding {
                rule: "type-mismatch".to_owned(),
                level: Level::Error,
                message: format!(
                    "`{}` refuses {name} {version} of `{}`: {why}",
                    consumer.label, provider.label
                ),
                files: files(differing.iter().map(|(provider, ..)| provider.path).collect()),
                details: Vec::new(),
                fix: Some(format!(
                    "rebuild `{}` and `{}` against the same declaration of {name}; one that changed needs a new major version",
                    consumer.label, provider.label
                )),
            });
        } else if fit.is_empty() && !others.is_empty() && !takes_another {
            let (provider, version) = others[0];
            let has: Vec<String> = others
                .iter()
                .map(|(module, version)| format!("`{}` provides {version}", module.label))
                .collect();
            found.push(Finding {
                rule: "type-not-provided".to_owned(),
                level: Level::Error,
                message: format!(
                    "`{}` asks for {name} {requirement}, and {}",
                    consumer.label,
                    has.join(", ")
                ),
                files: files(others.iter().map(|(provider, _)| provider.path).collect()),
                details: Vec::new(),
                fix: Some(ours::mended(name, (provider.label, version), (consumer.label, requirement))),
            });
        } else if fit.is_empty() && others.is_empty() {
            found.push(Finding {
                rule: "type-not-provided".to_owned(),
                level: Level::Warning,
                message: format!(
                    "`{}` asks for {name} {requirement}, and nothing here provides it",
                    consumer.label
                ),
                files: files(Vec::new()),
                details: Vec::new(),
                fix: Some(format!("install the package that provides {name} {requirement}")),
            });
        }
    }
    found
}

/// Modules that leave the implementation to the wheel, where it is missing.
fn without_runtime(modules: &[Noted<'_>]) -> Option<Finding> {
    if modules.iter().any(|module| module.note.name.as_deref() == Some(RUNTIME)) {
        return None;
    }
    let bare: Vec<&Noted<'_>> =
        modules.iter().filter(|module| module.note.runtime.as_deref() == Some("wheel")).collect();
    let first = bare.first()?;
    let versions: BTreeSet<Version> =
        bare.iter().filter_map(|module| module.note.interbind.as_deref()?.parse().ok()).collect();
    let least = versions.last().map_or_else(String::new, |version| format!(">={version}"));
    let more = match bare.len() - 1 {
        0 => String::new(),
        1 => " and another module".to_owned(),
        more => format!(" and {more} other modules"),
    };
    Some(Finding {
        rule: "runtime-missing".to_owned(),
        level: Level::Error,
        message: format!(
            "`{}`{more} leave{} the implementation to the package `interbind`, which isn't installed",
            first.label,
            if bare.len() == 1 { "s" } else { "" }
        ),
        files: bare.iter().map(|module| module.path.to_owned()).collect(),
        details: Vec::new(),
        fix: Some(format!("python -m pip install 'interbind{least}'")),
    })
}

/// A note that names another module than the file is.
pub(crate) fn misnamed(label: &str, path: &str, note: &OurNote) -> Option<Finding> {
    // A file that was linked of several modules is one of them.
    let all: Vec<Finding> =
        note.names().map(|said| misnamed_as(label, path, said, note)).collect::<Option<_>>()?;
    all.into_iter().next()
}

fn misnamed_as(label: &str, path: &str, said: &str, note: &OurNote) -> Option<Finding> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let file = path.rsplit(['/', '\\', '!']).next().unwrap_or(path);
    let is = file.split('.').next().unwrap_or(file);
    // What cargo makes before it is installed, and a debug build for Windows.
    let ending = [("lib", ".so"), ("lib", ".dylib"), ("", "_d.pyd")];
    if ending.iter().any(|(start, end)| file == format!("{start}{}{end}", last(said))) {
        return None;
    }
    // A package may be kept inside of another one; what differs in the middle is another module.
    let inside = |outer: &str, inner: &str| {
        outer == inner || outer.strip_suffix(inner).is_some_and(|rest| rest.ends_with('.'))
    };
    let packaged = said.contains('.') && label.contains('.');
    let other = packaged && last(said) == last(label) && !inside(label, said) && !inside(said, label);
    if !other && (last(said) == is || last(said) == last(label)) {
        return None;
    }
    let (is, right) = if other { (label, label.to_owned()) } else { (is, renamed(said, is)) };
    Some(Finding {
        rule: "note-name-differs".to_owned(),
        level: Level::Warning,
        message: format!("the build note says that the module is `{said}`, and the file is `{is}`"),
        files: vec![path.to_owned()],
        details: Vec::new(),
        fix: Some(if note.compiler.as_deref().is_none_or(|compiler| compiler.starts_with("rustc")) {
            format!("give `module!` the name that is imported: `name = \"{right}\"`")
        } else {
            format!("give `INTERBIND_NOTE` the name that is imported: `\"{right}\"`")
        }),
    })
}

/// `frame._native` for `frame.other` and `_native`.
fn renamed(said: &str, is: &str) -> String {
    match said.rsplit_once('.') {
        Some((package, _)) => format!("{package}.{is}"),
        None => is.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{ConsumedType, DeclaredType, ProvidedType};

    const POINT: &str = "data a.P size 16 align 8 { x: f64 @0; y: f64 @8 }";
    const OTHER: &str = "data a.P size 8 align 4 { x: f32 @0; y: f32 @4 }";

    fn declared(version: &str, descriptor: &str) -> DeclaredType {
        DeclaredType {
            name: "a.P".to_owned(),
            version: version.to_owned(),
            descriptor: descriptor.to_owned(),
        }
    }

    fn provider(version: &str, descriptor: &str) -> OurNote {
        OurNote {
            name: Some("p".to_owned()),
            provides: vec![ProvidedType { name: "a.P".to_owned(), version: version.to_owned() }],
            declared: vec![declared(version, descriptor)],
            ..OurNote::default()
        }
    }

    fn consumer(asks: &[(&str, &str, &str)]) -> OurNote {
        let consumed = |(requirement, ..): &(&str, &str, &str)| ConsumedType {
            name: "a.P".to_owned(),
            requirement: (*requirement).to_owned(),
        };
        OurNote {
            name: Some("c".to_owned()),
            consumes: asks.iter().map(consumed).collect(),
            declared: asks.iter().map(|(_, version, descriptor)| declared(version, descriptor)).collect(),
            ..OurNote::default()
        }
    }

    fn said(modules: &[(&str, &OurNote)]) -> Vec<(String, Level, String)> {
        let noted: Vec<Noted<'_>> =
            modules.iter().map(|(name, note)| Noted { label: name, path: name, note }).collect();
        let finding = |finding: Finding| (finding.rule, finding.level, finding.fix.unwrap_or_default());
        findings(&noted).into_iter().map(finding).collect()
    }

    #[test]
    fn what_fits_is_silent_and_what_differs_under_one_requirement_is_an_error() {
        let asks = consumer(&[("^1.0.0", "1.2.0", POINT)]);
        assert_eq!(said(&[("p", &provider("1.2.0", POINT)), ("c", &asks)]), []);
        let found = said(&[("p", &provider("1.2.0", OTHER)), ("c", &asks)]);
        assert_eq!((found[0].0.as_str(), found[0].1), ("type-mismatch", Level::Error));
    }

    #[test]
    fn the_older_side_is_the_one_to_upgrade() {
        let asks = consumer(&[("^2.0.0", "2.0.0", POINT)]);
        let found = said(&[("p", &provider("1.2.0", POINT)), ("c", &asks)]);
        assert_eq!((found[0].0.as_str(), found[0].1), ("type-not-provided", Level::Error));
        assert_eq!(found[0].2, "upgrade `p` to a release that provides a.P ^2.0.0");
        let found = said(&[("p", &provider("3.0.0", POINT)), ("c", &asks)]);
        assert_eq!(found[0].2, "upgrade or rebuild `c` for a.P 3.0.0");
        let found = said(&[("c", &asks)]);
        assert_eq!((found[0].0.as_str(), found[0].1), ("type-not-provided", Level::Warning));
    }

    #[test]
    fn a_consumer_of_two_majors_takes_either() {
        let asks = consumer(&[("^1.0.0", "1.0.0", OTHER), ("^2.0.0", "2.0.0", POINT)]);
        assert_eq!(said(&[("p", &provider("1.3.0", OTHER)), ("c", &asks)]), []);
        assert_eq!(said(&[("p", &provider("2.1.0", POINT)), ("c", &asks)]), []);
        assert_eq!(said(&[("p", &provider("2.1.0", OTHER)), ("c", &asks)])[0].0, "type-mismatch");
    }

    #[test]
    fn a_module_without_an_implementation_needs_the_wheel() {
        let bare = OurNote {
            name: Some("c".to_owned()),
            runtime: Some("wheel".to_owned()),
            interbind: Some("0.1.0".to_owned()),
            ..OurNote::default()
        };
        let found = said(&[("c", &bare)]);
        assert_eq!(
            (found[0].0.as_str(), found[0].2.as_str()),
            ("runtime-missing", "python -m pip install 'interbind>=0.1.0'")
        );
        let runtime = OurNote { name: Some(RUNTIME.to_owned()), ..OurNote::default() };
        assert_eq!(said(&[("c", &bare), ("_runtime", &runtime)]), []);
    }

    #[test]
    fn a_note_of_another_name_is_told() {
        let note = OurNote { name: Some("frame._old".to_owned()), ..OurNote::default() };
        let finding = misnamed("frame._native", "/x/frame/_native.abi3.so", &note).expect("they differ");
        assert!(finding.fix.expect("it has one").contains("frame._native"));
        assert!(misnamed("_old", "/x/_old.so", &note).is_none());
        // A file of two modules is one of them; cargo and debug builds add to the name.
        let two =
            OurNote { module: vec!["name=frame._old".to_owned(), "name=_second".to_owned()], ..note.clone() };
        assert!(misnamed("_second", "/x/_second.so", &two).is_none());
        assert!(misnamed("_third", "/x/_third.so", &two).is_some());
        assert!(misnamed("lib_old", "/x/target/debug/lib_old.so", &note).is_none());
        assert!(misnamed("_old_d", "/x/_old_d.pyd", &note).is_none());
        let cxx = OurNote { compiler: Some("gcc 12".to_owned()), ..note.clone() };
        assert!(
            misnamed("a", "/x/a.so", &cxx)
                .expect("they differ")
                .fix
                .expect("it has one")
                .contains("INTERBIND_NOTE")
        );
        // A package inside of another one has the same module, another package hasn't.
        assert!(misnamed("frame._old", "/x/frame/_old.so", &note).is_none());
        assert!(misnamed("vendor.frame._old", "/x/vendor/frame/_old.so", &note).is_none());
        let finding = misnamed("shape._old", "/x/shape/_old.so", &note).expect("they differ");
        assert!(finding.fix.expect("it has one").contains("`name = \"shape._old\"`"));
    }
}
