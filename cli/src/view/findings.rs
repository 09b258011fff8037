//! Findings: what is wrong, the worst first, and what mends it.

use interbind_doctor::finding::{Finding, Level};

use super::line::{Line, Role, is_command};
use super::page::Page;
use super::words;

/// How many files of a finding are named without `--verbose`.
const FILES: usize = 4;

/// Writes findings; notes only when they are asked for.
pub fn view(page: &mut Page, findings: &[Finding], verbose: bool) {
    let shown = findings.iter().filter(|finding| verbose || finding.level > Level::Note);
    for finding in shown {
        page.gap();
        let (role, word) = level(finding.level);
        let head = Line::of(role, word)
            .with(Role::Plain, " ")
            .with(Role::Strong, &finding.message)
            .with(Role::Dim, format!(" [{}]", finding.rule));
        page.prose(0, 2, &head);
        for detail in &finding.details {
            page.prose(2, 2, &Line::plain(detail));
        }
        let most = if verbose { usize::MAX } else { FILES };
        for file in finding.files.iter().take(most) {
            page.prose(2, 4, &Line::of(Role::Dim, file));
        }
        if finding.files.len() > most {
            let more = format!("and {} more; --verbose names them", finding.files.len() - most);
            page.prose(2, 2, &Line::of(Role::Dim, more));
        }
        if let Some(fix) = &finding.fix {
            let line = Line::of(Role::Code, "fix: ").with(Role::Plain, fix);
            if is_command(fix) { page.raw(2, &line) } else { page.prose(2, 5, &line) }
        }
    }
}

/// How things stand, in one line: what a reader sees first.
pub fn verdict(findings: &[Finding]) -> Line {
    let worst = findings.iter().map(|finding| finding.level).max();
    if worst.is_none_or(|worst| worst == Level::Note) {
        return Line::of(Role::Good, "nothing is wrong");
    }
    let wrong: Vec<Finding> =
        findings.iter().filter(|finding| finding.level > Level::Note).cloned().collect();
    summary(&wrong)
}

/// How many there are of each level: `2 errors · 1 warning · 3 notes`.
pub fn summary(findings: &[Finding]) -> Line {
    let number = |level| findings.iter().filter(|finding| finding.level == level).count();
    let parts = [Level::Error, Level::Warning, Level::Note].into_iter().filter_map(|each| {
        let (role, word) = level(each);
        let number = number(each);
        (number > 0).then(|| Line::of(role, words::count(number, word)))
    });
    let line = Line::join(parts.map(Line::together), " · ");
    if line.is_empty() { Line::of(Role::Good, "nothing found") } else { line }
}

fn level(level: Level) -> (Role, &'static str) {
    match level {
        Level::Error => (Role::Bad, "error"),
        Level::Warning => (Role::Warn, "warning"),
        Level::Note => (Role::Dim, "note"),
    }
}
