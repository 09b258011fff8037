//! The report for people: hosts, a grid (providers down, consumers across, one sign a pair: as expected or not), then
//! whatever is red with the line to run it again and the rule that would make it green, then counts. What a side can't do
//! at all is listed on request. Readable without colour: every colour repeats what a word says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{CellReport, Report};
use crate::outcome::{Outcome, Verdict};

/// How many red cells are told in full.
const STORIES: usize = 20;
/// How many lines of a story are shown.
const LINES: usize = 12;

/// The report as text, with ANSI styles; the caller removes them where the output isn't a terminal. `all` = with what is
/// unsupported.
pub fn render(report: &Report, all: bool) -> String {
    let mut text = String::new();
    hosts(&mut text, report);
    grid(&mut text, report);
    failed_builds(&mut text, report);
    red_cells(&mut text, report);
    not_run(&mut text, report);
    if all {
        unsupported(&mut text, report);
    } else {
        count_unsupported(&mut text, report);
    }
    stages(&mut text, report);
    _ = writeln!(text, "{}", counts(report));
    text
}

/// The closing line: outcomes, then verdicts.
pub fn counts(report: &Report) -> String {
    let mut kinds: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    for cell in &report.cells {
        let entry = kinds.entry(cell.observed.kind()).or_insert((0, true));
        entry.0 += 1;
        entry.1 &= !cell.verdict.is_red();
    }
    const ORDER: [&str; 12] = [
        "interop",
        "detected",
        "silent",
        "exit",
        "leak",
        "corrupt",
        "crash",
        "hang",
        "harness",
        "unforgeable",
        "absent",
        "unsupported",
    ];
    let outcomes: Vec<String> = ORDER
        .iter()
        .filter_map(|kind| kinds.get(kind).map(|seen| (kind, seen)))
        .map(|(kind, (count, as_expected))| {
            let note = if *as_expected
                && matches!(*kind, "silent" | "exit" | "leak" | "corrupt" | "crash" | "hang")
            {
                " (expected)"
            } else {
                ""
            };
            format!("{count} {kind}{note}")
        })
        .collect();
    let verdicts: Vec<String> = Verdict::ALL
        .iter()
        .map(|&verdict| (verdict, report.count(verdict)))
        .filter(|&(verdict, count)| count != 0 || matches!(verdict, Verdict::Ok | Verdict::Wrong))
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    format!("{} cells: {}; {}", report.cells.len(), outcomes.join(", "), verdicts.join(", "))
}

fn hosts(text: &mut String, report: &Report) {
    for host in &report.hosts {
        let used = report.cells.iter().filter(|cell| cell.id.host == host.name).count();
        match &host.python {
            Some(version) => {
                let note = if host.default { ", the default" } else { "" };
                _ = writeln!(text, "{:<7} {version:<9} {used} cells{note}", host.name);
            }
            None => _ = writeln!(text, "{:<7} absent(not found)", host.name),
        }
    }
    // The shims of a version manager all say the same.
    let mut skipped: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in &report.skipped_hosts {
        skipped.entry(&one.why).or_default().push(format!("`{}`", one.executable.display()));
    }
    for (why, programs) in skipped {
        _ = writeln!(text, "skipped {}: {why}", programs.join(", "));
    }
    text.push('\n');
}

/// What a pair's cells come to together. The order is that of attention.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign<'a> {
    NotRun,
    Apart,
    Shares,
    Gap,
    Unexpected(u8, &'a Outcome),
}

impl<'a> Sign<'a> {
    fn of(cell: &'a CellReport) -> Self {
        match (cell.verdict, &cell.observed) {
            (Verdict::NotRun, _) => Self::NotRun,
            (Verdict::Gap, _) => Self::Gap,
            (verdict, observed) if verdict.is_red() => Self::Unexpected(rank(cell).1, observed),
            // That a build can be used at all shows nothing about a pair.
            (_, Outcome::Interop) if cell.id.group() != "harness" => Self::Shares,
            _ => Self::Apart,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::NotRun => '-',
            Self::Apart => '/',
            Self::Shares => '=',
            Self::Gap => '~',
            Self::Unexpected(_, outcome) => outcome.letter(),
        }
    }

    fn meaning(self) -> String {
        match self {
            Self::NotRun => "nothing ran".to_owned(),
            Self::Apart => "as expected, nothing is shared".to_owned(),
            Self::Shares => "as expected, and they share".to_owned(),
            Self::Gap => "a known gap".to_owned(),
            Self::Unexpected(_, outcome) => format!("NOT as expected: {}", outcome.kind()),
        }
    }

    fn style(self) -> Style {
        style_of(match self {
            Self::NotRun => Verdict::NotRun,
            Self::Apart | Self::Shares => Verdict::Ok,
            Self::Gap => Verdict::Gap,
            Self::Unexpected(..) => Verdict::Wrong,
        })
    }
}

fn grid(text: &mut String, report: &Report) {
    let mut signs: BTreeMap<(String, String), Sign<'_>> = BTreeMap::new();
    for cell in &report.cells {
        let key = (cell.id.provider.to_string(), cell.id.consumer.to_string());
        let sign = Sign::of(cell);
        let entry = signs.entry(key).or_insert(sign);
        *entry = sign.max(*entry);
    }
    let providers: BTreeSet<&String> = signs.keys().map(|(provider, _)| provider).collect();
    let consumers: BTreeSet<&String> = signs.keys().map(|(_, consumer)| consumer).collect();
    if signs.is_empty() {
        return;
    }
    let width = providers.iter().map(|name| name.len()).max().unwrap_or(0);
    text.push_str("provider \\ consumer, all cells of a pair\n");
    for (index, consumer) in consumers.iter().enumerate() {
        let bars: String = (0..index).map(|_| "  ").collect();
        _ = writeln!(text, "{:width$}  {bars}{} {consumer}", "", letter_of(index));
    }
    _ = writeln!(
        text,
        "{:width$}  {}",
        "",
        (0..consumers.len()).map(|i| format!("{} ", letter_of(i))).collect::<String>()
    );
    for provider in providers {
        _ = write!(text, "{provider:width$}  ");
        for consumer in &consumers {
            match signs.get(&(provider.clone(), (*consumer).clone())) {
                Some(sign) => {
                    let style = sign.style();
                    _ = write!(text, "{style}{}{style:#} ", sign.letter());
                }
                None => text.push_str("  "),
            }
        }
        text.push('\n');
    }
    let mut meanings: Vec<String> = Vec::new();
    for sign in signs.values().copied().collect::<BTreeSet<_>>() {
        let meaning = format!("{} {}", sign.letter(), sign.meaning());
        if !meanings.contains(&meaning) {
            meanings.push(meaning);
        }
    }
    _ = writeln!(text, "{}\n", meanings.join(" · "));
}

fn letter_of(index: usize) -> char {
    char::from_u32('a' as u32 + u32::try_from(index % 26).unwrap_or(0)).unwrap_or('?')
}

/// Red before green, unsafe before silent before the rest.
fn rank(cell: &CellReport) -> (bool, u8) {
    let weight = match cell.observed {
        Outcome::Harness(_) => 9,
        Outcome::Crash(_) | Outcome::Hang | Outcome::Corrupt => 8,
        Outcome::Leak | Outcome::Exit(_) => 7,
        Outcome::Silent => 6,
        Outcome::Detected(_) => 5,
        Outcome::Interop => 4,
        Outcome::Unforgeable(_) => 3,
        Outcome::Absent(_) => 2,
        Outcome::Unsupported(_) => 1,
    };
    // A harness cell shows a pair only where there is nothing else.
    (cell.verdict.is_red(), if cell.id.group() == "harness" { 0 } else { weight })
}

fn style_of(verdict: Verdict) -> Style {
    let colour = match verdict {
        Verdict::Ok => AnsiColor::Green,
        Verdict::Gap => AnsiColor::Yellow,
        Verdict::NotRun => AnsiColor::BrightBlack,
        Verdict::Fixed | Verdict::Wrong | Verdict::Disagree => AnsiColor::Red,
    };
    colour.on_default()
}

fn failed_builds(text: &mut String, report: &Report) {
    for failed in &report.failed_builds {
        let host = failed.host.as_deref().unwrap_or("any host");
        _ = writeln!(
            text,
            "could not build {} {} ({}, {host})\n  {}\n  log: {}",
            failed.build, failed.role, failed.mutation, failed.why, failed.log
        );
    }
}

fn red_cells(text: &mut String, report: &Report) {
    let mut red: Vec<&CellReport> = report.cells.iter().filter(|cell| cell.verdict.is_red()).collect();
    red.sort_by_key(|cell| std::cmp::Reverse(rank(cell)));
    for cell in red.iter().take(STORIES) {
        let style = style_of(cell.verdict);
        _ = writeln!(text, "\n{style}{}{style:#} {}", cell.verdict, cell.id);
        let expected = cell
            .expected
            .as_ref()
            .map_or_else(|| "nothing: no rule speaks about it".to_owned(), ToString::to_string);
        let today = cell.today.as_ref().map(|today| format!(" (today {today})")).unwrap_or_default();
        let rule = cell.rule.as_ref().map(|rule| format!(" by {rule}")).unwrap_or_default();
        _ = writeln!(text, "  expected: {expected}{today}{rule}");
        let step = cell.step.as_ref().map(|step| format!(", last step `{step}`")).unwrap_or_default();
        _ = writeln!(text, "  observed: {} in {}{step}", cell.observed, cell.phase);
        for finding in &cell.findings {
            _ = writeln!(text, "  finding: {finding}");
        }
        for line in cell.detail.lines().take(LINES) {
            _ = writeln!(text, "    {line}");
        }
        _ = writeln!(text, "  rerun: {}", Report::rerun(cell));
        match cell.verdict {
            Verdict::Fixed => _ = writeln!(text, "  fix: delete `today` and `issue` of that rule"),
            _ if !matches!(cell.observed, Outcome::Harness(_)) => {
                _ = writeln!(text, "  the rule that would make it green:");
                _ = writeln!(text, "    [[rule]]\n    cells   = [\"{}\"]", cell.id);
                _ = writeln!(text, "    outcome = \"{}\"\n    because = \"…\"", cell.observed);
            }
            _ => {}
        }
    }
    if red.len() > STORIES {
        _ = writeln!(text, "\n… and {} more red cells; `--json` has them all", red.len() - STORIES);
    }
    if !red.is_empty() {
        text.push('\n');
    }
}

/// What was planned and did not run, for want of a host or a build.
fn not_run(text: &mut String, report: &Report) {
    write_not_run(text, report, |outcome| !matches!(outcome, Outcome::Unsupported(_)));
}

/// Everything that a side can't do.
fn unsupported(text: &mut String, report: &Report) {
    let mut lines: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for line in &report.unsupported {
        lines.entry((&line.participant, &line.capability)).or_default().push(&line.case);
    }
    for ((participant, capability), cases) in lines {
        _ = writeln!(text, "unsupported({capability}): {participant}, {} cases", cases.len());
    }
    write_not_run(text, report, |outcome| matches!(outcome, Outcome::Unsupported(_)));
}

fn count_unsupported(text: &mut String, report: &Report) {
    let cells = report.cells.iter().filter(|cell| matches!(cell.observed, Outcome::Unsupported(_))).count();
    let never = report.unsupported.len();
    if cells + never != 0 {
        _ = writeln!(
            text,
            "unsupported: {never} cases of a participant, and {cells} cells; `--unsupported` lists them"
        );
    }
}

fn write_not_run(text: &mut String, report: &Report, wanted: impl Fn(&Outcome) -> bool) {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for cell in report.cells.iter().filter(|cell| cell.verdict == Verdict::NotRun && wanted(&cell.observed)) {
        *lines.entry(format!("{}: {}", cell.observed, cell.id.host)).or_default() += 1;
    }
    for (what, count) in lines {
        _ = writeln!(text, "not run, {what}, {count} cells");
    }
}

fn stages(text: &mut String, report: &Report) {
    if report.resumed != 0 {
        _ = writeln!(
            text,
            "{} cells were finished by a run that was stopped; `--fresh` runs them again",
            report.resumed
        );
    }
    let total: u64 = report.stages.iter().map(|stage| stage.millis).sum();
    let parts: Vec<String> =
        report.stages.iter().map(|stage| format!("{} {}", stage.name, seconds(stage.millis))).collect();
    _ = write!(
        text,
        "{} of {} candidates, {} builds ({} made), {}, together {}",
        report.cells.len(),
        report.candidates,
        report.builds,
        report.builds_made,
        parts.join(", "),
        seconds(total)
    );
    if let Some(budget) = report.budget_seconds {
        let over = if total > budget * 1000 { ": OVER BUDGET" } else { "" };
        _ = write!(text, " of {budget} s{over}");
    }
    text.push('\n');
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}
