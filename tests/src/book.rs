//! The pages of the book, as its tests read them: prose, fenced blocks, headings, anchors and links.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace's folder")
}

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
}

/// Cuts a page into prose (blocks become empty lines) and blocks.
pub fn cut(page: &str) -> (String, Vec<Block<'_>>) {
    let (mut prose, mut blocks, mut open) = (String::new(), Vec::new(), None::<Block<'_>>);
    for (index, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(word), None) => open = Some(Block { word, text: String::new(), line: index + 1 }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text += &format!("{line}\n"),
            (None, None) => prose += line,
        }
        prose.push('\n');
    }
    assert!(open.is_none(), "a block isn't closed");
    (prose, blocks)
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
