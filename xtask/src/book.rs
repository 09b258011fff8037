//! The pages of the book, as its tests read them: prose, fenced blocks, headings, anchors and links.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

pub use crate::repository as root;

/// A file's text.
///
/// # Panics
///
/// When it cannot be read.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page below `docs/src`, by its path from there, with `/`.
pub fn pages() -> BTreeMap<String, String> {
    fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, &format!("{prefix}{name}/"), found);
            } else if name.ends_with(".md") {
                found.insert(format!("{prefix}{name}"), read(&path));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&root().join("docs/src"), "", &mut found);
    found
}

/// A fenced block: its word, its text, and the line on which it opens.
pub struct Block<'a> {
    /// What follows the fence: its language.
    pub word: &'a str,
    /// What is between the fences.
    pub text: String,
    /// Its first line in the page, from 1.
    pub line: usize,
    /// What the comment right above it names, `<!-- examples/frame/src/lib.rs:publish -->`: a file from the repository's root,
    /// and an anchor in it.
    pub source: Option<(&'a str, &'a str)>,
}

/// Cuts a page into prose (blocks become empty lines) and blocks.
pub fn cut(page: &str) -> (String, Vec<Block<'_>>) {
    let (mut prose, mut blocks, mut open) = (String::new(), Vec::new(), None::<Block<'_>>);
    let mut above = "";
    for (index, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(word), None) => {
                let named = above.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                let source = named.and_then(|named| named.rsplit_once(':'));
                open = Some(Block { word, text: String::new(), line: index + 1, source });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text += &format!("{line}\n"),
            (None, None) => prose += line,
        }
        prose.push('\n');
        above = line;
    }
    assert!(open.is_none(), "a block isn't closed");
    (prose, blocks)
}

/// The part of a source between `ANCHOR: name` and `ANCHOR_END: name`, moved to the left margin, without the marks of others.
///
/// # Errors
///
/// How often each mark stands there, where that isn't once.
pub fn anchored(source: &str, anchor: &str) -> Result<String, String> {
    let mark = |line: &str| {
        let line =
            line.trim().trim_start_matches("//").trim_start_matches("/*").trim_end_matches("*/").trim();
        let (word, name) = line.split_once(": ")?;
        ["ANCHOR", "ANCHOR_END"].contains(&word).then(|| (word == "ANCHOR", name.to_owned()))
    };
    let (mut kept, mut inside, mut marks) = (Vec::new(), false, [0, 0]);
    for line in source.lines() {
        match mark(line) {
            Some((opens, name)) if name == anchor => {
                inside = opens;
                marks[usize::from(!opens)] += 1;
            }
            Some(_) => {}
            None if inside => kept.push(line),
            None => {}
        }
    }
    if marks != [1, 1] {
        return Err(format!("`{anchor}` starts {} times and ends {} times", marks[0], marks[1]));
    }
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let margin = kept.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    Ok(kept.iter().map(|line| format!("{}\n", line.get(margin..).unwrap_or_default())).collect())
}

/// A heading's anchor, as mdBook makes it.
pub fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_ascii_lowercase()),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.collect()
}

/// The anchors of a page, each once.
pub fn anchors(page: &str) -> BTreeSet<String> {
    let (prose, _) = cut(page);
    let mut found = BTreeSet::new();
    for line in prose.lines() {
        let heading = line.strip_prefix('#').map(|rest| slug(rest.trim_start_matches('#')));
        let explicit = line.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for anchor in heading.into_iter().chain(explicit.map(str::to_owned)) {
            assert!(found.insert(anchor.clone()), "#{anchor} stands twice on a page");
        }
    }
    found
}

/// The targets of a page's inline links.
pub fn links(page: &str) -> Vec<String> {
    let (prose, _) = cut(page);
    prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

/// Cuts a page at its headings of one level; what stands before the first is left out.
pub fn sections<'a>(page: &'a str, mark: &str) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    for part in page.split(&format!("\n{mark} ")).skip(1) {
        found.push(part.split_once('\n').expect("a section under its heading"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{anchored, cut};

    #[test]
    fn an_anchored_part_starts_at_the_margin_and_has_no_marks() {
        let source = "a\n    // ANCHOR: one\n    b\n      c\n\n    /* ANCHOR: two */\n    d\n    // ANCHOR_END: one\ne\n";
        assert_eq!(anchored(source, "one").unwrap(), "b\n  c\n\nd\n");
        assert!(anchored(source, "two").is_err() && anchored(source, "three").is_err());
    }

    #[test]
    fn a_block_names_its_source_in_the_comment_right_above_it() {
        let page = "<!-- a/b.rs:c -->\n```rust\nx\n```\n<!-- a:b -->\n\n```c\n```\n";
        let sources: Vec<_> = cut(page).1.into_iter().map(|block| block.source).collect();
        assert_eq!(sources, [Some(("a/b.rs", "c")), None]);
    }
}
