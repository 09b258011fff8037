//! The rules of the doctor's findings: what is meant by the word that stands with one in a report, an annotation, a log.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::meaning::{Meaning, Step};
use crate::facts::FrameworkKind;

/// What the book says of a rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    slug: String,
    title: String,
    means: String,
    harm: String,
    fix: String,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        rule: Vec<Rule>,
    }
    let file: File = toml::from_str(include_str!("rules.toml")).expect("a test reads it");
    file.rule
});

/// What a rule's slug means.
pub(super) fn of(slug: &str) -> Option<Meaning> {
    let rule = RULES.iter().find(|rule| rule.slug == slug)?;
    Some(Meaning {
        rule: rule.slug.clone(),
        framework: Some(FrameworkKind::Interbind),
        title: rule.title.clone(),
        text: rule.slug.clone(),
        line: 1,
        times: 1,
        names: BTreeMap::new(),
        means: rule.means.clone(),
        seen: Vec::new(),

        here: Vec::new(),
        causes: vec![rule.harm.clone()],
        next: vec![Step { say: rule.fix.clone(), command: None }],
        sources: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page in the book and ours are one: this reads the book's.
    #[test]
    fn every_rule_says_what_the_book_says() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/doctor/findings.md");
        let Ok(book) = std::fs::read_to_string(file) else { return };
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let sections: Vec<(String, String)> = book
            .split("\n## ")
            .skip(1)
            .map(|section| section.split_once('\n').expect("a head and a text"))
            .map(|(slug, text)| (slug.trim().to_owned(), flat(text)))
            .collect();
        for (slug, text) in &sections {
            let rule = RULES.iter().find(|rule| &rule.slug == slug);
            let rule = rule.unwrap_or_else(|| panic!("`{slug}` isn't in rules.toml"));
            for words in [&rule.means, &rule.harm, &rule.fix] {
                assert!(
                    !words.is_empty() && text.contains(words.as_str()),
                    "{slug}: the book doesn't say `{words}`"
                );
            }
        }
        assert_eq!(RULES.len(), sections.len());
    }

    /// Every rule that the sources give has its page.
    #[test]
    fn every_rule_of_the_sources_is_known() {
        fn sources(folder: &std::path::Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    sources(&path, found);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    found.push(std::fs::read_to_string(&path).expect("a source is text"));
                }
            }
        }
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut texts = Vec::new();
        for folder in ["src", "../cli/src"] {
            sources(&here.join(folder), &mut texts);
        }
        let rule = regex::Regex::new(r#"\brule: "([a-z0-9-]{4,})"|\bfinding\(\s*"([a-z0-9-]{4,})""#)
            .expect("a pattern");
        let mut missing = Vec::new();
        for text in &texts {
            for found in rule.captures_iter(text) {
                let slug = found.get(1).or_else(|| found.get(2)).expect("one of them").as_str();
                if of(slug).is_none() {
                    missing.push(slug.to_owned());
                }
            }
        }
        assert!(missing.is_empty(), "without a page: {missing:?}");
    }
}
