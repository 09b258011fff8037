//! Lines that a terminal broke at its width: what was one line is several of the same length, broken in the middle of words.

use std::sync::LazyLock;

use regex::Regex;

/// A terminal narrower than this breaks nearly everything, and one wider hardly anything.
const NARROWEST: usize = 30;
const WIDEST: usize = 400;
/// Widths that terminals and editors have by themselves; of others one line alone proves nothing.
const USUAL: &[usize] = &[40, 60, 64, 70, 72, 76, 78, 79, 80, 96, 100, 119, 120, 128, 132, 140, 160, 200];
/// More than anybody copies from a terminal.
const LONGEST: usize = 1 << 20;

/// How a line begins that is no other's rest.
static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"^(?:\s|Traceback|During handling|The above exception|File "|[\w.]{1,80}(?:Error|Exception|Warning|Exit)\b|note: |thread '|\$ |>>> )"#;
    Regex::new(pattern).expect("a checked pattern")
});

/// The lines as they were before a terminal broke them, each with the number of its first; none: no terminal did.
pub(super) fn unwrapped<'a>(
    lines: impl Iterator<Item = (u64, &'a str)> + Clone,
) -> Option<Vec<(u64, String)>> {
    if lines.clone().map(|(_, line)| line.len() + 1).sum::<usize>() > LONGEST {
        return None;
    }
    // A block that was quoted as a whole is indented as a whole.
    let filled = lines.clone().filter(|(_, line)| !line.trim().is_empty());
    let indent = filled.clone().map(|(_, line)| line.len() - line.trim_start_matches(' ').len()).min()?;
    let bare = |line: &'a str| line.get(indent..).unwrap_or("");
    let lines: Vec<(u64, &str)> = lines.map(|(number, line)| (number, bare(line))).collect();
    let widths: Vec<usize> = lines.iter().map(|(_, line)| line.chars().count()).collect();
    let width = widths.iter().copied().max()?;
    if !(NARROWEST..=WIDEST).contains(&width) {
        return None;
    }
    let broken = |at: usize| {
        widths[at] == width
            && lines.get(at + 1).is_some_and(|(_, next)| {
                // The break may stand before a space; what is indented has more of them.
                let next = next.strip_prefix(' ').unwrap_or(next);
                next.starts_with(|c: char| !c.is_whitespace()) && !(BEGINS.is_match(next))
            })
    };
    let count = (0..lines.len()).filter(|&at| broken(at)).count();
    if count == 0 || count == 1 && !USUAL.contains(&width) {
        return None;
    }
    let mut whole: Vec<(u64, String)> = Vec::new();
    let mut joins = false;
    for (at, (number, line)) in lines.iter().enumerate() {
        match whole.last_mut().filter(|_| joins) {
            Some((_, last)) => last.push_str(line),
            None => whole.push((*number, (*line).to_owned())),
        }
        joins = broken(at);
        // Where the break took the place of a space, it was copied as none.
        let next = lines.get(at + 1).map_or("", |(_, next)| next);
        let after_space = widths[at] + 1 == width
            && next.starts_with(|c: char| c.is_alphanumeric() || "'\"(<[".contains(c))
            && !BEGINS.is_match(next);
        if after_space && let Some((_, last)) = whole.last_mut() {
            last.push(' ');
            joins = true;
        }
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> Option<Vec<String>> {
        let lines = text.lines().zip(1..).map(|(line, number)| (number, line));
        Some(unwrapped(lines)?.into_iter().map(|(_, line)| line).collect())
    }

    #[test]
    fn a_long_line_that_was_broken_at_any_width_is_whole_again() {
        let long = format!(
            "ImportError: /opt/venv/lib/x.so: undefined symbol: _ZN3c105Error{}Ss",
            "C2ENS_14Source".repeat(20)
        );
        let text = format!("Traceback (most recent call last):\n  File \"x.py\"\n{long}\n");
        for width in [40, 60, 72, 80, 100] {
            let hard: String = text
                .lines()
                .flat_map(|line| line.as_bytes().chunks(width))
                .map(|line| format!("    {}\n", String::from_utf8_lossy(line)))
                .collect();
            assert_eq!(joined(&hard).unwrap().last(), Some(&long), "{width}");
        }
    }

    #[test]
    fn lines_that_nobody_broke_stay_as_they_are() {
        for text in [
            "TypeError: Unregistered type : ns::Traced\n\nThe above exception was\n",
            "a line that happens to be the longest of all\nTypeError: Unregistered type : ns::T\n",
            "TypeError: Unregistered type : ns::SomeType\nnext\n",
        ] {
            assert_eq!(joined(text), None, "{text}");
        }
    }
}
