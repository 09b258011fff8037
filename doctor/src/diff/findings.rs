//! What of a difference is wrong, and how badly.

use super::change::{Change, Diff, Effect, ModuleDiff, Named};
use crate::finding::{Finding, Level};

impl Diff {
    /// What is wrong: sharing that breaks, loading that narrows, modules that are gone. What is merely new is none.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<_> = self.modules.iter().flat_map(of).collect();
        findings.extend(self.removed.iter().map(gone));
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        findings
    }
}

fn of(module: &ModuleDiff) -> Vec<Finding> {
    let kinds = [
        (
            Effect::BreaksSharing,
            "sharing-broken",
            Level::Error,
            "doesn't share with what the last one shared with",
        ),
        (
            Effect::NarrowsLoading,
            "loading-narrowed",
            Level::Warning,
            "can't be loaded everywhere the last one could",
        ),
        (Effect::Unknown, "sharing-unknown", Level::Note, "can't be compared in all"),
    ];
    let finding = |(effect, rule, level, words): (Effect, &str, Level, &str)| {
        let changes: Vec<&Change> = module.changes.iter().filter(|change| change.effect == effect).collect();
        let fix = (effect == Effect::BreaksSharing).then(|| {
            "release it as a breaking change, and rebuild what shares with it; or build with the last release's settings".to_owned()
        });
        (!changes.is_empty()).then(|| Finding {
            rule: rule.to_owned(),
            level,
            message: format!("`{}` {words}: {}", module.name, changes[0].why),
            files: vec![module.after.clone(), module.before.clone()],
            details: changes.iter().map(|change| line(change)).collect(),
            fix,
        })
    };
    kinds.into_iter().filter_map(finding).collect()
}

fn line(change: &Change) -> String {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    format!("{}: {} → {}", change.what, known(&change.before), known(&change.after))
}

fn gone(module: &Named) -> Finding {
    Finding {
        rule: "module-removed".to_owned(),
        level: Level::Warning,
        message: format!("`{}` for {} is gone", module.name, module.target),
        files: vec![module.file.clone()],
        details: Vec::new(),
        fix: None,
    }
}
