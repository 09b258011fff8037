//! What every format says of a finding: the page on its rule, its whole text, and the file it is about.

use crate::finding::Finding;

/// Where rules are explained; each has an anchor of its name.
const PAGE: &str = "https://github.com/interbind/interbind/blob/main/docs/src/doctor/findings.md";

/// The page on a rule.
pub(super) fn page(rule: &str) -> String {
    format!("{PAGE}#{rule}")
}

/// All that a finding says, a line each; its message is the first.
pub(super) fn text(finding: &Finding) -> String {
    let mut lines = vec![finding.message.clone()];
    lines.extend(finding.details.iter().map(|detail| format!("  {detail}")));
    lines.extend(finding.fix.iter().map(|fix| format!("fix: {fix}")));
    lines.join("\n")
}

/// A file, and the member of it where it is an archive (`a.whl!b.so`).
pub(super) fn file_and_member(file: &str) -> (&str, Option<&str>) {
    // A file's own name may hold the mark; an archive's ends in front of it.
    let mark = [".whl!", ".zip!", ".egg!"].iter().filter_map(|mark| file.find(mark)).min();
    match mark {
        Some(at) => (&file[..at + 4], Some(&file[at + 5..])),
        None => (file, None),
    }
}
