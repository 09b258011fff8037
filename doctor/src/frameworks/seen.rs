//! An image and the places of the fingerprints in it, as the frameworks' files ask for them. Every reading is bounded.

use crate::binary::{Image, cut_text, text_at};
use crate::facts::{Claim, Evidence, Framework, FrameworkKind, Role, Source, Versions};
use crate::scan::Hits;

/// How many places of one fingerprint are read: more of the same tell nothing new.
const MOST_READ: usize = 2048;
/// How far before a place a text may begin.
const LONGEST_BEFORE: usize = 512;
/// How many pieces of evidence of one kind are kept.
pub(super) const MOST_EVIDENCE: usize = 4;

/// What a framework's file looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a, 'i> {
    pub image: &'a Image<'i>,
    hits: &'a Hits,
}

impl<'a, 'i> Seen<'a, 'i> {
    pub fn new(image: &'a Image<'i>, hits: &'a Hits) -> Self {
        Self { image, hits }
    }

    /// Whether the file is a reader such as this one.
    pub fn holds_every_fingerprint(&self) -> bool {
        self.hits.of_the_table()
    }

    /// The places of a fingerprint.
    pub fn places(&self, name: &str) -> impl Iterator<Item = u64> + use<'a> {
        self.hits.of(name).iter().copied().take(MOST_READ)
    }

    /// The NUL-terminated texts from a fingerprint on, unless a sentence mentions it.
    pub fn from(&self, name: &str) -> impl Iterator<Item = (u64, &'i str)> + use<'a, 'i> {
        let data = self.image.data;
        let mention = |byte: u8| matches!(byte, b' ' | b'`' | b'\'' | b'"' | b'(');
        let alone = move |at: &u64| before(data, *at).is_none_or(|byte| !mention(byte));
        self.places(name).filter(alone).filter_map(move |at| Some((at, text_at(data, at)?)))
    }

    /// The NUL-terminated texts that begin with a fingerprint: it isn't the end of a longer word. Other bytes may stand before
    /// it, because some linkers put constants and texts side by side.
    pub fn beginning(&self, name: &str) -> impl Iterator<Item = (u64, &'i str)> + use<'a, 'i> {
        let data = self.image.data;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        self.from(name).filter(move |(at, _)| before(data, *at).is_none_or(|byte| !word(byte)))
    }

    /// The NUL-terminated texts that hold a fingerprint, each from its beginning.
    pub fn holding(&self, name: &str) -> impl Iterator<Item = (u64, &'i str)> + use<'a, 'i> {
        let data = self.image.data;
        self.places(name).filter_map(move |at| {
            let end = usize::try_from(at).ok()?;
            let window = data.get(end.saturating_sub(LONGEST_BEFORE)..end)?;
            let length = window.iter().rev().take_while(|byte| matches!(byte, 0x20..=0x7e)).count();
            let start = at - length as u64;
            Some((start, text_at(data, start)?))
        })
    }

    /// The NUL-terminated text at a place.
    pub fn text(&self, at: u64) -> Option<&'i str> {
        text_at(self.image.data, at)
    }

    /// The printable text at a place, ended by anything, of at most `most` bytes.
    pub fn printable(&self, at: u64, most: usize) -> &'i str {
        let rest = usize::try_from(at).ok().and_then(|at| self.image.data.get(at..)).unwrap_or_default();
        let length = rest.iter().take(most).take_while(|byte| matches!(byte, 0x20..=0x7e)).count();
        std::str::from_utf8(&rest[..length]).unwrap_or_default()
    }

    /// Whether a text, ended by a NUL, stands at a place.
    pub fn is_at(&self, at: u64, text: &str) -> bool {
        let rest = usize::try_from(at).ok().and_then(|at| self.image.data.get(at..));
        rest.and_then(|rest| rest.strip_prefix(text.as_bytes())).is_some_and(|rest| rest.first() == Some(&0))
    }

    /// Whether a text, and nothing before or behind it, stands at a place.
    pub fn is_whole(&self, at: u64, text: &str) -> bool {
        // `?` and `@` end numbers such as 1.0 and 2.0, which compilers put in front of texts.
        let alone = before(self.image.data, at)
            .is_none_or(|byte| !matches!(byte, 0x20..=0x7e) || matches!(byte, b'?' | b'@'));
        alone && self.is_at(at, text)
    }

    /// The exported symbols for which something is true, as evidence.
    pub fn exports(&self, is: impl Fn(&str) -> bool) -> Vec<Evidence> {
        let found = self.image.exports.iter().filter(|export| is(&export.name)).take(MOST_EVIDENCE);
        found
            .map(|export| Evidence::new(Source::Symbol, format!("exports {}", cut_text(&export.name))))
            .collect()
    }

    /// The imported symbols for which something is true, as evidence.
    pub fn imports(&self, is: impl Fn(&str) -> bool) -> Vec<Evidence> {
        let found = self.image.imports.iter().filter(|name| is(name)).take(MOST_EVIDENCE);
        found.map(|name| Evidence::new(Source::Symbol, format!("imports {}", cut_text(name)))).collect()
    }

    /// The libraries it asks for, for which something is true, as evidence.
    pub fn needed(&self, is: impl Fn(&str) -> bool) -> Vec<Evidence> {
        let found = self.image.needed.iter().filter(|name| is(name)).take(MOST_EVIDENCE);
        found.map(|name| Evidence::new(Source::Needed, cut_text(name))).collect()
    }
}

fn before(data: &[u8], at: u64) -> Option<u8> {
    data.get(usize::try_from(at).ok()?.checked_sub(1)?).copied()
}

/// Evidence of a text in the file.
pub(super) fn text_evidence(at: u64, text: &str) -> Evidence {
    Evidence::bytes(at, cut_text(text))
}

/// A framework of which nothing is known yet but that it is there.
pub(super) fn framework(kind: FrameworkKind, present: Claim<bool>) -> Framework {
    Framework {
        kind,
        present,
        role: Role::Whole,
        version: Claim::unknown("nothing in the file tells the release"),
        internals: None,
        ids: Vec::new(),
        domain: None,
        back_end: None,
        adapts: Vec::new(),
        conduit: None,
        warnings: Vec::new(),
    }
}

/// A version that stands in the file.
pub(super) fn exactly(version: String, evidence: Evidence) -> Claim<Versions> {
    Claim::certain(Versions::exactly(version), [evidence])
}

/// Reads `1.22.3`, `1.22` or `3.0.0b1` off the front of a text whose numbers are joined by `joint`; what stands behind is
/// nobody's business.
pub(super) fn leading_version(text: &str, joint: char) -> Option<(String, &str)> {
    let mut rest = text;
    let mut numbers: Vec<&str> = Vec::new();
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 9 {
            break;
        }
        numbers.push(&rest[..digits]);
        rest = &rest[digits..];
        match rest.strip_prefix(joint) {
            Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) && numbers.len() < 4 => rest = next,
            _ => break,
        }
    }
    if numbers.len() < 2 {
        return None;
    }
    let mut version = numbers.join(".");
    for word in ["rc", "a", "b"] {
        let Some(next) = rest.strip_prefix(word) else { continue };
        let digits = next.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            version.push_str(&rest[..word.len() + digits]);
            rest = &next[digits..];
            break;
        }
    }
    Some((version, rest))
}
