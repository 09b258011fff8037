//! This project's own layer, by the build notes: what one provides and the other consumes, judged as the layer itself judges
//! it when they meet: platform, version, then layout or slots.

use interbind_abi::diff;
use interbind_abi::platform;
use interbind_abi::version::{Requirement, Version};

use crate::compare::Verdict;
use crate::facts::{DeclaredType, OurNote};

/// What the notes promise in one direction.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    pub verdict: Verdict,
    pub why: String,
    /// The types that fit.
    pub fits: Vec<String>,
    /// What has to change where something doesn't.
    pub fix: Option<String>,
}

/// Whether the consumer can use what the provider provides; `None` where the two have no type in common.
pub(super) fn promise(provider: (&str, &OurNote), consumer: (&str, &OurNote)) -> Option<Promise> {
    let (theirs, ours) = match (provider.1.read(), consumer.1.read()) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (Err(error), _) | (_, Err(error)) => {
            return Some(Promise {
                verdict: Verdict::Unknown,
                why: format!("a note isn't understood: {error}"),
                fits: Vec::new(),
                fix: None,
            });
        }
    };
    let (from, to) = (theirs.platform.to_string(), ours.platform.to_string());
    let (mut fits, mut fails) = (Vec::new(), Vec::new());
    for (name, requirement) in &ours.consumes {
        let mut provided = theirs.provides.iter().filter(|(provided, _)| provided == name).peekable();
        if provided.peek().is_none() {
            continue;
        }
        if let Some((reason, part, one, other)) = platform::against_peer(&from, &to) {
            fails.push(Failure {
                why: format!("{name}: {part} `{one}` differs from `{other}` ({reason})"),
                fix: Some("build both for one platform".to_owned()),
            });
            continue;
        }
        let answers: Vec<_> = provided
            .map(|(_, version)| one_type(name, (provider, *version), (consumer, *requirement)))
            .collect();
        // Of several versions that one provides, each is published, and the consumer takes the one that fits.
        if answers.iter().any(Result::is_ok) {
            fits.push(name.clone());
        } else {
            fails.extend(answers.into_iter().filter_map(Result::err));
        }
    }
    // A consumer of two majors of one type takes what either of them fits.
    fails.retain(|Failure { why, .. }| fits.iter().all(|name| !why.starts_with(&format!("{name}: "))));
    fits.dedup();
    if fits.is_empty() && fails.is_empty() {
        return None;
    }
    let verdict = if !fits.is_empty() {
        Verdict::Share
    } else if fails.iter().any(|failure| failure.fix.is_none()) {
        Verdict::Unknown
    } else {
        Verdict::Isolated
    };
    let mut why = String::new();
    if !fits.is_empty() {
        why = format!("`{}` takes {} from `{}`", consumer.0, fits.join(", "), provider.0);
    }
    for Failure { why: told, .. } in &fails {
        why += if why.is_empty() { "" } else { "; not " };
        why += told;
    }
    Some(Promise { verdict, why, fits, fix: fails.into_iter().find_map(|failure| failure.fix) })
}

/// Whether two declarations of a type fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// They do.
    Fits,
    /// They don't: what differs.
    Differs(String),
    /// One of them isn't in the file.
    Unknown(String),
}

/// Why a type doesn't cross.
struct Failure {
    why: String,
    /// What mends it; absent where nothing is known to be broken.
    fix: Option<String>,
}

/// One version of a type against one requirement: the failure, and what mends it.
fn one_type(
    name: &str,
    (provider, version): ((&str, &OurNote), Version),
    (consumer, requirement): ((&str, &OurNote), Requirement),
) -> Result<(), Failure> {
    if !requirement.accepts(version) {
        let why = format!("{name}: version {version} is outside {requirement} (version-differs)");
        let fix = mended(name, (provider.0, version), (consumer.0, requirement));
        return Err(Failure { why, fix: Some(fix) });
    }
    match layout(name, (provider.1, version), (consumer.1, requirement)) {
        Fit::Fits => Ok(()),
        Fit::Unknown(why) => Err(Failure { why: format!("{name}: {why}"), fix: None }),
        Fit::Differs(why) => {
            let fix = format!(
                "build `{}` and `{}` against one release of the crate that declares {name}, and give a declaration that changed a \
                 new major version",
                provider.0, consumer.0
            );
            Err(Failure { why: format!("{name}: {why}"), fix: Some(fix) })
        }
    }
}

/// What makes a version and a requirement meet: the older side is the one to change.
pub(crate) fn mended(
    name: &str,
    (provider, version): (&str, Version),
    (consumer, requirement): (&str, Requirement),
) -> String {
    if version < requirement.least {
        format!("upgrade `{provider}` to a release that provides {name} {requirement}")
    } else {
        format!("upgrade or rebuild `{consumer}` for {name} {version}")
    }
}

/// Compares the descriptors of a type: all of a layout, of an interface the slots that the consumer has.
pub(crate) fn layout(
    name: &str,
    (provider, version): (&OurNote, Version),
    (consumer, requirement): (&OurNote, Requirement),
) -> Fit {
    let of = |note: &'_ OurNote, takes: &dyn Fn(Version) -> bool| -> Vec<String> {
        let named = note.declared.iter().filter(|declared| declared.name == name);
        let fits = |declared: &&DeclaredType| declared.version.parse().is_ok_and(takes);
        let mut found: Vec<_> = named.filter(fits).map(|declared| declared.descriptor.clone()).collect();
        found.sort();
        found.dedup();
        found
    };
    let (theirs, ours) = (
        of(provider, &|declared| declared == version),
        of(consumer, &|declared| requirement.accepts(declared)),
    );
    let (Some(theirs), false) = (theirs.first(), ours.is_empty()) else {
        return Fit::Unknown("its declaration isn't in both notes".to_owned());
    };
    let mut first = None;
    for ours in &ours {
        match diff::differences(theirs, ours) {
            Ok(found) if found.is_empty() => return Fit::Fits,
            Ok(found) => {
                let told: Vec<_> = found
                    .iter()
                    .map(|(reason, part)| {
                        format!(
                            "{} `{}` differs from `{}` ({reason})",
                            part.part, part.provider, part.consumer
                        )
                    })
                    .collect();
                first.get_or_insert_with(|| told.join(", "));
            }
            Err(_) => {
                first.get_or_insert_with(|| {
                    "one side has a data type, the other an interface (kind-differs)".to_owned()
                });
            }
        }
    }
    Fit::Differs(first.unwrap_or_default())
}
