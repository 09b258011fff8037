//! A line of styled text. Text comes from files that nobody vouches for, so whatever a terminal would obey is made
//! visible here, in the one place through which all of it goes.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A space at which no line is broken; written as an ordinary one.
const NO_BREAK: &str = "\u{a0}";

/// What a piece of text is, which decides how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// What the line is about.
    Strong,
    /// What can be passed over: labels, evidence.
    Dim,
    /// It works.
    Good,
    /// It isn't sure, or may not work.
    Warn,
    /// It doesn't work.
    Bad,
    /// A literal: an id, a command.
    Code,
    /// The part of a literal that differs.
    Differs,
}

impl Role {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Code => AnsiColor::Cyan.on_default(),
            Self::Differs => AnsiColor::Red.on_default().bold().underline(),
        }
    }
}

/// Pieces of text, each with its role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<(Role, String)>,
}

impl Line {
    /// An empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// A line of one piece.
    pub fn of(role: Role, text: impl AsRef<str>) -> Self {
        Self::new().with(role, text)
    }

    /// Ordinary text.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::of(Role::Plain, text)
    }

    /// The line with another piece.
    pub fn with(mut self, role: Role, text: impl AsRef<str>) -> Self {
        self.push(role, text);
        self
    }

    /// The line with all of another.
    pub fn and(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Adds a piece.
    pub fn push(&mut self, role: Role, text: impl AsRef<str>) {
        let text = visible(text.as_ref());
        if !text.is_empty() {
            self.pieces.push((role, text));
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The line with spaces at which it isn't broken.
    pub fn together(mut self) -> Self {
        for (_, text) in &mut self.pieces {
            *text = text.replace(' ', NO_BREAK);
        }
        self
    }

    /// The line, cut so that each command stays in one piece. A command is in backticks and begins with a program's name.
    pub fn with_commands(mut self) -> Self {
        for (_, text) in &mut self.pieces {
            if !text.contains('`') {
                continue;
            }
            let parts: Vec<String> = text
                .split('`')
                .enumerate()
                .map(|(i, part)| {
                    if i % 2 == 1 && is_command(part) { part.replace(' ', NO_BREAK) } else { part.to_owned() }
                })
                .collect();
            *text = parts.join("`");
        }
        self
    }

    /// How many columns of a terminal it takes.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.width()).sum()
    }

    /// The line without the blanks at its end.
    pub fn trimmed(mut self) -> Self {
        while let Some((_, text)) = self.pieces.last_mut() {
            text.truncate(text.trim_end().len());
            if !text.is_empty() {
                break;
            }
            self.pieces.pop();
        }
        self
    }

    /// Lines joined by a separator.
    pub fn join(lines: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        let mut out = Self::new();
        for line in lines.into_iter().filter(|line| !line.is_empty()) {
            // A comma belongs to the word in front of it, also where a line ends.
            match (out.pieces.last_mut(), separator.strip_prefix(',')) {
                (None, _) => {}
                (Some((_, text)), Some(rest)) => {
                    text.push(',');
                    out.push(Role::Plain, rest);
                }
                (Some(_), None) => out.push(Role::Dim, separator),
            }
            out.pieces.extend(line.pieces);
        }
        out
    }

    /// Writes it, with escape sequences or without.
    pub fn render(&self, colour: bool, out: &mut String) {
        for (role, text) in &self.pieces {
            let text = text.replace(NO_BREAK, " ");
            if colour && *role != Role::Plain {
                let style = role.style();
                _ = write!(out, "{style}{text}{style:#}");
            } else {
                out.push_str(&text);
            }
        }
    }

    /// The line cut to a width: its start is kept, and `…` says that there was more.
    pub fn cut_end(&self, width: usize) -> Self {
        if self.width() <= width {
            return self.clone();
        }
        let mut left = width.saturating_sub(1);
        let mut out = Self::new();
        for (role, text) in &self.pieces {
            let kept = prefix(text, left);
            left -= kept.width();
            out.pieces.push((*role, kept.to_owned()));
            if kept.len() < text.len() {
                break;
            }
        }
        out.pieces.push((Role::Dim, "…".to_owned()));
        out
    }

    /// The line cut to a width: its end is kept, which is what tells paths apart.
    pub fn cut_start(&self, width: usize) -> Self {
        if self.width() <= width {
            return self.clone();
        }
        let mut left = width.saturating_sub(1);
        let mut out = Vec::new();
        for (role, text) in self.pieces.iter().rev() {
            let kept = suffix(text, left);
            left -= kept.width();
            out.push((*role, kept.to_owned()));
            if kept.len() < text.len() {
                break;
            }
        }
        out.push((Role::Dim, "…".to_owned()));
        out.reverse();
        Self { pieces: out }
    }

    /// Breaks it into lines of at most `first` and then `rest` columns: at spaces, and inside of a word only when the word
    /// alone is too long. What is to be copied is never broken: a path, a command; it reaches beyond the width.
    pub fn wrap(&self, first: usize, rest: usize) -> Vec<Self> {
        let mut lines = vec![Self::new()];
        let (mut left, mut pending) = (first.max(1), None::<Role>);
        for (role, text) in &self.pieces {
            for (i, word) in text.split(' ').enumerate() {
                if i > 0 {
                    pending = Some(*role);
                }
                let (mut word, space) = (word, usize::from(pending.is_some()));
                if word.is_empty() {
                    continue;
                }
                // A word that goes on in the next piece may be cut there; ours change roles at spaces or brackets.
                let full = left == if lines.len() == 1 { first.max(1) } else { rest.max(1) };
                if word.width() + space > left && !full {
                    lines.push(Self::new());
                    (left, pending) = (rest.max(1), None);
                }
                let inside = lines.last().is_some_and(|line| !line.is_empty());
                if let Some(role) = pending.take().filter(|_| inside && left > 0) {
                    push(&mut lines, role, " ");
                    left -= 1;
                }
                while word.width() > left && !word.contains(['/', '\\', '\u{a0}']) {
                    let head = match prefix(word, left.max(1)) {
                        "" => first_letter(word),
                        head => head,
                    };
                    push(&mut lines, *role, head);
                    word = &word[head.len()..];
                    lines.push(Self::new());
                    left = rest.max(1);
                }
                left = left.saturating_sub(word.width());
                push(&mut lines, *role, word);
            }
        }
        lines
    }
}

/// Whether a text is a command, by its first word; what it sets for the command may stand in front.
pub(super) fn is_command(text: &str) -> bool {
    const PROGRAMS: &[&str] = &[
        "python",
        "python3",
        "pip",
        "interbind",
        "cmake",
        "conda",
        "cargo",
        "env",
        "journalctl",
        "ldd",
        "strings",
        "valgrind",
    ];
    let mut words = text.split(' ').skip_while(|word| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        })
    });
    words.next().is_some_and(|program| PROGRAMS.contains(&program)) && text.contains(' ')
}

/// Adds to the last line; pieces of one role become one, so that their colour is switched on once.
fn push(lines: &mut [Line], role: Role, text: &str) {
    let Some(line) = lines.last_mut() else { return };
    match line.pieces.last_mut() {
        Some((last, kept)) if *last == role => kept.push_str(text),
        _ => line.pieces.push((role, text.to_owned())),
    }
}

/// Text in which whatever a terminal would obey, or hide, stands as an escape.
fn visible(text: &str) -> String {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(obeyed) {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            c if obeyed(c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// The longest start of a text that fits.
fn prefix(text: &str, width: usize) -> &str {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        taken += c.width().unwrap_or(0);
        if taken > width {
            return &text[..at];
        }
    }
    text
}

/// The longest end of a text that fits.
fn suffix(text: &str, width: usize) -> &str {
    let mut taken = 0;
    for (at, c) in text.char_indices().rev() {
        taken += c.width().unwrap_or(0);
        if taken > width {
            return &text[at + c.len_utf8()..];
        }
    }
    text
}

fn first_letter(text: &str) -> &str {
    let end = text.chars().next().map_or(0, char::len_utf8);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &Line) -> String {
        let mut out = String::new();
        line.render(false, &mut out);
        out
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        let line = Line::plain("a\u{1b}[31mb\u{202e}c\nd");
        assert_eq!(text(&line), "a\\u{1b}[31mb\\u{202e}c\\nd");
    }

    #[test]
    fn a_cut_line_has_just_the_width_and_says_so() {
        let line = Line::plain("site-packages/").with(Role::Strong, "numpy/_core.so");
        assert_eq!(text(&line.cut_start(10)), "…/_core.so");
        assert_eq!(text(&line.cut_end(10)), "site-pack…");
        assert_eq!(text(&line.cut_end(80)), "site-packages/numpy/_core.so");
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing_but_spaces() {
        let line = Line::plain("one two ")
            .with(Role::Strong, "three-and-a-half")
            .with(Role::Plain, " four 漢字漢字漢字");
        for width in 1..40 {
            let lines = line.wrap(width, width);
            // A letter of two columns can't be cut.
            assert!(lines.iter().all(|line| line.width() <= width.max(2)), "{width}: {lines:?}");
            let joined: String = lines.iter().map(text).collect();
            assert_eq!(joined.replace(' ', ""), text(&line).replace(' ', ""), "{width}");
        }
    }

    #[test]
    fn a_command_and_a_path_are_in_one_line_at_any_width() {
        let command = "python -m pip install --force-reinstall --no-cache-dir frame";
        let path = "/srv/.venv/lib/python3.12/site-packages/frame/_native.abi3.so";
        let line =
            Line::plain(format!("install it anew: `{command}`, then read {path} again")).with_commands();
        for width in 1..120 {
            let lines: Vec<String> = line.wrap(width, width).iter().map(text).collect();
            assert!(lines.iter().any(|line| line.contains(command)), "{width}: {lines:#?}");
            assert!(lines.iter().any(|line| line.contains(path)), "{width}: {lines:#?}");
        }
        assert!(
            is_command("LD_PRELOAD=/x.so python script.py") && !is_command("python") && !is_command("a b")
        );
    }

    #[test]
    fn text_without_colour_has_no_escape_sequence() {
        let line = Line::of(Role::Bad, "isolated").with(Role::Plain, ": why");
        assert_eq!(text(&line), "isolated: why");
        let mut coloured = String::new();
        line.render(true, &mut coloured);
        assert_eq!(coloured, "\u{1b}[1m\u{1b}[31misolated\u{1b}[0m: why");
    }
}
