//! Workflow commands: lines that GitHub turns into annotations on a pull request.

use crate::finding::{Finding, Level};

use super::rules;

/// Findings as workflow commands, a line each.
pub fn github(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let file = finding.files.first().map(|file| rules::file_and_member(file).0);
        let file = file.map(|file| format!("file={},", property(file))).unwrap_or_default();
        let (title, text) = (property(&format!("interbind: {}", finding.rule)), rules::text(finding));
        out += &format!("::{command} {file}title={title}::{}\n", data(&text));
    }
    out
}

/// Text behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value, in which the commas and colons between properties can't stand either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_start_a_command_of_its_own() {
        let finding = Finding {
            rule: "not-loadable".into(),
            level: Level::Error,
            message: "100 %\n::set-output name=x::y".into(),
            files: vec!["a,b:c\n::error::d.so".into()],
            details: vec!["both sides".into()],
            fix: Some("pip install x".into()),
        };
        assert_eq!(
            github(&[finding]),
            "::error file=a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ad.so,title=interbind%3A not-loadable::\
             100 %25%0A::set-output name=x::y%0A  both sides%0Afix: pip install x\n"
        );
    }
}
