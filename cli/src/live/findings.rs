//! What is wrong with a run: errors it raised, classes that are there twice, the GIL, and where a file's prediction failed.

use std::collections::BTreeSet;

use interbind_doctor::explain::Meaning;
use interbind_doctor::finding::{Finding, Level};

use super::report::{Live, Raised, Twin};

/// Finds what is wrong.
pub(super) fn of(live: &Live) -> Vec<Finding> {
    let mut findings = Vec::new();
    for raised in &live.raised {
        findings.extend(
            raised.meanings.iter().map(|meaning| explained(meaning, level(raised), raised.file.as_ref())),
        );
    }
    findings.extend(live.printed.iter().map(|meaning| explained(meaning, Level::Note, None)));
    findings.extend(live.twins.iter().map(twin));
    if let (Some(true), Some(true)) = (live.gil, live.python.as_ref().map(|python| python.free_threaded)) {
        findings.push(gil(live));
    }
    for compared in live.compared.iter().filter(|compared| compared.found == Some(false)) {
        findings.push(Finding {
            rule: "key-not-as-predicted".to_owned(),
            level: Level::Note,
            message: format!(
                "`{}` was expected to use {}'s registry `{}`, which isn't there",
                compared.module,
                compared.framework,
                compared.predicted.as_deref().unwrap_or_default()
            ),
            files: vec![compared.file.clone()],
            details: live.keys.iter().map(|key| format!("there is: {}", key.key)).collect(),
            fix: None,
        });
    }
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert((finding.rule.clone(), finding.message.clone())));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}

fn level(raised: &Raised) -> Level {
    match raised.place.as_str() {
        "uncaught" => Level::Error,
        _ => Level::Warning,
    }
}

fn explained(meaning: &Meaning, level: Level, file: Option<&String>) -> Finding {
    let command = |step: &interbind_doctor::explain::Step| match &step.command {
        Some(command) => format!("{}: `{command}`", step.say),
        None => step.say.clone(),
    };
    Finding {
        rule: meaning.rule.clone(),
        level,
        message: meaning.title.clone(),
        files: file.cloned().into_iter().collect(),
        details: [&meaning.means].into_iter().chain(&meaning.seen).cloned().collect(),
        fix: meaning.next.first().map(command),
    }
}

fn twin(twin: &Twin) -> Finding {
    let files: BTreeSet<_> = twin.classes.iter().filter_map(|class| class.file.clone()).collect();
    let each = twin.classes.iter().map(|class| {
        let file = class.file.as_deref().unwrap_or("a file that can't be told");
        let registry = class.registry.map_or_else(String::new, |number| format!(", registry {number}"));
        format!("`{}.{}`{registry}: {file}", class.module, class.name)
    });
    Finding {
        rule: "registered-twice".to_owned(),
        level: Level::Warning,
        message: format!("there are {} classes `{}`, and none is the other", twin.classes.len(), twin.name),
        files: files.into_iter().collect(),
        details: each.collect(),
        fix: Some(
            "pass objects of one of them only, or let the modules share a registry: `interbind check A B`"
                .to_owned(),
        ),
    }
}

fn gil(live: &Live) -> Finding {
    let who = &live.gil_turned_on_by;
    let message = match &who[..] {
        [] => {
            "the GIL is on in this free-threaded Python, from the start: `PYTHON_GIL` or `-X gil`".to_owned()
        }
        [one] => format!("importing `{one}` turned the GIL on in this free-threaded Python"),
        [one, ..] => format!("importing `{one}` and others turned the GIL on in this free-threaded Python"),
    };
    let file = |name: &String| {
        live.modules.iter().find(|module| &module.name == name).map(|module| module.file.clone())
    };
    Finding {
        rule: "gil-enabled".to_owned(),
        level: Level::Warning,
        message,
        files: who.iter().filter_map(file).collect(),
        details: Vec::new(),
        fix: Some("upgrade the package to a release with a free-threaded build, or run with `PYTHON_GIL=0` at your own risk".to_owned()),
    }
}
