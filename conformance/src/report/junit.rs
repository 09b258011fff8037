//! JUnit XML: a suite per group, a test case per cell under its id. A gap is a skip with its reason, what
//! did not run is a skip, whatever is red is a failure.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{CellReport, Report};
use crate::outcome::Verdict;

/// The report as JUnit XML.
pub fn render(report: &Report) -> String {
    let mut groups: BTreeMap<&str, Vec<&CellReport>> = BTreeMap::new();
    for cell in &report.cells {
        groups.entry(cell.id.group()).or_default().push(cell);
    }
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"interbind matrix\">\n");
    for (group, cells) in groups {
        let failures = cells.iter().filter(|cell| cell.verdict.is_red()).count();
        let skipped = cells.iter().filter(|cell| is_skipped(cell)).count();
        _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" time=\"{}\">",
            escape(group),
            cells.len(),
            seconds(cells.iter().map(|cell| cell.millis).sum())
        );
        for cell in cells {
            write_cell(&mut text, cell);
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn write_cell(text: &mut String, cell: &CellReport) {
    let id = escape(&cell.id.to_string());
    _ = write!(
        text,
        "    <testcase classname=\"{}\" name=\"{id}\" time=\"{}\"",
        escape(&cell.id.case),
        seconds(cell.millis)
    );
    let expected = cell.expected.as_ref().map_or_else(|| "no rule".to_owned(), ToString::to_string);
    let head = escape(&format!("{}: expected {expected}, observed {}", cell.verdict, cell.observed));
    if cell.verdict.is_red() {
        let body =
            escape(&format!("{}\n{}\nrerun: {}", cell.findings.join("\n"), cell.detail, Report::rerun(cell)));
        _ = writeln!(text, ">\n      <failure message=\"{head}\">{body}</failure>\n    </testcase>");
    } else if is_skipped(cell) {
        _ = writeln!(text, ">\n      <skipped message=\"{head}\"/>\n    </testcase>");
    } else {
        text.push_str("/>\n");
    }
}

fn is_skipped(cell: &CellReport) -> bool {
    matches!(cell.verdict, Verdict::NotRun | Verdict::Gap)
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// Escapes for attributes and text; what XML can't hold becomes `?`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}
