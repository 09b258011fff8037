//! Each variable that a test or the matrix looks at stands in the book's table, and each of the table is looked at.

use std::collections::BTreeSet;

use interbind_tests::package::repository;
use xtask::book::read;
use xtask::house::{sources, texts};

const PREFIX: &str = "INTERBIND_";

fn is_name(text: &str) -> bool {
    text.starts_with(PREFIX) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// The names that stand alone between quotes in Rust, or are looked for in Python's `os.environ`.
fn asked_for() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources(&[".rs"]) {
        // What a build script hands to its own crate is no setting.
        let compiled = |name: &str| source.text.contains(&format!("env!(\"{name}\")"));
        let names = texts(&source.text).into_iter().map(|(_, text)| text.trim_matches('"').to_owned());
        found.extend(names.filter(|name| is_name(name) && !compiled(name)));
    }
    for source in sources(&[".py"]) {
        for rest in source.text.split("environ").skip(1) {
            let name = rest.split(['"', '\'']).nth(1).unwrap_or_default();
            found.extend(is_name(name).then(|| name.to_owned()));
        }
    }
    // The rest are words of the C API.
    let headers: String = sources(&[".h", ".hpp"]).into_iter().map(|source| source.text).collect();
    let words: BTreeSet<_> =
        headers.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
    found.retain(|name| !words.contains(name.as_str()));
    found
}

#[test]
fn every_setting_stands_in_the_book_s_table() {
    let page = read(&repository().join("docs/src/development.md"));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let listed: Vec<_> = rows.filter(|name| is_name(name)).map(str::to_owned).collect();
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "a setting stands twice: {listed:?}");
    let found = asked_for();
    assert!(found.len() > 10, "settings are looked for in the wrong place");
    let (new, gone): (Vec<_>, Vec<_>) =
        (found.difference(&unique).collect(), unique.difference(&found).collect());
    assert!(new.is_empty() && gone.is_empty(), "the table lacks {new:?}, and nothing looks at {gone:?}");
}

#[test]
fn nothing_is_written_because_a_variable_says_so() {
    let writes: Vec<_> = sources(&[".rs", ".py", "run"])
        .into_iter()
        .filter(|source| {
            let spelled = |name: &str| source.text.contains(&format!("{name}{}", "=write"));
            ["LOCK", "HOUSE", "DOCS", "HEADER", "SEEDS"].iter().any(|name| spelled(name))
        })
        .map(|source| source.path)
        .collect();
    assert!(writes.is_empty(), "`cargo xtask generate` writes files, and a test only compares: {writes:?}");
}
