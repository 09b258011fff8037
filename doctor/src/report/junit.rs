//! Findings as a test report: a case for each. What is only good to know passes; without findings one case passes, because
//! readers take an empty report for a run that broke.

use crate::finding::{Finding, Level};

use super::rules;
use super::test_report::{self, Case, End, Suite};

/// Findings as JUnit XML.
pub fn junit(findings: &[Finding]) -> String {
    let mut cases: Vec<Case> = findings.iter().map(case).collect();
    if cases.is_empty() {
        let (class, name) = ("interbind".to_owned(), "no findings".to_owned());
        cases.push(Case { class, name, millis: 0, end: End::Passed { said: String::new() } });
    }
    test_report::write("interbind", &[Suite { name: "interbind".to_owned(), cases }])
}

fn case(finding: &Finding) -> Case {
    let name = if finding.files.is_empty() { "-".to_owned() } else { finding.files.join(" · ") };
    let text = rules::text(finding);
    let end = match finding.level {
        Level::Note => End::Passed { said: text },
        level => End::Failed {
            kind: if level == Level::Error { "error" } else { "warning" },
            message: finding.message.clone(),
            text,
        },
    };
    Case { class: format!("interbind.{}", finding.rule), name, millis: 0, end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_findings_are_a_report_that_passes() {
        let text = junit(&[]);
        assert!(
            text.contains("tests=\"1\" failures=\"0\"") && text.contains("name=\"no findings\""),
            "{text}"
        );
    }

    #[test]
    fn hostile_text_stays_text() {
        let finding = Finding {
            rule: "x".into(),
            level: Level::Error,
            message: "\u{0}]]></failure>\"\u{ffff}".into(),
            files: vec!["<a>.so".into()],
            details: Vec::new(),
            fix: None,
        };
        let text = junit(&[finding]);
        assert!(text.contains("message=\"\u{fffd}]]&gt;&lt;/failure&gt;&quot;\u{fffd}\""), "{text}");
        assert!(text.contains("name=\"&lt;a&gt;.so\""), "{text}");
    }

    #[test]
    fn what_is_only_good_to_know_is_no_failure() {
        let finding = Finding {
            rule: "x".into(),
            level: Level::Note,
            message: "m".into(),
            files: Vec::new(),
            details: Vec::new(),
            fix: None,
        };
        let text = junit(&[finding]);
        assert!(text.contains("failures=\"0\"") && !text.contains("<failure"), "{text}");
    }
}
