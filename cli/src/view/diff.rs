//! `interbind diff`: what changed, the worst first, module by module.

use interbind_doctor::diff::{Change, Diff, Effect, ModuleDiff, Named};

use super::line::{Line, Role};
use super::page::Page;
use super::words;

/// Writes what changed.
pub fn view(page: &mut Page, diff: &Diff, verbose: bool) {
    let head = match (diff.breaking, diff.modules.iter().any(|module| !module.changes.is_empty())) {
        (true, _) => Line::of(Role::Bad, "breaks sharing")
            .with(Role::Strong, ": what shared with the first doesn't share with the second"),
        (false, true) => Line::of(Role::Good, "keeps sharing")
            .with(Role::Strong, ": what shared with the first shares with the second"),
        (false, false) if diff.added.is_empty() && diff.removed.is_empty() => {
            Line::of(Role::Good, "nothing changed")
        }
        (false, false) => Line::of(Role::Good, "the modules in both are the same"),
    };
    page.prose(0, 2, &head);
    let changed = diff.modules.iter().filter(|module| !module.changes.is_empty());
    for module in changed {
        page.gap();
        show_module(page, module, verbose);
    }
    named(page, "only in the first", Role::Bad, &diff.removed);
    named(page, "only in the second", Role::Good, &diff.added);
    let same = diff.modules.iter().filter(|module| module.changes.is_empty()).count();
    if same > 0 && diff.modules.len() > same {
        page.gap();
        page.prose(0, 2, &Line::of(Role::Dim, format!("{} unchanged", words::count(same, "module"))));
    }
}

fn show_module(page: &mut Page, module: &ModuleDiff, verbose: bool) {
    let target = if module.target.is_empty() { String::new() } else { format!(" · {}", module.target) };
    page.prose(0, 2, &Line::of(Role::Strong, &module.name).with(Role::Dim, target));
    if verbose {
        page.prose(
            2,
            4,
            &Line::of(Role::Dim, &module.before).with(Role::Dim, " → ").with(Role::Dim, &module.after),
        );
    }
    for change in &module.changes {
        show_change(page, change, verbose);
    }
}

fn show_change(page: &mut Page, change: &Change, verbose: bool) {
    let role = role(change.effect);
    let whose = change.framework.map(|kind| format!("{} ", kind.name())).unwrap_or_default();
    page.prose(
        2,
        4,
        &Line::of(role, format!("{whose}{}", change.what.replace('-', " ")))
            .with(Role::Plain, format!(": {}", change.why)),
    );
    if let (Some(before), Some(after)) = (&change.before, &change.after) {
        page.prose(4, 2, &Line::of(Role::Dim, "− ").with(Role::Code, before));
        page.prose(4, 2, &Line::of(Role::Dim, "+ ").with(Role::Code, after));
    }
    for part in change.parts.iter().filter(|part| verbose || !part.same) {
        let value = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
        let role = if part.same { Role::Dim } else { Role::Differs };
        let text = Line::of(Role::Dim, format!("{}: ", part.name))
            .with(role, value(&part.before))
            .with(Role::Dim, " → ")
            .with(role, value(&part.after));
        page.prose(6, 2, &text);
    }
}

fn named(page: &mut Page, heading: &str, role: Role, modules: &[Named]) {
    if modules.is_empty() {
        return;
    }
    page.gap();
    page.prose(0, 2, &Line::of(role, heading));
    for module in modules {
        page.prose(2, 4, &Line::plain(&module.name).with(Role::Dim, format!(" · {}", module.target)));
    }
}

fn role(effect: Effect) -> Role {
    match effect {
        Effect::BreaksSharing => Role::Bad,
        Effect::NarrowsLoading | Effect::Unknown => Role::Warn,
        Effect::Noted => Role::Dim,
        Effect::Widens => Role::Good,
    }
}
