//! What is wrong with a run: how it ended, errors it raised or printed, classes that are there twice, the GIL, and where a
//! file's prediction failed.

use std::collections::BTreeSet;

use crate::binary::cut_text;
use crate::explain::Meaning;
use crate::finding::{Finding, Level, few};

use super::report::{Live, Raised, Twin};

/// Finds what is wrong.
pub(super) fn of(live: &Live) -> Vec<Finding> {
    let mut findings: Vec<Finding> = cut_off(live).into_iter().collect();
    for raised in &live.raised {
        findings.extend(
            raised.meanings.iter().map(|meaning| explained(meaning, level(raised), raised.file.as_ref())),
        );
        if raised.meanings.is_empty() && raised.place == "uncaught" {
            findings.push(unexplained(raised));
        }
    }
    findings.extend(live.printed.iter().map(|meaning| explained(meaning, printed(meaning, live), None)));
    findings.extend(live.twins.iter().map(twin));
    findings.extend(unpublished(live));
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

/// What was only printed: the reason of a process that ended at once, else something the program lived on with. A report at
/// the end of the process is none.
fn printed(meaning: &Meaning, live: &Live) -> Level {
    match meaning.rule.as_str() {
        "nanobind-leaks" => Level::Note,
        _ if live.ended.how == "cut-off" && live.ended.code.is_none_or(|code| code != 0) => Level::Error,
        _ => Level::Warning,
    }
}

/// The program ended without the interpreter being read: whatever else is said, it isn't all.
fn cut_off(live: &Live) -> Option<Finding> {
    if live.python.is_some() {
        return None;
    }
    let status = &live.ended.status;
    let signal = status.split_once("signal: ").and_then(|(_, rest)| rest.split([' ', ',']).next());
    // What Windows gives for an access violation, a stack overflow, a corrupted heap, an abort.
    let windows = live.ended.code.is_some_and(|code| (code as u32) & 0xf000_0000 == 0xc000_0000);
    let crash = "python -X faulthandler script.py";
    let (rule, level, message, fix) = match signal {
        Some("9") => (
            "program-killed",
            Level::Error,
            format!("the program was killed from outside ({status})"),
            "see who did it: the kernel, when memory runs out, says so in `journalctl -k -g 'Out of memory'`; a container or a \
             job queue has a limit of its own"
                .to_owned(),
        ),
        Some("1" | "2" | "3" | "13" | "14" | "15") => (
            "program-killed",
            Level::Error,
            format!("a signal ended the program ({status})"),
            "let it run to its end, and look again".to_owned(),
        ),
        Some(_) => (
            "program-crashed",
            Level::Error,
            format!("the program crashed in native code ({status})"),
            format!("see where: `{crash}`"),
        ),
        None if windows => (
            "program-crashed",
            Level::Error,
            format!("the program crashed in native code ({status})"),
            format!("see where: `{crash}`"),
        ),
        None => (
            "interpreter-not-read",
            Level::Warning,
            match live.ended.how.as_str() {
                "cut-off" => format!("the process left by `os._exit` or started another program ({status})"),
                _ => format!("the interpreter could not be read when the program had ended ({status})"),
            },
            "let the program end by itself, or call `sys.exit`, and look again".to_owned(),
        ),
    };
    Some(Finding {
        rule: rule.to_owned(),
        level,
        message,
        files: Vec::new(),
        details: live.ended.why.iter().cloned().collect(),
        fix: Some(fix),
    })
}

/// An error that ended the program and isn't known: it is one all the same.
fn unexplained(raised: &Raised) -> Finding {
    let first = raised.message.lines().next().unwrap_or_default();
    Finding {
        rule: "program-raised".to_owned(),
        level: Level::Error,
        message: format!("the program ended with `{}`: {}", raised.kind, cut_text(first)),
        files: raised.file.iter().cloned().collect(),
        details: Vec::new(),
        fix: Some("read the traceback above; nothing of it is known to come from a binding".to_owned()),
    }
}

fn explained(meaning: &Meaning, level: Level, file: Option<&String>) -> Finding {
    let command = |step: &crate::explain::Step| match &step.command {
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

/// Types that a loaded module's note promises, and that nobody has published.
fn unpublished(live: &Live) -> Vec<Finding> {
    let Some(published) = &live.published else { return Vec::new() };
    let mut found = Vec::new();
    for file in &live.inspection.modules {
        let (Some(note), Some(module)) =
            (&file.note, live.modules.iter().find(|live| live.file == file.path))
        else {
            continue;
        };
        let missing: Vec<String> = note
            .provides
            .iter()
            .filter(|promised| !published.iter().any(|there| there.name == promised.name))
            .map(|promised| format!("{} {}", promised.name, promised.version))
            .collect();
        if missing.is_empty() {
            continue;
        }
        found.push(Finding {
            rule: "type-not-published".to_owned(),
            level: Level::Warning,
            message: format!(
                "`{}` says that it provides {}, and nothing has published {}",
                module.name,
                few(missing.iter().map(String::as_str)),
                if missing.len() == 1 { "it" } else { "them" }
            ),
            files: vec![module.file.clone()],
            details: published
                .iter()
                .map(|there| format!("published: {} {} by `{}`", there.name, there.version, there.owner))
                .collect(),
            fix: Some(format!(
                "as its author: call `publish` for each of them when the module is imported, or take them out of `provides`; as a user: \
                 call what makes `{}` publish them",
                module.name
            )),
        });
    }
    found
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
