//! What modules ask of each other in C and don't get: functions by name and signature, classes by the size of their objects.

use std::collections::BTreeMap;

use super::member::Member;
use crate::capi::misfits;
use crate::facts::Module;
use crate::finding::{Finding, Level, few};

/// Misfits of one package's modules with another's.
#[derive(Default)]
struct Pair {
    files: Vec<String>,
    labels: Vec<String>,
    lines: Vec<String>,
    /// Whether some import fails.
    refused: bool,
}

/// One finding for each two packages that don't fit.
pub(super) fn findings(modules: &[Module], members: &[Member]) -> Vec<Finding> {
    let loads = |at: &usize| members[*at].obstacle.is_none() && modules[*at].extension;
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut by_class: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in (0..modules.len()).filter(loads) {
        if let Some(name) = modules[at].name.as_deref().filter(|_| !modules[at].capi.gives.is_empty()) {
            by_name.entry(name).or_default().push(at);
        }
        for class in &modules[at].capi.classes {
            by_class.entry(&class.name).or_default().push(at);
        }
    }
    let mut pairs: BTreeMap<(&str, &str), Pair> = BTreeMap::new();
    for at in (0..modules.len()).filter(loads) {
        let consumer = &modules[at];
        let takes = consumer.capi.takes.iter().filter_map(|taken| by_name.get(taken.module.as_str()));
        let names =
            consumer.capi.expects.iter().map(|expected| format!("{}.{}", expected.module, expected.class));
        let classes: Vec<&Vec<usize>> = names.filter_map(|name| by_class.get(name.as_str())).collect();
        // Two files that could be the one: which is loaded isn't known.
        let alone = takes.chain(classes).filter_map(|all| match all[..] {
            [only] => Some(only),
            _ => None,
        });
        let mut providers: Vec<usize> = alone.filter(|other| *other != at).collect();
        providers.sort_unstable();
        providers.dedup();
        for other in providers {
            // Files of one release were built together.
            let own = members[at].owner.is_some() && members[at].owner == members[other].owner;
            if own {
                continue;
            }
            let fit = misfits(consumer, &modules[other]);
            if fit.misfits.is_empty() {
                continue;
            }
            let key = (members[at].owner_or_label(), members[other].owner_or_label());
            let pair = pairs.entry(key).or_default();
            pair.files.extend([members[at].path.clone(), members[other].path.clone()]);
            pair.labels.push(members[at].label.clone());
            pair.refused |= fit.misfits.iter().any(|misfit| misfit.is_refused());
            pair.lines.extend(fit.misfits.iter().map(ToString::to_string));
        }
    }
    pairs.into_iter().map(|((asks, asked), pair)| finding(asks, asked, pair)).collect()
}

fn finding(asks: &str, asked: &str, mut pair: Pair) -> Finding {
    for list in [&mut pair.files, &mut pair.lines, &mut pair.labels] {
        list.sort();
        list.dedup();
    }
    let count = pair.lines.len();
    let mut details = vec![few(pair.labels.iter().map(String::as_str))];
    details.extend(pair.lines.into_iter().take(8));
    let what = if count == 1 { "a C function or class" } else { "C functions or classes" };
    let message = if pair.refused {
        format!(
            "`{asks}` asks `{asked}` for {what} that it hasn't as they were compiled for: it can't be imported"
        )
    } else {
        format!("`{asks}` is compiled for smaller objects than `{asked}` makes: it may warn on import")
    };
    Finding {
        rule: "c-api-differs".to_owned(),
        level: if pair.refused { Level::Error } else { Level::Note },
        message,
        files: pair.files,
        details,
        fix: Some(format!("install a release of `{asks}` that was built for the `{asked}` that is here")),
    }
}
