//! Findings as other tools read them: SARIF for code scanning, JUnit XML for test reports, workflow commands for
//! annotations on GitHub. Each takes findings and nothing else, and gives the whole document.
//!
//! [`test_report`] is JUnit XML without findings, `rules` is what all say of a rule; `inspected` says which statements of an inspection are findings.

mod github;
mod inspected;
mod junit;
mod rules;
mod sarif;
pub mod test_report;

pub use github::github;
pub use inspected::inspected;
pub use junit::junit;
pub use sarif::sarif;
