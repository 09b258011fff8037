//! Counts how often the doctor is right, and prints where it isn't.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::judge::{Verdict, judge};
use super::truth::{Module, Wheel};
use interbind_doctor::facts::{self, FrameworkKind};

/// What came out of the modules that were read.
#[derive(Debug, Default)]
pub struct Score {
    /// Modules held against the truth.
    pub modules: usize,
    /// Those whose frameworks, versions, internals and ids are right.
    pub right: usize,
    /// Statements that are wrong.
    pub wrong: usize,
    /// Those of them that were said as certain.
    pub certain: usize,
    /// Frameworks whose version is known and was not said.
    pub untold: usize,
    /// Modules by framework, and how many of them are right.
    by_kind: BTreeMap<FrameworkKind, (usize, usize)>,
    lines: Vec<String>,
}

impl Score {
    /// Counts the modules of a wheel.
    pub fn wheel(&mut self, wheel: &Wheel, said: &[facts::Module]) {
        for module in &wheel.module {
            let of_member: Vec<_> =
                said.iter().filter(|said| said.member.as_deref() == Some(module.member.as_str())).collect();
            self.module(&wheel.file, module, &of_member);
        }
    }

    /// Counts a module: each slice of a fat file must be right.
    pub fn module(&mut self, file: &str, truth: &Module, said: &[&facts::Module]) {
        self.modules += 1;
        let mut right = true;
        if said.len() != truth.arch.len() {
            right = false;
            self.wrong += 1;
            let count = (truth.arch.len(), said.len());
            self.lines.push(format!("{file}!{}: {} slices, {} read", truth.member, count.0, count.1));
        }
        for said in said {
            let verdict = judge(truth, said);
            right &= verdict.framework.is_empty();
            self.verdict(file, &truth.member, &verdict);
        }
        self.right += usize::from(right);
        let plain = [FrameworkKind::Plain];
        let kinds: Vec<_> = truth.frameworks.iter().map(|framework| framework.kind).collect();
        for kind in if kinds.is_empty() { &plain[..] } else { &kinds } {
            let entry = self.by_kind.entry(*kind).or_default();
            *entry = (entry.0 + 1, entry.1 + usize::from(right));
        }
    }

    fn verdict(&mut self, file: &str, member: &str, verdict: &Verdict) {
        self.untold += verdict.untold;
        for miss in verdict.misses() {
            self.wrong += 1;
            self.certain += usize::from(miss.certain);
            self.lines.push(format!("{file}!{member}: {miss}"));
        }
    }

    /// The share of modules that are right, in tenths of a percent.
    pub fn per_mille(&self) -> usize {
        (self.right * 1000).checked_div(self.modules).unwrap_or(1000)
    }

    /// The counts, on a line.
    pub fn summary(&self) -> String {
        let Self { modules, right, wrong, certain, untold, .. } = self;
        format!(
            "{modules} modules: {right} right; {wrong} wrong statements, {certain} of them certain; \
             {untold} versions not told"
        )
    }

    /// Every miss on a line, and the counts by framework.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for line in &self.lines {
            let _ = writeln!(table, "{line}");
        }
        for (kind, (all, right)) in &self.by_kind {
            let _ = writeln!(table, "{:>14}: {right} of {all} right", kind.name());
        }
        table
    }
}
