//! What isn't run on this machine, said where everybody sees it.

use std::io::Write;

/// Says on stderr that something is skipped, and why.
///
/// Written past the test harness, which swallows what a passing test prints.
pub fn skip(what: &str, reason: &str) {
    let line = format!("skip: {what}: {reason}\n");
    // Without a stderr there is nobody to tell.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
