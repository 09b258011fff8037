//! The id of a cell and of a build: parse and print are inverses. An id needs no quoting in a shell; it
//! is also the JUnit name and, with `::` as `/`, the work folder. Nothing here reads a file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::axes::{self, Mode, Mutation, Order};
use crate::error::Error;

/// One side of a pair: `<participant>-<version>[+flag…]`, flags sorted, none twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Build(String);

impl Build {
    /// Puts a build together; the flags are sorted here.
    pub fn new(participant: &str, version_and_flags: &str) -> Result<Self, Error> {
        format!("{participant}-{version_and_flags}").parse()
    }

    /// The participant's name.
    pub fn participant(&self) -> &str {
        self.0.split_once('-').map_or("", |(name, _)| name)
    }

    /// The version: `work`, or a release.
    pub fn version(&self) -> &str {
        let rest = self.0.split_once('-').map_or("", |(_, rest)| rest);
        rest.split_once('+').map_or(rest, |(version, _)| version)
    }

    /// The flags, sorted.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.0.split('+').skip(1)
    }

    /// Whether the build has this flag.
    pub fn has(&self, flag: &str) -> bool {
        self.flags().any(|f| f == flag)
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Build {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::word(text, "a build: `<participant>-<version>[+flag…]`");
        let mut parts = text.split('+');
        let head = parts.next().unwrap_or_default();
        let (participant, version) = head.split_once('-').ok_or_else(wrong)?;
        let mut flags: Vec<&str> = parts.collect();
        flags.sort_unstable();
        flags.dedup();
        if ![participant, version].iter().chain(&flags).all(|word| axes::is_name(word)) {
            return Err(wrong());
        }
        let mut canonical = head.to_owned();
        for flag in flags {
            canonical.push('+');
            canonical.push_str(flag);
        }
        Ok(Self(canonical))
    }
}

impl TryFrom<String> for Build {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Build> for String {
    fn from(build: Build) -> Self {
        build.0
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One experiment: a case, two builds, a host, an order, a mode, a mutation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CellId {
    /// `group.name`.
    pub case: String,
    /// Who owns the objects.
    pub provider: Build,
    /// Who asks for them.
    pub consumer: Build,
    /// The interpreter.
    pub host: String,
    /// Who is imported first.
    pub order: Order,
    /// Where the body runs.
    pub mode: Mode,
    /// How the consumer's types differ. `same` is not printed.
    pub mutation: Mutation,
}

impl CellId {
    /// The case's group: what stands before the first dot.
    pub fn group(&self) -> &str {
        self.case.split('.').next().unwrap_or_default()
    }

    /// The folder of this cell below the work folder. `same` is a part here: without it one cell's folder
    /// would hold those of its mutated siblings.
    pub fn folder(&self) -> String {
        let same = if self.mutation == Mutation::Same { "/same" } else { "" };
        self.to_string().replace("::", "/") + same
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, provider, consumer, host, order, mode, mutation } = self;
        write!(f, "{case}::{provider}..{consumer}::{host}::{order}::{mode}")?;
        if *mutation != Mutation::Same {
            write!(f, "::{mutation}")?;
        }
        Ok(())
    }
}

impl FromStr for CellId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::word(
                text,
                "a cell id: `<case>::<provider>..<consumer>::<host>::<order>::<mode>[::<mutation>]`",
            )
        };
        let parts: Vec<&str> = text.split("::").collect();
        let (head, mutation) = match parts.as_slice() {
            [head @ .., mutation] if parts.len() == 6 => (head, mutation.parse()?),
            head if parts.len() == 5 => (head, Mutation::Same),
            _ => return Err(wrong()),
        };
        let [case, pair, host, order, mode] = head else { return Err(wrong()) };
        let (provider, consumer) = split_pair(pair).ok_or_else(wrong)?;
        if !axes::is_name(case) || !case.contains('.') || !axes::is_host(host) {
            return Err(wrong());
        }
        Ok(Self {
            case: (*case).to_owned(),
            provider: provider.parse()?,
            consumer: consumer.parse()?,
            host: (*host).to_owned(),
            order: order.parse()?,
            mode: mode.parse()?,
            mutation,
        })
    }
}

impl TryFrom<String> for CellId {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<CellId> for String {
    fn from(cell: CellId) -> Self {
        cell.to_string()
    }
}

/// Splits `provider..consumer`; either may be empty in a pattern.
pub(crate) fn split_pair(text: &str) -> Option<(&str, &str)> {
    text.split_once("..")
}
