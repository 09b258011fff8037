//! A matrix as a test report: a suite per group, a test case per cell under its id. A gap is a skip with its reason, what did
//! not run is a skip, whatever is red is a failure.

use std::collections::BTreeMap;

use interbind_conformance::outcome::Verdict;
use interbind_conformance::report::{CellReport, Report};
use interbind_doctor::report::test_report::{self, Case, End, Suite};

/// The report as JUnit XML.
pub(super) fn render(report: &Report) -> String {
    let mut groups: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for cell in &report.cells {
        groups.entry(cell.id.group()).or_default().push(case(cell));
    }
    let suites: Vec<Suite> =
        groups.into_iter().map(|(group, cases)| Suite { name: group.to_owned(), cases }).collect();
    test_report::write("interbind matrix", &suites)
}

fn case(cell: &CellReport) -> Case {
    let expected = cell.expected.as_ref().map_or_else(|| "no rule".to_owned(), ToString::to_string);
    let message = format!("{}: expected {expected}, observed {}", cell.verdict, cell.observed);
    let end = if cell.verdict.is_red() {
        let (findings, rerun) = (cell.findings.join("\n"), Report::rerun(cell));
        let text = format!("{findings}\n{}\nrerun: {rerun}", cell.detail);
        End::Failed { kind: cell.verdict.as_str(), message, text }
    } else if matches!(cell.verdict, Verdict::NotRun | Verdict::Gap) {
        End::Skipped { message }
    } else {
        End::Passed { said: String::new() }
    };
    Case { class: cell.id.case.clone(), name: cell.id.to_string(), millis: cell.millis, end }
}
