//! This project's own layer, by the build notes: what one provides and the other consumes, judged as the layer itself judges
//! it when they meet: platform, version, then layout or slots.

use interbind_abi::diff;
use interbind_abi::note::ModuleNote;
use interbind_abi::platform;

use crate::facts::OurNote;

use super::verdict::Verdict;

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
    let parsed = |note: &OurNote| note.module.join("\n").parse::<ModuleNote>();
    let (theirs, ours) = match (parsed(provider.1), parsed(consumer.1)) {
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
        let Some((_, version)) = theirs.provides.iter().find(|(provided, _)| provided == name) else {
            continue;
        };
        if let Some((reason, part, one, other)) = platform::against_peer(&from, &to) {
            fails.push((
                format!("{name}: {part} `{one}` differs from `{other}` ({reason})"),
                "build both for one platform".to_owned(),
            ));
        } else if !requirement.accepts(*version) {
            let fix = format!(
                "upgrade `{}` or `{}`, so that {requirement} takes {name} {version}",
                consumer.0, provider.0
            );
            fails
                .push((format!("{name}: version {version} is outside {requirement} (version-differs)"), fix));
        } else {
            match layout(name, provider.1, consumer.1) {
                Ok(()) => fits.push(name.clone()),
                Err(why) => fails.push((
                    format!("{name}: {why}"),
                    format!(
                        "build `{}` and `{}` against one release of the crate that declares {name}",
                        provider.0, consumer.0
                    ),
                )),
            }
        }
    }
    if fits.is_empty() && fails.is_empty() {
        return None;
    }
    let verdict = if fails.is_empty() {
        Verdict::Share
    } else if fits.is_empty() {
        Verdict::Isolated
    } else {
        Verdict::Share
    };
    let mut why = String::new();
    if !fits.is_empty() {
        why = format!("`{}` takes {} from `{}`", consumer.0, fits.join(", "), provider.0);
    }
    for (told, _) in &fails {
        why += if why.is_empty() { "" } else { "; not " };
        why += told;
    }
    Some(Promise { verdict, why, fits, fix: fails.into_iter().next().map(|(_, fix)| fix) })
}

/// Compares the descriptors of a type: all of a layout, of an interface the slots that the consumer has.
fn layout(name: &str, provider: &OurNote, consumer: &OurNote) -> Result<(), String> {
    let of = |note: &'_ OurNote| -> Vec<String> {
        let named = |text: &&String| text.split(' ').nth(1) == Some(name);
        let mut found: Vec<_> = note.types.iter().filter(named).cloned().collect();
        found.sort();
        found.dedup();
        found
    };
    let (theirs, ours) = (of(provider), of(consumer));
    let ([theirs], [ours]) = (&theirs[..], &ours[..]) else {
        return Err("its descriptor isn't in both notes exactly once".to_owned());
    };
    match diff::differences(theirs, ours) {
        Ok(found) if found.is_empty() => Ok(()),
        Ok(found) => {
            let told: Vec<_> = found
                .iter()
                .map(|(reason, part)| {
                    format!("{} `{}` differs from `{}` ({reason})", part.part, part.provider, part.consumer)
                })
                .collect();
            Err(told.join(", "))
        }
        Err(_) => Err("one side has a data type, the other an interface (kind-differs)".to_owned()),
    }
}
