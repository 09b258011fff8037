//! `doctor/data/stable_abi.txt`: the symbols of Python's stable ABI, from `Misc/stable_abi.toml` of CPython's newest release.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Generated;

const HEAD: &str = "\
# Symbols of Python's stable ABI, and the first release that has each.
# Made from Misc/stable_abi.toml of CPython (3.15, by way of abi3info 2026.9.25, without 3.16's); made by `cargo xtask generate stable-abi`.
# Functions and data alone; a third word is the macro without which a Python doesn't have the symbol.
";

/// The newest minor release; what CPython's list has for the next one may still change.
const NEWEST: u8 = 15;

/// The table of a list.
pub(super) fn make(source: &Path) -> Result<Vec<Generated>, String> {
    let named = |error: String| format!("{}: {error}", source.display());
    let list = fs::read_to_string(source).map_err(|error| named(error.to_string()))?;
    Ok(vec![Generated::text("doctor/data/stable_abi.txt", table(&list).map_err(named)?)])
}

/// The table as a file's text, made from CPython's list.
fn table(list: &str) -> Result<String, String> {
    let list: toml::Table = list.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut lines = BTreeMap::new();
    for kind in ["function", "data"] {
        let items = list.get(kind).and_then(toml::Value::as_table);
        for (name, item) in items.ok_or_else(|| format!("there is no table of kind `{kind}`"))? {
            let text = |key: &str| item.get(key).and_then(toml::Value::as_str);
            let added =
                text("added").ok_or_else(|| format!("`{name}` doesn't say since when it is there"))?;
            let minor = added.strip_prefix("3.").and_then(|minor| minor.parse::<u8>().ok());
            if minor.ok_or_else(|| format!("`{name}` was added in `{added}`, which is no release"))? > NEWEST
            {
                continue;
            }
            let only = text("ifdef").map_or(String::new(), |only| format!(" {only}"));
            lines.insert(name.clone(), format!("{name} {added}{only}\n"));
        }
    }
    Ok(HEAD.to_owned() + &lines.into_values().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_becomes_lines_in_order() {
        let list = "[function.PyB]\nadded = '3.2'\nifdef = 'MS_WINDOWS'\n[data.PyA]\nadded = '3.10'\n[struct.PyC]\nadded = '3.2'\n";
        assert_eq!(table(list), Ok(format!("{HEAD}PyA 3.10\nPyB 3.2 MS_WINDOWS\n")));
    }

    #[test]
    fn a_list_that_is_none_is_refused_with_its_fault() {
        assert_eq!(table("[function]\n"), Err("there is no table of kind `data`".to_owned()));
        let said = table("[function.PyA]\nadded = 'now'\n[data]\n").unwrap_err();
        assert_eq!(said, "`PyA` was added in `now`, which is no release");
    }
}
