//! The sources of this repository, as the rules of the house see them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::repository;

/// Folders that hold nothing of ours.
const ELSEWHERE: &[&str] = &["target", "__pycache__", "node_modules", "book"];

/// A source file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path from the repository's root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Returns the text in front of the file's own tests.
    pub fn without_tests(&self) -> &str {
        let end = self.text.find("\n#[cfg(test)]\nmod tests").unwrap_or(self.text.len());
        &self.text[..end]
    }

    /// Returns the code: no comments, and nothing inside quotes.
    pub fn code(&self) -> String {
        code(&self.text)
    }
}

/// Reads every text file of the repository with one of these endings, in order.
pub fn sources(endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&repository(), endings, &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let path = path.strip_prefix(repository()).expect("it was found there");
        Source { path: path.to_string_lossy().replace('\\', "/"), text }
    };
    found.into_iter().map(read).collect()
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if (name.starts_with('.') && name != ".ci") || ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(&path, endings, found);
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// What a part of Rust code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Character,
    Text,
}

/// Cuts Rust code into parts; code comes letter by letter.
fn parts(text: &str) -> Vec<(Part, &str)> {
    let mut parts = Vec::new();
    let (mut rest, mut before) = (text, None);
    while let Some(first) = rest.chars().next() {
        let (part, length) = if rest.starts_with("//") {
            (Part::Comment, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (Part::Comment, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if let Some(length) = raw_text(rest, before) {
            (Part::Text, length)
        } else if first == '"' {
            (Part::Text, quoted(rest, '"'))
        } else if is_character(rest) {
            (Part::Character, quoted(rest, '\''))
        } else {
            (Part::Code, first.len_utf8())
        };
        before = (part == Part::Code).then_some(first);
        let (this, behind) = rest.split_at(length);
        parts.push((part, this));
        rest = behind;
    }
    parts
}

/// Blanks comments, texts and characters of Rust code, and keeps its lines.
pub fn code(text: &str) -> String {
    let blank = |letter| if letter == '\n' { '\n' } else { ' ' };
    let mut out = String::with_capacity(text.len());
    for (part, this) in parts(text) {
        match part {
            Part::Code => out.push_str(this),
            Part::Comment | Part::Character | Part::Text => out.extend(this.chars().map(blank)),
        }
    }
    out
}

/// Finds the texts of Rust code: the line on which each starts, and what stands in it, quotes included.
pub fn texts(text: &str) -> Vec<(usize, &str)> {
    let (mut line, mut found) = (1, Vec::new());
    for (part, this) in parts(text) {
        if part == Part::Text {
            found.push((line, this));
        }
        line += this.matches('\n').count();
    }
    found
}

/// The length of a raw text at the start of `rest`, if one starts there.
fn raw_text(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
        return None;
    }
    let inner =
        rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let hashes = inner.len() - inner.trim_start_matches('#').len();
    let body = inner[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = rest.len() - body.len();
    Some(body.find(&end).map_or(rest.len(), |at| start + at + end.len()))
}

/// The length of a quoted text at the start of `rest`.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// Tells a character from a lifetime.
fn is_character(rest: &str) -> bool {
    let mut letters = rest.chars();
    letters.next() == Some('\'')
        && match letters.next() {
            Some('\\') => true,
            Some(_) => letters.next() == Some('\''),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::{code, texts};

    #[test]
    fn comments_and_texts_are_no_code() {
        let text = "a /* b */ c // d\n'e' 'f r#\"g \" h\"# \"i \\\" j\" k '\\'' l";
        let words: Vec<_> = code(text).split_whitespace().map(str::to_owned).collect();
        assert_eq!(words, ["a", "c", "'f", "k", "l"]);
    }

    #[test]
    fn a_text_starts_on_its_line_and_may_have_several() {
        let text = "a \"b\nc\" // \"d\"\n'\"' r#\"e\"#";
        assert_eq!(texts(text), [(1, "\"b\nc\""), (3, "r#\"e\"#")]);
    }
}
