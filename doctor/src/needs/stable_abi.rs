//! Which Python first had which symbol of the stable ABI: the table in `data/stable_abi.txt`; and which gave it out before, in
//! `data/exported.txt`.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

/// A line each: the symbol and the release, as `PyObject_Vectorcall 3.12`.
const TABLE: &str = include_str!("../../data/stable_abi.txt");

/// The same for releases that gave a symbol out before the stable ABI had it.
const EXPORTED: &str = include_str!("../../data/exported.txt");

static SYMBOLS: LazyLock<HashMap<&'static str, Release>> = LazyLock::new(|| table(TABLE));
static GIVEN_OUT: LazyLock<HashMap<&'static str, Release>> = LazyLock::new(|| table(EXPORTED));

fn table(text: &'static str) -> HashMap<&'static str, Release> {
    let line = |line: &'static str| {
        let mut words = line.split(' ');
        let (symbol, release) = (words.next()?, words.next()?);
        Some((symbol, Release::of(release)?))
    };
    text.lines().filter(|text| !text.starts_with('#')).filter_map(line).collect()
}

/// A release of Python: `3.9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release {
    pub(crate) major: u8,
    pub(crate) minor: u8,
}

impl Release {
    /// Reads `3.9`.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// Reads the digits of a tag: `39`, `312`; the first is the major version.
    pub(crate) fn of_digits(digits: &str) -> Option<Self> {
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (major, minor) = digits.split_at_checked(1)?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The first release whose stable ABI has this symbol.
pub(crate) fn since(symbol: &str) -> Option<Release> {
    SYMBOLS.get(symbol).copied()
}

/// The first release that gives this symbol out, where that is before its stable ABI has it.
pub(crate) fn exported_since(symbol: &str) -> Option<Release> {
    GIVEN_OUT.get(symbol).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_old_and_new_symbols() {
        let since = |symbol| since(symbol).map(|release| release.to_string());
        assert_eq!(since("PyObject_GetAttr").as_deref(), Some("3.2"));
        assert_eq!(since("PyObject_GetBuffer").as_deref(), Some("3.11"));
        assert_eq!(since("PyType_FromSlots").as_deref(), Some("3.15"));
        assert_eq!(since("_PyObject_GC_New").as_deref(), Some("3.2"));
        assert_eq!(since("PyUnstable_Module_SetGIL"), None);
    }

    #[test]
    fn releases_are_in_the_order_of_their_numbers() {
        assert!(Release::of("3.9") < Release::of("3.10"));
        assert_eq!(Release::of_digits("310"), Release::of("3.10"));
        assert_eq!(Release::of_digits("3"), None);
        assert_eq!(Release::of_digits("é1"), None);
    }
}
