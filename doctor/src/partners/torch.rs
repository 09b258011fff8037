//! PyTorch: which of its releases have the symbols that a module asks for. C++ names change from release to release, so a module
//! fits those that have all of its names.
//!
//! The table was read from the libraries of released wheels, one of each minor release. It has the names that not all of them
//! have; of the operators, which are thousands, those that came or went.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::facts::{Claim, Evidence, Source};
use crate::host::compare;

const TABLE: &str = include_str!("../../data/torch.txt");

/// Another build of a release can give out other names.
const WHY: &str = "by the names that one build of each release gives out";

/// For a name: the first release that has it and the last one, where the table's ends aren't them.
type Releases = (Option<&'static str>, Option<&'static str>);

static NAMES: LazyLock<HashMap<&'static str, Releases>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let mut words = line.split(' ');
        let (first, last, name) = (words.next()?, words.next()?, words.next()?);
        let release = |word: &'static str| (word != "-").then_some(word);
        Some((name, (release(first), release(last))))
    };
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect()
});

/// The oldest and the newest release that have all names which are asked for, where one of them tells.
pub(super) fn releases(asked: &[&str]) -> (Option<Claim<String>>, Option<Claim<String>>) {
    let mut lowest: Option<(&str, &str)> = None;
    let mut highest: Option<(&str, &str)> = None;
    for name in asked {
        let Some((first, last)) = NAMES.get(name) else { continue };
        if let Some(first) = first.filter(|first| lowest.is_none_or(|(low, _)| compare(first, low).is_gt())) {
            lowest = Some((first, name));
        }
        if let Some(last) = last.filter(|last| highest.is_none_or(|(high, _)| compare(last, high).is_lt())) {
            highest = Some((last, name));
        }
    }
    // No release has both: it was built for a snapshot between two, or for somebody's own build.
    if let (Some((low, _)), Some((high, _))) = (lowest, highest) {
        if compare(low, high).is_gt() {
            return (None, None);
        }
    }
    let claim = |(release, name): (&str, &str)| {
        let symbol = Evidence::new(Source::Symbol, format!("imports {name}"));
        let table = Evidence::new(Source::Table, format!("released libraries of PyTorch around {release}"));
        Claim::likely(release.to_owned(), [symbol, table], WHY)
    };
    (lowest.map(claim), highest.map(claim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_line_tells_something() {
        let lines: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 100);
        assert_eq!(NAMES.len(), lines.len(), "each name once");
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(matches!(words[..], [first, last, _] if (first, last) != ("-", "-")), "{line}");
        }
    }

    #[test]
    fn a_module_fits_the_releases_that_have_all_of_its_names() {
        let of = |first: Option<&str>, last: Option<&str>| {
            NAMES.iter().find(|(_, releases)| **releases == (first, last)).map(|(name, _)| *name)
        };
        let (new, old) =
            (of(Some("2.2"), None).expect("some came"), of(None, Some("2.3")).expect("some went"));
        let (lowest, highest) = releases(&["puts", new, old]);
        assert_eq!(lowest.and_then(|claim| claim.value).as_deref(), Some("2.2"));
        assert_eq!(highest.and_then(|claim| claim.value).as_deref(), Some("2.3"));
        // No release has both.
        let later = of(Some("2.5"), None).expect("some came");
        assert_eq!(releases(&[later, old]), (None, None));
        assert_eq!(releases(&["puts"]), (None, None));
    }
}
