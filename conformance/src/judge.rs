//! Events and wait status → outcome; outcome × expectation × prediction → verdict. Pure: no file, no clock.
//! A refusal is believed only if it came before foreign memory was read, carries a known reason, and says
//! what that reason's message owes.

use crate::case::Case;
use crate::events::{Event, Log};
use crate::expect::Expected;
use crate::launch::{Ended, Observation};
use crate::outcome::{Outcome, Verdict};
use crate::reason::{self, Owes};

/// What a cell came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The outcome.
    pub outcome: Outcome,
    /// What else was seen that nobody declared; any makes the cell red.
    pub findings: Vec<String>,
    /// What happened, for people.
    pub detail: String,
}

/// Says what happened in a cell. `may_abort` = a side is built with panic=abort.
pub fn observe(seen: &Observation, case: &Case, may_abort: bool) -> Judged {
    let log = &seen.log;
    let step = log.step().unwrap_or("the start");
    let outcome = |outcome: Outcome, detail: String| Judged { outcome, findings: Vec::new(), detail };
    let lived = matches!(seen.ended, Ended::Code(0));

    if !log.torn.is_empty() && (lived || !log.torn_at_the_end_only) {
        let line = log.torn.first().map(String::as_str).unwrap_or_default();
        return outcome(
            Outcome::Harness("event-log".to_owned()),
            format!("a line of the event log is no event: {line}"),
        );
    }
    match &seen.ended {
        Ended::Clock => {
            return outcome(Outcome::Hang, format!("still running after `{step}`\n{}", seen.stderr));
        }
        Ended::Flood(file) => {
            return outcome(
                Outcome::Exit("too-much-output".to_owned()),
                format!("ended after `{step}`: what it wrote into `{file}` had no end"),
            );
        }
        Ended::Signal(name) if name == "SIGABRT" && may_abort && log.panics() => {
            return outcome(Outcome::Exit("abort".to_owned()), format!("aborted in `{step}` after a panic"));
        }
        Ended::Signal(name) => {
            return outcome(Outcome::Crash(name.clone()), format!("died in `{step}`\n{}", seen.stderr));
        }
        Ended::Code(_) if seen.left_behind => {
            return outcome(
                Outcome::Hang,
                "processes of the cell were still running after its end".to_owned(),
            );
        }
        Ended::Code(_) if log.writers.len() > 1 => {
            return outcome(
                Outcome::Corrupt,
                format!("{} processes answered for one cell", log.writers.len()),
            );
        }
        Ended::Code(code) if log.events.is_empty() => {
            return outcome(
                Outcome::Harness("no-start".to_owned()),
                format!("the child ended with {code} before its first event\n{}", seen.stderr),
            );
        }
        Ended::Code(code) if *code != 0 || !log.is_done() => {
            return outcome(
                Outcome::Exit(code.to_string()),
                format!("ended after `{step}`\n{}", seen.stderr),
            );
        }
        Ended::Code(_) => {}
    }
    let mut judged = read_story(log);
    if judged.outcome == Outcome::Interop || matches!(judged.outcome, Outcome::Detected(_)) {
        if let Some(difference) = leak(log) {
            judged.outcome = Outcome::Leak;
            judged.detail = difference;
        }
    }
    judged.findings.extend(noise("stdout", &seen.stdout, &[]));
    judged.findings.extend(noise("stderr", &seen.stderr, &case.stderr));
    judged
}

/// Holds an outcome against what is expected and what was predicted.
pub fn settle(
    judged: &Judged,
    expected: Option<&Expected>,
    predicted: Option<&Outcome>,
    interbind_pair: bool,
) -> Verdict {
    let outcome = &judged.outcome;
    let is_expected = expected.is_some_and(|expected| expected.outcome == *outcome);
    let is_today = expected.is_some_and(|expected| expected.today.as_ref() == Some(outcome));
    match outcome {
        Outcome::Absent(_) | Outcome::Unsupported(_) => return Verdict::NotRun,
        // A build that fails is a finding, unless a rule says that nobody can build it.
        Outcome::Unforgeable(_) if is_expected || is_today => return Verdict::NotRun,
        Outcome::Unforgeable(_) | Outcome::Harness(_) => return Verdict::Wrong,
        // The hard rule: no file can make these right; only `silent` can be a gap that is tracked.
        _ if interbind_pair && outcome.is_forbidden_between_interbind_builds() => {
            return if is_today && !outcome.is_unsafe() { Verdict::Gap } else { Verdict::Wrong };
        }
        _ => {}
    }
    if !judged.findings.is_empty() {
        return Verdict::Wrong;
    }
    let Some(expected) = expected else { return Verdict::Wrong };
    match (&expected.today, is_today, is_expected) {
        (Some(_), true, _) => Verdict::Gap,
        (Some(_), false, true) => Verdict::Fixed,
        (None, _, true) if predicted.is_some_and(|predicted| predicted != outcome) => Verdict::Disagree,
        (None, _, true) => Verdict::Ok,
        _ => Verdict::Wrong,
    }
}

/// Reads the log of a child that came to its end: what happened while loading, then a section per type.
fn read_story(log: &Log) -> Judged {
    let mut sections: Vec<(String, Vec<&Event>)> = vec![("load".to_owned(), Vec::new())];
    for event in &log.events {
        match event {
            Event::Type { r#type } => {
                sections.push((r#type.clone().unwrap_or_else(|| "case".to_owned()), Vec::new()));
            }
            other => {
                if let Some((_, events)) = sections.last_mut() {
                    events.push(other);
                }
            }
        }
    }
    let mut stories: Vec<(String, Judged)> =
        sections.into_iter().map(|(name, events)| (name, read_section(&events))).collect();
    let load = stories.remove(0).1;
    if load.outcome != Outcome::Interop || stories.is_empty() {
        return load;
    }
    let worst =
        stories.iter().max_by_key(|(_, judged)| badness(&judged.outcome)).map(|(_, judged)| judged.clone());
    let Some(mut worst) = worst else { return load };
    if stories.iter().any(|(_, judged)| judged.outcome != worst.outcome) {
        let all: Vec<String> =
            stories.iter().map(|(name, judged)| format!("{name} {}", judged.outcome)).collect();
        worst.findings.push(format!("types came out differently: {}", all.join(", ")));
    }
    worst
}

fn read_section(events: &[&Event]) -> Judged {
    let mut judged = Judged { outcome: Outcome::Interop, findings: Vec::new(), detail: String::new() };
    let mut accepted = false;
    for event in events {
        let (outcome, detail) = match event {
            Event::Bug { kind, trace, .. } => (Outcome::Harness(kind.clone()), trace.clone()),
            Event::Check { ok: false, what, got, want, fields } => {
                (Outcome::Corrupt, format!("{what}: got {got}, want {want}\n{}", fields.join("\n")))
            }
            Event::Unsupported { what } => (Outcome::Unsupported(what.clone()), String::new()),
            Event::Raised { kind, message, .. } => (Outcome::Silent, format!("{kind}: {message}")),
            Event::Refused { reason, kind, message, touched } => believe(reason, kind, message, *touched),
            Event::NotRefused {} => {
                accepted = true;
                judged.detail.push_str("what had to be refused was accepted\n");
                continue;
            }
            _ => continue,
        };
        if matches!((&judged.outcome, &outcome), (Outcome::Detected(a), Outcome::Detected(b)) if a != b) {
            judged.findings.push(format!("refused for two reasons: {} and {outcome}", judged.outcome));
        }
        if badness(&outcome) > badness(&judged.outcome) {
            judged.outcome = outcome;
            judged.detail = detail;
        }
    }
    if accepted && matches!(judged.outcome, Outcome::Detected(_)) {
        judged.outcome = Outcome::Interop;
    }
    judged
}

/// Whether a refusal is a detection; if not it is as good as none.
fn believe(reason: &str, kind: &str, message: &str, touched: bool) -> (Outcome, String) {
    let said = format!("{kind}: {message}");
    let doubt = |why: String| (Outcome::Silent, format!("{why}\n{said}"));
    if touched {
        return doubt("refused after foreign memory had been read".to_owned());
    }
    let Some(owes) = reason::owes(reason) else { return doubt(format!("`{reason}` is no reason")) };
    if message.trim().is_empty() {
        return doubt("refused without a word".to_owned());
    }
    if owes == Owes::BothSidesAndAFix && !kind.eq("ImportError") {
        let missing: Vec<&str> = ["provider:", "consumer:", "fix:"]
            .into_iter()
            .filter(|label| !message.lines().any(|line| line.trim_start().starts_with(label)))
            .collect();
        if !missing.is_empty() {
            return doubt(format!("the message has no line {}", missing.join(", no line ")));
        }
    }
    (Outcome::Detected(reason.to_owned()), said)
}

/// Which of two outcomes within a cell counts.
fn badness(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Interop => 0,
        Outcome::Detected(_) => 1,
        Outcome::Unsupported(_) | Outcome::Absent(_) | Outcome::Unforgeable(_) => 2,
        Outcome::Leak => 3,
        Outcome::Silent => 4,
        Outcome::Exit(_) => 5,
        Outcome::Corrupt => 6,
        Outcome::Hang | Outcome::Crash(_) => 7,
        Outcome::Harness(_) => 8,
    }
}

/// The live counts that did not return.
fn leak(log: &Log) -> Option<String> {
    let mut start = None;
    let mut differences = Vec::new();
    for event in &log.events {
        let Event::Live { when, counts } = event else { continue };
        if when == "start" {
            start = Some(counts);
            continue;
        }
        for (side, counts) in counts {
            for (name, &end) in counts {
                let before = start.and_then(|start| start.get(side)?.get(name)).copied().unwrap_or(0);
                if end != before {
                    differences.push(format!("{side} {name}: {before} before, {end} after"));
                }
            }
        }
    }
    (!differences.is_empty()).then(|| differences.join("\n"))
}

/// Lines that nobody declared.
fn noise(stream: &str, text: &str, declared: &[String]) -> Option<String> {
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty() && !declared.iter().any(|piece| line.contains(piece)))?;
    Some(format!("unexpected on {stream}: {line}"))
}
