//! `tests/unsafe-files.txt`: every file with unsafe code, so that a new one is seen in review.

use crate::house::sources;

const HEAD: &str = "\
# Every file with the word `unsafe` in its code; the macros' files write it into their expansions.
# A new one is a decision: `cargo xtask generate unsafe-list` writes the list anew.
";

/// The list.
pub fn text() -> String {
    let found = sources(&[".rs"]).into_iter().filter(|source| has_word(&source.code(), "unsafe"));
    let paths: String = found.map(|source| source.path + "\n").collect();
    format!("{HEAD}{paths}")
}

/// Tells whether a word stands in a text by itself.
pub fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|found| found == word)
}
