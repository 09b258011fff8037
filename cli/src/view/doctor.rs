//! `interbind doctor`: the Python, the groups that share, where sharing ends, and the findings.

use std::collections::BTreeMap;

use interbind_doctor::environment::{Apart, Environment, Group};
use interbind_doctor::facts::{Confidence, FrameworkKind};
use interbind_doctor::finding::Level;

use super::findings;
use super::line::{Line, Role};
use super::page::Page;
use super::words;

/// Where the second column begins.
const COLUMN: usize = 15;

/// Writes what was found in an environment.
pub fn view(page: &mut Page, environment: &Environment, verbose: bool) {
    head(page, environment);
    if !environment.groups.is_empty() {
        page.gap();
        sharing(page, environment, verbose);
    }
    if !environment.no_registry.is_empty() {
        page.gap();
        let each = environment.no_registry.iter().map(|none| {
            let text = Line::plain(format!("{} ", none.framework.name()));
            text.with(Role::Dim, none.modules.len().to_string()).together()
        });
        page.row(0, "no registry", COLUMN, &Line::join(each, " · "));
        page.prose(
            COLUMN,
            0,
            &Line::of(Role::Dim, "these share no types by themselves, whatever they are built with"),
        );
    }
    findings::view(page, &environment.findings, verbose);
    page.gap();
    let hidden = environment.findings.iter().filter(|finding| finding.level == Level::Note).count();
    if hidden > 0 && !verbose {
        page.prose(
            0,
            2,
            &Line::of(Role::Dim, format!("{}; --verbose shows them", words::count(hidden, "note"))),
        );
    }
}

fn head(page: &mut Page, environment: &Environment) {
    page.prose(0, 2, &findings::verdict(&environment.findings));
    page.gap();
    let python = environment.python.as_ref();
    let name = python.map_or_else(|| "no Python".to_owned(), |python| python.describe());
    page.prose(0, 2, &Line::of(Role::Strong, name));
    if let Some(executable) = python.and_then(|python| python.executable.as_ref()) {
        page.prose(0, 2, &Line::of(Role::Dim, executable));
    }
    for place in &environment.places {
        page.prose(0, 2, &Line::of(Role::Dim, place));
    }
    let extensions = environment.modules.iter().filter(|module| module.extension).count();
    let mut owners: Vec<_> = environment.modules.iter().filter_map(|module| module.owner.as_ref()).collect();
    owners.sort();
    owners.dedup();
    let text = Line::join(
        [
            Line::plain(words::count(environment.distributions.len(), "package")),
            Line::plain(words::count(extensions, "extension module")),
            Line::plain(format!("{} with some", words::count(owners.len(), "package"))),
        ]
        .map(Line::together),
        " · ",
    );
    page.prose(0, 2, &text);
}

/// The groups, framework by framework.
fn sharing(page: &mut Page, environment: &Environment, verbose: bool) {
    let mut last = None;
    for (at, group) in environment.groups.iter().enumerate() {
        let first = last != Some(group.framework);
        last = Some(group.framework);
        let label = if first { group.framework.name() } else { "" };
        let number = words::count(group.modules.len(), "module");
        let mut text = if group.modules.len() > 1 {
            Line::of(if group.confidence == Confidence::Certain { Role::Good } else { Role::Warn }, number)
        } else {
            Line::of(Role::Plain, number)
        };
        text.push(Role::Plain, " of ");
        text = text.and(owners(environment, group, verbose));
        page.row(0, label, COLUMN, &text);
        if let Some(key) = key(group) {
            page.prose(COLUMN, 2, &Line::of(Role::Dim, key));
        }
        if let Some(why) = &group.why {
            page.prose(COLUMN, 2, &Line::of(Role::Warn, why));
        }
        for apart in environment.apart.iter().filter(|apart| apart.b == at) {
            page.prose(COLUMN, 2, &apart_from(environment, apart));
        }
        if environment.groups.get(at + 1).is_none_or(|next| next.framework != group.framework) {
            bridges(page, environment, group.framework);
        }
    }
}

/// What joins groups of one framework, below the last of them.
fn bridges(page: &mut Page, environment: &Environment, framework: FrameworkKind) {
    for bridge in &environment.bridges {
        let groups: Vec<_> = bridge.groups.iter().filter_map(|at| environment.groups.get(*at)).collect();
        if groups.first().is_none_or(|group| group.framework != framework) {
            continue;
        }
        let modules: usize = groups.iter().map(|group| group.conduit.len()).sum();
        let text = Line::of(Role::Good, "conduit").with(
            Role::Plain,
            format!(
                " between {}, for {} of {}",
                words::count(groups.len(), "group"),
                words::count(modules, "module"),
                bridge.platform
            ),
        );
        page.prose(COLUMN, 2, &text);
    }
}

/// A group's key, short: what every key of the framework starts with is left out.
/// Nothing where it isn't known; the group says why.
fn key(group: &Group) -> Option<String> {
    let parts: Vec<_> = group
        .parts
        .iter()
        .filter(|part| !part.value.is_empty())
        .map(|part| format!("{} {}", part.name, part.value))
        .collect();
    let key = if parts.is_empty() { group.key.clone() } else { parts.join(" · ") };
    Some(key).filter(|key| !key.is_empty())
}

fn apart_from(environment: &Environment, apart: &Apart) -> Line {
    let other =
        environment.groups.get(apart.a).map_or_else(Line::new, |group| owners(environment, group, false));
    let certain = apart.confidence == Confidence::Certain;
    let mut text = Line::of(Role::Bad, if certain { "apart" } else { "maybe apart" });
    text.push(Role::Plain, " from ");
    text = text.and(other);
    for (i, part) in apart.parts.iter().enumerate() {
        text.push(Role::Plain, if i == 0 { ": " } else { ", " });
        let value = |text: &str| if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") };
        text.push(Role::Plain, format!("{} ", part.name));
        text.push(Role::Differs, value(&part.b));
        text.push(Role::Plain, " against ");
        text.push(Role::Differs, value(&part.a));
    }
    text
}

/// The packages of a group, each once, with how many modules it has where it isn't one.
fn owners(environment: &Environment, group: &Group, verbose: bool) -> Line {
    const SHOWN: usize = 5;
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for module in group.modules.iter().filter_map(|at| environment.modules.get(*at)) {
        *owners.entry(module.owner_or_label()).or_default() += 1;
    }
    let total = owners.len();
    let mut owners: Vec<_> = owners.into_iter().collect();
    owners.sort_by_key(|(name, number)| (std::cmp::Reverse(*number), *name));
    let most = if verbose { total } else { SHOWN };
    let each = owners.into_iter().take(most).map(|(name, _)| Line::of(Role::Strong, name).together());
    let mut line = Line::join(each, ", ");
    if total > most {
        line.push(Role::Dim, format!(" and {} more", total - most));
    }
    line
}
