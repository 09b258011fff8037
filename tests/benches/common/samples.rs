//! What the processes of one child measured, and what is made of it: medians, and ratios of what belongs together.
//!
//! A machine changes its speed by the second, so a row is divided by its rival of the same process and round, and the
//! median is taken of the ratios.

use std::collections::BTreeMap;

/// One number per row, process and round.
#[derive(Debug, Default)]
pub(crate) struct Samples(BTreeMap<String, Vec<f64>>);

/// The middle of a set of numbers, and its quartiles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    /// The lower quartile.
    pub(crate) low: f64,
    /// The median.
    pub(crate) median: f64,
    /// The upper quartile.
    pub(crate) high: f64,
}

impl Spread {
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| sorted.get(((sorted.len().max(1) - 1) as f64 * part).round() as usize).copied();
        let at = |part| at(part).unwrap_or(f64::NAN);
        Self { low: at(0.25), median: at(0.5), high: at(0.75) }
    }
}

impl Samples {
    /// Adds what one process measured.
    pub(crate) fn add(&mut self, measured: Vec<(String, f64)>) {
        for (name, number) in measured {
            self.0.entry(name).or_default().push(number);
        }
    }

    /// The median of a row over processes and rounds.
    pub(crate) fn median(&self, row: &str) -> f64 {
        self.spread(row).median
    }

    /// A row over processes and rounds.
    pub(crate) fn spread(&self, row: &str) -> Spread {
        Spread::of(self.row(row).iter().copied())
    }

    /// A row divided by its rival, round by round.
    pub(crate) fn ratio(&self, row: &str, rival: &str) -> Spread {
        Spread::of(self.row(row).iter().zip(self.row(rival)).map(|(row, rival)| row / rival))
    }

    /// A row less another, round by round.
    pub(crate) fn more(&self, row: &str, rival: &str) -> Spread {
        Spread::of(self.row(row).iter().zip(self.row(rival)).map(|(row, rival)| row - rival))
    }

    /// A row less the same row of another child, process by process: those of one round ran next to each other.
    pub(crate) fn beyond(&self, base: &Self, row: &str) -> Spread {
        Spread::of(self.row(row).iter().zip(base.row(row)).map(|(row, base)| row - base))
    }

    /// A rival's median divided by each number of a row: how many times faster the row is.
    pub(crate) fn faster(&self, row: &str, rival: f64) -> Spread {
        Spread::of(self.row(row).iter().map(|row| rival / row))
    }

    fn row(&self, row: &str) -> &[f64] {
        self.0.get(row).map_or(&[], Vec::as_slice)
    }
}
