//! The book's table of operations and faults: how many kinds of classes try each. A test compares it with what the driver
//! says of itself.

use std::fmt::Write as _;

use super::faults::{modes, never};
use super::kinds::KINDS;

/// What stands in front of the table, and behind it.
pub const AROUND: (&str, &str) =
    ("<!-- faults: a test compares this table -->\n", "<!-- end of faults -->\n");

/// The table in Markdown, of the kinds that have each operation. A cell that no kind tries gets a note that says why.
///
/// # Panics
/// When nothing says why.
pub fn markdown(operations: &[(String, Vec<String>)]) -> String {
    let modes: Vec<_> = modes().collect();
    let mut text = String::from("| operation |");
    let mut rule = String::from("|---|");
    for mode in &modes {
        let _ = write!(text, " `{mode}` |");
        rule.push_str("---:|");
    }
    let _ = writeln!(text, "\n{rule}");
    let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
    for (operation, names) in operations {
        let kinds: Vec<_> = KINDS.iter().filter(|kind| names.iter().any(|name| name == kind.name)).collect();
        let _ = write!(text, "| `{operation}` |");
        for mode in &modes {
            let tried = kinds.iter().filter(|kind| never(kind, mode).is_none()).count();
            if tried > 0 {
                let _ = write!(text, " {tried} |");
                continue;
            }
            let why = kinds.iter().find_map(|kind| never(kind, mode));
            let why =
                why.unwrap_or_else(|| panic!("nothing tries {mode} in {operation}, and nothing says why"));
            let number = notes.iter().position(|(note, _)| *note == why).unwrap_or(notes.len());
            if number == notes.len() {
                notes.push((why, Vec::new()));
            }
            if !notes[number].1.contains(mode) {
                notes[number].1.push(mode);
            }
            text.push_str(" – |");
        }
        text.push('\n');
    }
    for (why, modes) in notes {
        let modes: Vec<_> = modes.iter().map(|mode| format!("`{mode}`")).collect();
        let _ = writeln!(text, "\nNot {}: {why}.", modes.join(", "));
    }
    text
}
