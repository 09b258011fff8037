//! `interbind audit`: whether the wheel can be released, and what keeps it from that.

use interbind_doctor::audit::Audit;
use interbind_doctor::finding::Level;

use super::findings;
use super::line::{Line, Role};
use super::page::Page;
use super::words;

/// Writes what was found.
pub fn view(page: &mut Page, audit: &Audit, verbose: bool) {
    let wrong = audit.findings.iter().any(|finding| finding.level > Level::Note);
    let head = if wrong {
        Line::of(Role::Bad, "not fit for release: ").and(findings::verdict(&audit.findings))
    } else {
        Line::of(Role::Good, "fit for release")
    };
    page.prose(0, 2, &head);
    page.prose(0, 2, &Line::of(Role::Dim, &audit.wheel));
    let against = audit.against.as_ref().map(|name| format!(" · against {name}")).unwrap_or_default();
    let number = words::count(usize::try_from(audit.native).unwrap_or(usize::MAX), "native file");
    page.prose(0, 2, &Line::of(Role::Dim, format!("{} · {number}{against}", audit.tags)));
    findings::view(page, &audit.findings, verbose);
}
