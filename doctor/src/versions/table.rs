//! The data file as types. It is read once, when the first question is asked.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The data file's text.
const DATA: &str = include_str!("../../data/releases.toml");

/// The table of this build.
pub static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::parse(DATA).expect("the checked-in table is read by a test of its own"));

/// What is known of all frameworks' releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// pybind11.
    pub pybind11: Framework,
    /// nanobind.
    pub nanobind: Framework,
    /// SWIG.
    pub swig: Framework,
}

impl Table {
    /// Reads the data file's text.
    ///
    /// # Errors
    /// The text isn't of this form.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// What is known of one framework's releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Where the facts are read.
    pub source: String,
    /// The releases, the oldest first.
    pub releases: Vec<Release>,
    /// Texts that not all releases have.
    #[serde(default)]
    pub marks: Vec<Mark>,
}

impl Framework {
    /// The place of a release in the list.
    pub fn position(&self, version: &str) -> Option<usize> {
        self.releases.iter().position(|r| r.version == version)
    }

    /// The mark of this text.
    pub fn mark(&self, text: &str) -> Option<&Mark> {
        self.marks.iter().find(|m| m.text == text)
    }
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its version, as the package index writes it.
    pub version: String,
    /// The number of its shared state's layout.
    #[serde(default)]
    pub internals: Numbers,
    /// What its ids look like.
    pub form: Form,
    /// Whether its classes answer through pybind11's conduit.
    #[serde(default)]
    pub conduit: bool,
    /// The major version of nanobind's backend ABI.
    #[serde(default)]
    pub backend: Option<u32>,
}

/// The number, and the builds that have another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Numbers {
    /// The number of every build that isn't named below.
    #[serde(default)]
    pub any: Option<u32>,
    /// The number for Python 3.12 and later.
    #[serde(default)]
    pub python312: Option<u32>,
    /// The number under Microsoft's compiler.
    #[serde(default)]
    pub msvc: Option<u32>,
}

impl Numbers {
    /// Whether some build of the release has this number.
    pub fn has(self, number: u32) -> bool {
        [self.any, self.python312, self.msvc].contains(&Some(number))
    }
}

/// What a release's ids look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The framework's version, or nothing that tells builds apart.
    Bare,
    /// Microsoft's debug builds are told apart.
    Debug,
    /// Compilers are told apart by their names.
    Named,
    /// And Microsoft's compilers by their versions.
    NamedMscver,
    /// Compilers that are compatible with the system's are one.
    System,
    /// The same, behind the framework's name (nanobind from 3.0).
    Tagged,
}

/// A text that not all releases have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The text, as it stands in a binary between two NUL bytes.
    pub text: String,
    /// The releases that have it: `2.8.0 .. 2.13.6`, or one.
    pub releases: Vec<String>,
    /// Whether it stands in code that each module of such a release has, so that its absence tells something too.
    #[serde(default)]
    pub every: bool,
}
