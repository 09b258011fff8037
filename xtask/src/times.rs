//! How long each group of tests took, out of what `cargo test` printed: the slowest ten, beside the budgets of
//! `tests/budgets.toml`. A budget is shown and never asserted, because machines differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A group of tests, one program of cargo's, and its seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// `abi`, `tests/hostile`, `doc interbind`.
    pub name: String,
    /// How long its tests took, without their build.
    pub seconds: f64,
    /// How long processors were busy with them, where that is known.
    pub processor: Option<f64>,
}

/// Reads the groups in the order in which they ran.
pub fn groups(log: &str) -> Vec<Group> {
    let (mut groups, mut name) = (Vec::new(), None);
    for line in log.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("Running ") {
            // `unittests src/lib.rs (target/debug/deps/interbind_abi-…)` or `tests/house.rs (…)`.
            let path = rest.split(" (").next().unwrap_or(rest);
            let program =
                rest.rsplit('/').next().and_then(|file| file.rsplit_once('-')).map(|(name, _)| name);
            name = match path.strip_prefix("unittests ") {
                Some(path) => program.map(|program| format!("{program} {path}")),
                None => Some(path.trim_end_matches(".rs").to_owned()),
            };
        } else if let Some(rest) = line.strip_prefix("Doc-tests ") {
            name = Some(format!("doc {rest}"));
        } else if line.starts_with("test result:") {
            let seconds =
                line.rsplit("finished in ").next().and_then(|end| end.trim_end_matches('s').parse().ok());
            if let (Some(name), Some(seconds)) = (name.take(), seconds) {
                groups.push(Group { name, seconds, processor: None });
            }
        }
    }
    groups
}

/// How many seconds each group may take, and `others`.
pub type Budgets = BTreeMap<String, f64>;

/// Reads the budgets.
///
/// # Errors
/// They aren't TOML of names and seconds.
pub fn budgets(text: &str) -> Result<Budgets, String> {
    toml::from_str(text).map_err(|error| format!("budgets: {error}"))
}

/// The slowest ten with their budgets, and what is over its own.
///
/// # Errors
/// The budgets aren't TOML of names and seconds.
pub fn table(log: &str, budgets: &str) -> Result<String, String> {
    Ok(table_of(groups(log), &self::budgets(budgets)?))
}

/// The same of groups that were timed otherwise.
pub fn table_of(mut groups: Vec<Group>, budgets: &Budgets) -> String {
    groups.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let rest = budgets.get("others").copied().unwrap_or(f64::INFINITY);
    let budget = |group: &Group| budgets.get(&group.name).copied().unwrap_or(rest);
    let total: f64 = groups.iter().map(|group| group.seconds).sum();
    let mut text = format!("the slowest of {} groups of tests, {total:.0} s together\n", groups.len());
    for (place, group) in groups.iter().enumerate() {
        let is_over = group.seconds > budget(group);
        if place < 10 || is_over {
            let over = if is_over { "  over" } else { "" };
            let busy =
                group.processor.map(|busy| format!(", {busy:.1} s of processor time")).unwrap_or_default();
            let (seconds, of, name) = (group.seconds, budget(group), &group.name);
            let _ = writeln!(text, "  {seconds:7.1} s of {of:4.0}  {name}{busy}{over}");
        }
    }
    text
}

/// The slowest ten tests, each with its seconds.
pub fn slowest(mut tests: Vec<(f64, String)>) -> String {
    tests.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut text = format!("the slowest of {} tests\n", tests.len());
    for (seconds, name) in tests.iter().take(10) {
        let _ = writeln!(text, "  {seconds:7.1} s  {name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Group, groups, slowest, table};

    const LOG: &str = "
     Running unittests src/lib.rs (target/debug/deps/interbind_abi-0b1c)
test result: ok. 70 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.68s
     Running tests/hostile.rs (target/debug/deps/hostile-7ec3)
skip: something: nothing
test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 188.08s
   Doc-tests interbind
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
test result: ok. this one belongs to nobody; finished in 9.00s
";

    #[test]
    fn a_group_is_a_program_of_cargo_s() {
        let named = |name: &str, seconds| Group { name: name.to_owned(), seconds, processor: None };
        let expected = [
            named("interbind_abi src/lib.rs", 0.68),
            named("tests/hostile", 188.08),
            named("doc interbind", 1.0),
        ];
        assert_eq!(groups(LOG), expected);
    }

    #[test]
    fn the_slowest_ten_tests_come_first() {
        let tests = (0..12).map(|n| (f64::from(n), format!("tests/a number_{n}"))).collect();
        let said = slowest(tests);
        let lines: Vec<_> = said.lines().map(str::trim).collect();
        assert_eq!(lines[..2], ["the slowest of 12 tests", "11.0 s  tests/a number_11"]);
        assert_eq!(lines.len(), 11);
    }

    #[test]
    fn the_slowest_come_first_and_what_is_over_its_budget_says_so() {
        let said = table(LOG, "others = 0.9\n'tests/hostile' = 200\n").expect("a table of budgets");
        let lines: Vec<_> = said.lines().map(str::trim).collect();
        assert_eq!(lines[0], "the slowest of 3 groups of tests, 190 s together");
        assert_eq!(lines[1], "188.1 s of  200  tests/hostile");
        assert_eq!(lines[2], "1.0 s of    1  doc interbind  over");
        assert!(table(LOG, "others = 'much'").is_err());
    }
}
