//! How a file is joined with others by the loader, and what nobody gives it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::Claim;

/// How a file is joined with others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Links {
    /// The name by which others ask for it, where it has one (`SONAME`, an install name).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub own_name: Option<String>,
    /// The folders that it has searched for what it asks for, as it writes them (`RPATH`, `RUNPATH`).
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub search: Vec<String>,
    /// Symbols that it can't be loaded or run without, and that no library it asks for has; only where all of these were read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unresolved: Option<Claim<Unresolved>>,
    /// Libraries that it asks for, and that weren't among the files read, nor are they a part of every system.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing: Vec<String>,
    /// What the loader joins by; not published, for it is long.
    #[serde(skip)]
    #[schemars(skip)]
    pub symbols: Symbols,
}

/// Symbols that nobody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unresolved {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub symbols: Vec<Unmet>,
}

/// A symbol that nobody has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unmet {
    /// The symbol, as linkers write it.
    pub symbol: String,
    /// The library that should have it: the one it is bound to, or the one that has others of its namespace.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub library: Option<String>,
    /// The version of the library's symbols that is missing, where that is why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
}

/// What the loader joins by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    /// Digests of the names it gives out, sorted.
    pub(crate) exports: Vec<u64>,
    /// Namespaces of C++ of which it gives out several names, each with how many.
    pub(crate) namespaces: Vec<(String, u32)>,
    /// Names it asks for, but for Python's own, weak ones, and those of a system's libraries.
    pub(crate) imports: Vec<Import>,
    /// The versions of its own symbols.
    pub(crate) versions: Vec<String>,
    /// Libraries and the versions asked of them, but for those of a system.
    pub(crate) needs: Vec<(String, String)>,
    /// `DT_RPATH` or `LC_RPATH`; in `search` stands what counts for the file itself.
    pub(crate) inherited: Vec<String>,
    /// Libraries whose names it gives out as its own.
    pub(crate) reexports: Vec<String>,
    /// Libraries that may be absent, or come later.
    pub(crate) late: Vec<String>,
}

/// A name that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub(crate) name: Box<str>,
    /// The library it is bound to: a place in `needed`.
    pub(crate) library: Option<u32>,
}
