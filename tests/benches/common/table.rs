//! Prints rows: what was measured, against whom, and the bound. Nothing here decides anything.

use super::samples::Spread;

/// What a row promises.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// At most this much.
    AtMost(f64),
    /// At least this much.
    AtLeast(f64),
    /// None: printed.
    Printed,
}

impl Bound {
    fn say(self, found: f64) -> String {
        let (sign, bound, met) = match self {
            Self::AtMost(bound) => ('≤', bound, found <= bound),
            Self::AtLeast(bound) => ('≥', bound, found >= bound),
            Self::Printed => return String::new(),
        };
        format!("{sign} {bound}: {}", if met { "met" } else { "missed" })
    }
}

/// Prints what stands above the rows.
pub(crate) fn head(title: &str) {
    println!("\n{title}");
}

/// Prints a row that others are held against.
pub(crate) fn plain(row: &str, ns: f64) {
    println!("  {row:<40} {ns:>8.1} ns");
}

/// Prints a row and its ratio to a rival.
pub(crate) fn against(row: &str, ns: f64, rival: &str, ratio: Spread, bound: Bound) {
    let Spread { low, median, high } = ratio;
    let line = format!(
        "  {row:<40} {ns:>8.1} ns  {median:.2} × {rival} ({low:.2} to {high:.2})  {}",
        bound.say((median * 100.0).round() / 100.0)
    );
    println!("{}", line.trim_end());
}

/// Prints how many times faster than a rival a row is.
pub(crate) fn faster(row: &str, ns: f64, rival: &str, times: Spread, bound: Bound) {
    let Spread { low, median, high } = times;
    let said = bound.say((median * 10.0).round() / 10.0);
    let line = format!(
        "  {row:<40} {ns:>8.1} ns  {median:.1} × faster than {rival} ({low:.1} to {high:.1})  {said}"
    );
    println!("{}", line.trim_end());
}

/// Prints how much more than a rival a row takes.
pub(crate) fn more(row: &str, ns: f64, unit: &str, rival: &str, more: Spread, bound: Bound) {
    let Spread { low, median, high } = more;
    let said = bound.say((median * 10.0).round() / 10.0);
    let line = format!(
        "  {row:<40} {ns:>8.1} {unit}  {median:+.1} {unit} over {rival} ({low:+.1} to {high:+.1})  {said}"
    );
    println!("{}", line.trim_end());
}
