//! This project's own errors. They have one shape throughout: what failed, with a reason in parentheses; each part that
//! differs with both values; the two sides; a fix. So they are read, not only recognised.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use interbind_abi::reason::Reason;
use regex::Regex;
use serde::Deserialize;

use super::meaning::{Meaning, Step};
use super::search::shown;
use super::text::Text;
use crate::facts::FrameworkKind;

/// What the error index says of a reason.
#[derive(Clone, Debug, Deserialize)]
struct Indexed {
    slug: String,
    means: String,
    causes: Vec<String>,
    #[serde(rename = "do")]
    what_to_do: String,
}

static INDEX: LazyLock<Vec<Indexed>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        reason: Vec<Indexed>,
    }
    let file: File = toml::from_str(include_str!("reasons.toml")).expect("a test reads it");
    file.reason
});

/// A message's first line: what failed, and the reason.
static FIRST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?m)^(.*) \(([a-z0-9-]{4,40})\)[.'"`]*$"#).expect("a checked pattern"));

/// A part that differs.
static PART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(.{1,200}): provider has (.{1,300}), this module expects (.{1,300})$")
        .expect("a checked pattern")
});

/// How the first lines begin of what we refuse. A slug is an ordinary word or two: behind another line it may be anybody's.
static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    let verbs = "answer|borrow|bridge|call|import|look for|make|publish|serve|share|use|view";
    Regex::new(&format!(r"(?:^|\b)(?:cannot (?:{verbs}) |`interbind\._runtime` failed )"))
        .expect("a checked pattern")
});

/// How many of our errors are told of one text, and how many lines belong to one.
const MOST: usize = 50;
const LINES: usize = 60;

/// Finds our own errors.
pub(super) fn ours(text: &Text) -> Vec<Meaning> {
    let mut found: Vec<Meaning> = Vec::new();
    for first in FIRST.captures_iter(&text.clean) {
        let Ok(reason) = first[2].parse::<Reason>() else { continue };
        let whole = first.get(0).expect("group 0 is the match");
        let mut meaning = of(reason);
        meaning.text = shown(&first[1]);
        meaning.line = text.line_of(whole.start());
        let is_ours = read(&mut meaning, text.clean[whole.end()..].lines().skip(1).take(LINES));
        if !is_ours && !BEGINS.is_match(&first[1]) {
            continue;
        }
        if let Some(other) =
            found.iter_mut().find(|other| other.rule == meaning.rule && other.text == meaning.text)
        {
            other.times += 1;
        } else if found.len() < MOST {
            found.push(meaning);
        }
    }
    found
}

/// What a reason means, where nothing but its slug is known.
pub(super) fn of(reason: Reason) -> Meaning {
    let indexed = INDEX.iter().find(|indexed| indexed.slug == reason.slug());
    let words = |of: fn(&Indexed) -> String| indexed.map(of).unwrap_or_default();
    Meaning {
        rule: reason.slug().to_owned(),
        framework: Some(FrameworkKind::Interbind),
        title: sentence(reason.summary()),
        text: reason.slug().to_owned(),
        line: 1,
        times: 1,
        names: BTreeMap::new(),
        means: words(|indexed| indexed.means.clone()),
        seen: Vec::new(),

        here: Vec::new(),
        causes: indexed.map(|indexed| indexed.causes.clone()).unwrap_or_default(),
        next: vec![Step { say: words(|indexed| indexed.what_to_do.clone()), command: None }],
        sources: Vec::new(),
    }
}

/// Reads the lines behind the first; tells whether one of them is as we write them.
fn read<'a>(meaning: &mut Meaning, lines: impl Iterator<Item = &'a str>) -> bool {
    let mut is_ours = false;
    for line in lines {
        if let Some(part) = PART.captures(line) {
            is_ours = true;
            meaning
                .seen
                .push(format!("{}: provider has {}, consumer expects {}", &part[1], &part[2], &part[3]));
        } else if let Some((side, who)) = line.split_once(": ").filter(|(side, _)| SIDES.contains(side)) {
            is_ours = true;
            meaning
                .names
                .insert(side.trim_start_matches("the ").replace("core's owner", "owner"), who.to_owned());
        } else if let Some(fix) = line.strip_prefix("fix: ") {
            meaning.next.insert(0, Step { say: sentence(fix), command: None });
            return true;
        } else if line.is_empty() || line.contains("Error: ") || line.starts_with("Traceback") {
            break;
        }
    }
    is_ours
}

const SIDES: &[&str] = &["provider", "consumer", "the core's owner"];

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: &str = "Traceback (most recent call last):
  File \"x.py\", line 3, in <module>
TypeError: cannot borrow 'frame.Point' as org.frame.Point ^1.2.0 (layout-differs)
  Point (size): provider has 16, this module expects 12
  Point.z: provider has no such field, this module expects f32 @8
  provider: frame 2.0.4 (frame.so), interbind 0.1.0, rustc 1.95.0
  consumer: stale 0.3.1 (stale.so), interbind 0.1.0, rustc 1.95.0
  fix: rebuild stale and frame against the same declaration of org.frame.Point

Something else: provider has nothing, this module expects no end
";

    #[test]
    fn each_part_both_sides_and_the_fix_are_read() {
        let found = ours(&Text::new(ERROR.as_bytes()));
        let [meaning] = &found[..] else { panic!("{found:#?}") };
        assert_eq!((meaning.rule.as_str(), meaning.line), ("layout-differs", 3));
        assert_eq!(meaning.seen.len(), 2);
        assert_eq!(meaning.names["provider"], "frame 2.0.4 (frame.so), interbind 0.1.0, rustc 1.95.0");
        assert!(meaning.next[0].say.starts_with("Rebuild stale and frame"));
        assert!(!meaning.causes.is_empty());
    }

    #[test]
    fn a_slug_alone_behind_a_line_is_nobodys() {
        assert!(ours(&Text::new(b"the process is frozen (frozen)\nfoo\n")).is_empty());
    }

    /// The index in the book and ours are one: this reads the book's.
    #[test]
    fn every_reason_says_what_the_error_index_says() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/errors.md");
        let Ok(book) = std::fs::read_to_string(file) else { return };
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for &reason in Reason::ALL {
            let head = format!("\n## {}\n", reason.slug());
            let section = book.split_once(&head).map(|(_, rest)| rest.split("\n## ").next().unwrap_or(rest));
            let section = flat(section.unwrap_or_else(|| panic!("{reason} isn't in the error index")));
            let meaning = of(reason);
            for words in meaning.causes.iter().chain([&meaning.means, &meaning.next[0].say]) {
                assert!(
                    !words.is_empty() && section.contains(words),
                    "{reason}: the index doesn't say `{words}`"
                );
            }
            let count = section.split("**What to do.**").next().unwrap_or("").matches(" - ").count();
            assert_eq!(meaning.causes.len(), count, "{reason}: the index has other causes");
        }
    }
}
