//! A statement, how sure it is, and the bytes it rests on. Nothing is guessed: what can't be known is said to be unknown.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How sure a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The file doesn't tell; `why` says what is missing.
    Unknown,
    /// The evidence fits nothing else we know, but doesn't prove it.
    Likely,
    /// The bytes mean just this.
    Certain,
}

/// Where a piece of evidence was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Bytes in the file, at `offset`.
    Bytes,
    /// A symbol, imported or exported.
    Symbol,
    /// A section or load command.
    Section,
    /// A library the file asks for.
    Needed,
    /// The file's own name.
    FileName,
    /// A wheel's tag, `WHEEL` or `METADATA`.
    Metadata,
    /// Instructions that were followed.
    Code,
    /// Our own build note.
    Note,
    /// A table of releases, which says what the other evidence means.
    Table,
}

/// What a statement rests on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What kind of thing was seen.
    pub source: Source,
    /// What was seen, as text; long runs of bytes are cut.
    pub text: String,
    /// Where, in bytes from the start of the file (of the slice, in a fat Mach-O file).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offset: Option<u64>,
    /// The file it was seen in, where that isn't the module itself: a library it needs, a wheel's metadata.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
}

impl Evidence {
    /// Evidence that has no place in the bytes.
    pub fn new(source: Source, text: impl Into<String>) -> Self {
        Self { source, text: text.into(), offset: None, file: None }
    }

    /// Bytes of the file.
    pub fn bytes(offset: u64, text: impl Into<String>) -> Self {
        Self { source: Source::Bytes, text: text.into(), offset: Some(offset), file: None }
    }

    /// The same, seen in another file.
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }
}

/// A statement about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Claim_of_{T}")]
pub struct Claim<T> {
    /// What is stated; absent exactly when it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<T>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<Evidence>,
    /// Why it is no surer, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

impl<T> Claim<T> {
    /// A statement that the evidence proves.
    pub fn certain(value: T, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        let evidence = evidence.into_iter().collect();
        Self { value: Some(value), confidence: Confidence::Certain, evidence, why: None }
    }

    /// A statement that the evidence supports; `why` says what would have to be known.
    pub fn likely(value: T, evidence: impl IntoIterator<Item = Evidence>, why: impl Into<String>) -> Self {
        let evidence = evidence.into_iter().collect();
        Self { value: Some(value), confidence: Confidence::Likely, evidence, why: Some(why.into()) }
    }

    /// Nothing is stated.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { value: None, confidence: Confidence::Unknown, evidence: Vec::new(), why: Some(why.into()) }
    }

    /// Whether the statement is proved.
    pub fn is_certain(&self) -> bool {
        self.confidence == Confidence::Certain
    }
}

impl<T: fmt::Display> fmt::Display for Claim<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.value, self.confidence) {
            (Some(value), Confidence::Certain) => write!(f, "{value}"),
            (Some(value), _) => write!(f, "{value} (likely)"),
            (None, _) => f.write_str("unknown"),
        }
    }
}
