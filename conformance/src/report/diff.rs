//! What changed between two runs: cells whose observation or verdict moved, came or went.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{CellReport, Report};

/// A line for each change, and whether there is any.
pub fn render(old: &Report, new: &Report) -> (String, bool) {
    let index = |report: &Report| -> BTreeMap<String, CellReport> {
        report.cells.iter().map(|cell| (cell.id.to_string(), cell.clone())).collect()
    };
    let (old, new) = (index(old), index(new));
    let mut text = String::new();
    let mut changed = 0;
    for (id, after) in &new {
        let Some(before) = old.get(id) else { continue };
        if (&before.observed, before.verdict) != (&after.observed, after.verdict) {
            changed += 1;
            _ = writeln!(
                text,
                "{id}\n  {} ({}) -> {} ({})",
                before.observed, before.verdict, after.observed, after.verdict
            );
        }
    }
    let gone = old.keys().filter(|id| !new.contains_key(*id)).count();
    let came = new.keys().filter(|id| !old.contains_key(*id)).count();
    _ = writeln!(text, "{changed} changed, {came} new, {gone} no longer run");
    (text, changed != 0)
}
