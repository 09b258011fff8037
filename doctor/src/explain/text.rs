//! Text as people paste it: bytes of any kind become lines without colours, escapes, log prefixes and boxes.
//!
//! White space is squeezed, and a line's end stays one byte, so that a place in the cleaned text leads back to its line.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::{escapes, wrap};

/// Of more than this only the end is read: what went wrong stands last.
const LONGEST: usize = 32 << 20;

/// Of more than this lines aren't joined: nobody copies that much from a terminal.
const LONGEST_GLUED: usize = 1 << 20;

/// What stands in front of a line and isn't the message's: quote marks, pytest's margin, times, log levels, containers.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    let alternatives = [
        r"E\s{2,}",
        r"[>|│┃║╎]+\s*",
        r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\s+",
        r"\d\d:\d\d:\d\d(?:[.,]\d+)?\s+",
        r"\w{3} +\d+ \d\d:\d\d:\d\d \S+ \S+\[\d+\]:\s",
        r"\[(?:rank|worker|pid|INFO|WARN|ERROR|DEBUG|CRITICAL|\d{4}-)[^\]]{0,60}\]:?\s*",
        r"\((?:\w+ )?pid=\d+[^)]{0,60}\)\s*",
        r"(?:INFO|WARNING|ERROR|DEBUG|CRITICAL|FATAL)\s*[:|-]\s*",
        r"[\w.-]{1,40}\s{1,20}\|\s",
        r"#\d+ \d+\.\d+\s",
    ];
    Regex::new(&format!(r"^\s*(?:{})", alternatives.join("|"))).expect("a checked pattern")
});

/// Colours, cursor movements, titles, links.
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|\x9b[0-?]*[@-~]";
    Regex::new(pattern).expect("a checked pattern")
});

/// A cleaned text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// The text; lines end with one `\n`.
    pub(super) clean: String,
    /// Where lines start, and their numbers in what was given.
    starts: Vec<(usize, u64)>,
    /// Size of what was given.
    pub(super) bytes: u64,
    /// Whether only the end was read.
    pub(super) cut: bool,
    /// Whether some of it was no text.
    pub(super) lossy: bool,
}

impl Text {
    /// Cleans bytes.
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self::of_at_most(LONGEST, bytes)
    }

    fn of_at_most(longest: usize, bytes: &[u8]) -> Self {
        let cut = bytes.len() > longest;
        let read = if cut { &bytes[bytes.len() - longest..] } else { bytes };
        let decoded = decode(read);
        let lossy = decoded.contains('\u{fffd}');
        let mut text = Self::empty(bytes.len() as u64, cut, lossy);
        text.clean.reserve(decoded.len());
        for (number, line) in lines(&decoded) {
            text.push(number, line);
        }
        text
    }

    fn empty(bytes: u64, cut: bool, lossy: bool) -> Self {
        Self { clean: String::new(), starts: Vec::new(), bytes, cut, lossy }
    }

    /// The text with the lines whole again that a terminal broke; none: no terminal did.
    pub(super) fn unwrapped(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let decoded = decode(bytes);
        let bare: Vec<(u64, Cow<'_, str>)> =
            lines(&decoded).map(|(number, line)| (number, without_colours(line.trim_end()))).collect();
        let whole = wrap::unwrapped(bare.iter().map(|(number, line)| (*number, &**line)))?;
        let mut text = Self::empty(bytes.len() as u64, false, decoded.contains('\u{fffd}'));
        for (number, line) in whole {
            text.push(number, &line);
        }
        Some(text)
    }

    fn push(&mut self, number: u64, line: &str) {
        let line = without_colours(line);
        let line = escapes::unescaped(&line);
        for line in line.split('\n') {
            self.push_line(number, line);
        }
    }

    fn push_line(&mut self, number: u64, line: &str) {
        let mut rest = line.trim_end_matches(|c: char| c.is_whitespace() || "│┃║".contains(c));
        for _ in 0..4 {
            let Some(prefix) = PREFIX.find(rest) else { break };
            rest = &rest[prefix.end()..];
        }
        self.starts.push((self.clean.len(), number));
        let mut space = true;
        for c in rest.chars() {
            let c = straight(c);
            let blank = c.is_whitespace() || c.is_control();
            if !(blank && space) {
                self.clean.push(if blank { ' ' } else { c });
            }
            space = blank;
        }
        if self.clean.ends_with(' ') {
            self.clean.pop();
        }
        self.clean.push('\n');
    }

    /// Joins the lines without a space: for a terminal that broke them in the middle of words.
    pub(super) fn glued(&self) -> Self {
        let skip = self.clean.len().saturating_sub(LONGEST_GLUED);
        let first = self.starts.partition_point(|&(start, _)| start < skip);
        let from = self.starts.get(first).map_or(self.clean.len(), |&(start, _)| start);
        let mut glued = Self { clean: String::new(), starts: Vec::new(), ..*self };
        for (line, &(_, number)) in self.clean[from..].lines().zip(&self.starts[first..]) {
            glued.starts.push((glued.clean.len(), number));
            glued.clean.push_str(line);
        }
        glued
    }

    /// How many lines were given.
    pub(super) fn lines(&self) -> u64 {
        self.starts.last().map_or(0, |&(_, number)| number)
    }

    /// The line a place of the cleaned text is on.
    pub(super) fn line_of(&self, place: usize) -> u64 {
        let after = self.starts.partition_point(|&(start, _)| start <= place);
        self.starts.get(after.saturating_sub(1)).map_or(1, |&(_, number)| number)
    }

    /// A piece of the cleaned text of about `before` and `after` bytes round a place.
    pub(super) fn window(&self, place: usize, before: usize, after: usize) -> (usize, &str) {
        let mut start = place.saturating_sub(before);
        while !self.clean.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = place.saturating_add(after).min(self.clean.len());
        while !self.clean.is_char_boundary(end) {
            end += 1;
        }
        (start, &self.clean[start..end])
    }
}

/// The lines, with their numbers. A lone carriage return is a progress bar that starts its line again.
fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.split('\n').flat_map(|line| line.trim_end_matches('\r').split('\r')))
}

fn without_colours(line: &str) -> Cow<'_, str> {
    if line.contains(['\x1b', '\u{9b}']) { ESCAPE.replace_all(line, "") } else { line.into() }
}

/// Reads UTF-8, or UTF-16 with a mark, as PowerShell writes it.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |one: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| one([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// Quotes as word processors, chats and some linkers write them become those of the messages.
fn straight(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        Text::new(text.as_bytes()).clean
    }

    #[test]
    fn colours_windows_newlines_and_tabs_are_gone() {
        assert_eq!(
            clean("\x1b[31mImport\x1b[0mError:\tno\r\nnext  line\r\n"),
            "ImportError: no\nnext line\n\n"
        );
        assert_eq!(clean("\x1b]8;;file:///x\x1b\\link\x1b]8;;\x07"), "link\n");
    }

    #[test]
    fn prefixes_of_logs_tests_and_containers_are_gone() {
        for line in [
            "E   TypeError: x",
            "> TypeError: x",
            "2026-01-02T03:04:05.678Z ERROR: TypeError: x",
            "web-1  | TypeError: x",
            "[rank0]: TypeError: x",
            "(worker pid=77, ip=10.0.0.1) TypeError: x",
            "#12 3.456 TypeError: x",
            "│ TypeError: x          │",
            "Jan  2 03:04:05 host python[99]: TypeError: x",
        ] {
            assert_eq!(clean(line), "TypeError: x\n", "{line}");
        }
    }

    #[test]
    fn what_powershell_writes_is_read() {
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("naïve".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(Text::new(&wide).clean, "naïve\n");
    }

    #[test]
    fn bytes_that_are_no_text_are_said_to_be_there() {
        let text = Text::new(b"a\xff\xfeb\x00c");
        assert!(text.lossy);
        assert!(text.clean.starts_with('a') && text.clean.ends_with("c\n"));
    }

    #[test]
    fn a_place_leads_back_to_its_line() {
        let text = Text::new(b"one\n\ntwo words\nthree");
        assert_eq!(text.line_of(0), 1);
        assert_eq!(text.line_of(text.clean.find("words").unwrap()), 3);
        assert_eq!(text.line_of(text.clean.find("three").unwrap()), 4);
        assert_eq!(text.glued().line_of(text.glued().clean.find("three").unwrap()), 4);
        assert_eq!(text.lines(), 4);
    }

    #[test]
    fn of_a_text_beyond_all_measure_the_end_is_read() {
        let text = Text::of_at_most(20, b"what started long ago\nthe end");
        assert!(text.cut && text.clean.ends_with("the end\n") && text.clean.len() < 22);
    }
}
