//! An id cut into segments: named parts, and the punctuation between them. Joined again they are the text that was read.

use std::fmt;

use crate::facts::{AbiId, Part};

/// What an id is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// pybind11's key of the state that modules share.
    Pybind11Key,
    /// pybind11's key of a module's own state, without the address that is put behind it at run time.
    Pybind11ModuleLocal,
    /// What pybind11's conduit compares.
    Pybind11Platform,
    /// The name of the type that holds pybind11's functions.
    Pybind11FunctionRecord,
    /// nanobind's tag, which becomes a key when the domain is put behind it.
    NanobindTag,
    /// nanobind's tag of a platform, which front and back ends compare.
    NanobindPlatform,
    /// nanobind's key of the state that modules share.
    NanobindKey,
    /// Our own key.
    InterbindKey,
}

impl IdKind {
    /// The kind's name in the published facts.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Pybind11Key | Self::NanobindKey | Self::InterbindKey => "internals-key",
            Self::Pybind11ModuleLocal => "module-local-key",
            Self::Pybind11Platform | Self::NanobindPlatform => "platform-id",
            Self::Pybind11FunctionRecord => "function-record",
            Self::NanobindTag => "tag",
        }
    }
}

/// A run of an id's text; punctuation has no name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Segment {
    name: &'static str,
    text: String,
}

/// An id, cut into its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Id {
    /// What it is for.
    pub kind: IdKind,
    segments: Vec<Segment>,
    overridden: Vec<&'static str>,
}

impl Id {
    pub(super) fn new(kind: IdKind) -> Self {
        Self { kind, segments: Vec::new(), overridden: Vec::new() }
    }

    /// Adds text that only separates; none is no segment.
    pub(super) fn fixed(mut self, text: &str) -> Self {
        if !text.is_empty() {
            self.segments.push(Segment { name: "", text: text.into() });
        }
        self
    }

    /// Adds a part that every id of this form has; its text may be empty.
    pub(super) fn with(mut self, name: &'static str, text: &str) -> Self {
        self.segments.push(Segment { name, text: text.into() });
        self
    }

    /// Adds a part with the underscore before it, where it isn't empty.
    pub(super) fn behind(self, name: &'static str, text: &str) -> Self {
        match text.strip_prefix('_') {
            Some(value) => self.fixed("_").with(name, value),
            None => self.with(name, text),
        }
    }

    /// Adds a part, with its underscore, where there is one.
    pub(super) fn when(self, name: &'static str, text: &str) -> Self {
        if text.is_empty() { self } else { self.behind(name, text) }
    }

    pub(super) fn of_kind(self, kind: IdKind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn overriding(mut self, names: Vec<&'static str>) -> Self {
        self.overridden = names;
        self
    }

    /// The text of a part; empty where the id says nothing.
    pub fn part(&self, name: &str) -> &str {
        self.segments.iter().find(|s| s.name == name).map_or("", |s| &s.text)
    }

    /// The named parts, in their order.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.segments.iter().filter(|s| !s.name.is_empty()).map(|s| (s.name, s.text.as_str()))
    }

    /// The number of the shared state's layout, where the id has one.
    pub fn number(&self) -> Option<u32> {
        self.part("internals").parse().ok()
    }

    /// Names of the parts that no compiler sets by itself.
    pub fn overridden(&self) -> &[&'static str] {
        &self.overridden
    }

    /// The id as the published facts tell it.
    pub fn facts(&self) -> AbiId {
        let parts = self.parts().map(|(name, value)| Part { name: name.into(), value: value.into() });
        AbiId {
            text: self.to_string(),
            kind: self.kind.slug().into(),
            parts: parts.collect(),
            overridden: self.overridden.iter().map(|n| (*n).into()).collect(),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|s| f.write_str(&s.text))
    }
}

/// Splits a number off the front of a text: `12_system` is `12` and `_system`.
pub(super) fn leading_number(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    // Ten digits and more are no version number of anything, and would not fit.
    (1..10).contains(&digits).then(|| text.split_at(digits))
}

/// Splits `prefix` and a number off the end of a text: `gcc_cxxabi1018` is `gcc` and `_cxxabi1018`.
pub(super) fn trailing_numbered<'a>(text: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    let bare = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - bare.len();
    let rest = bare.strip_suffix(prefix)?;
    (1..10).contains(&digits).then(|| (rest, &text[rest.len()..]))
}

/// Splits `suffix` off the end of a text, or nothing.
pub(super) fn trailing<'a>(text: &'a str, suffix: &str) -> (&'a str, &'a str) {
    match text.strip_suffix(suffix) {
        Some(rest) => (rest, &text[rest.len()..]),
        None => (text, ""),
    }
}
