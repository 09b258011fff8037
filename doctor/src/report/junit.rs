//! JUnit XML: a test case for each finding. What is only good to know passes; without findings one case passes, because
//! readers take an empty report for a run that broke.

use std::fmt::Write;

use crate::finding::{Finding, Level};

use super::rules;

/// Findings as JUnit XML.
pub fn junit(findings: &[Finding]) -> String {
    let failures = findings.iter().filter(|finding| finding.level > Level::Note).count();
    let tests = findings.len().max(1);
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"0\"");
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"interbind\" {counts}>\n  \
         <testsuite name=\"interbind\" {counts}>\n"
    );
    for finding in findings {
        let files = if finding.files.is_empty() { "-".to_owned() } else { finding.files.join(" · ") };
        let (class, name) = (escape(&format!("interbind.{}", finding.rule)), escape(&files));
        _ = writeln!(out, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\">");
        let text = escape(&rules::text(finding));
        _ = match finding.level {
            Level::Note => writeln!(out, "      <system-out>{text}</system-out>"),
            level => {
                let kind = if level == Level::Error { "error" } else { "warning" };
                let message = escape(&finding.message);
                writeln!(out, "      <failure type=\"{kind}\" message=\"{message}\">{text}</failure>")
            }
        };
        out.push_str("    </testcase>\n");
    }
    if findings.is_empty() {
        out.push_str("    <testcase classname=\"interbind\" name=\"no findings\" time=\"0\"/>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
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
            // An attribute keeps line ends only in this form.
            '\n' => out.push_str("&#10;"),
            '\t' => out.push('\t'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
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
        assert!(text.contains("message=\"?]]&gt;&lt;/failure&gt;&quot;?\""), "{text}");
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
