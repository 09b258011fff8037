//! A pattern is a cell id with parts left out: `borrow`, `::pybind11..`, `::with.pyo3`, `::cp314t::sub`.
//! Reports, rules and the command line use this one grammar. A complete id matches itself alone.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::axes::{self, Mode, Mutation, Order};
use crate::cell::{CellId, split_pair};
use crate::error::Error;

/// Which cells are meant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    exact: Option<CellId>,
    case: String,
    provider: String,
    consumer: String,
    either: String,
    host: String,
    order: Option<Order>,
    mode: Option<Mode>,
    mutation: Option<Mutation>,
}

impl Pattern {
    /// Whether a cell is meant.
    pub fn matches(&self, cell: &CellId) -> bool {
        if let Some(exact) = &self.exact {
            return exact == cell;
        }
        extends(&cell.case, &self.case)
            && self.matches_pair(cell.provider.as_str(), cell.consumer.as_str())
            && (self.host.is_empty() || self.host == cell.host)
            && self.order.is_none_or(|order| order == cell.order)
            && self.mode.is_none_or(|mode| mode == cell.mode)
            && self.mutation.is_none_or(|mutation| mutation == cell.mutation)
    }

    /// Whether the pair part alone allows these two builds.
    pub fn matches_pair(&self, provider: &str, consumer: &str) -> bool {
        extends(provider, &self.provider)
            && extends(consumer, &self.consumer)
            && (extends(provider, &self.either) || extends(consumer, &self.either))
    }

    /// Whether the pattern names one cell in full.
    pub fn exact(&self) -> Option<&CellId> {
        self.exact.as_ref()
    }

    /// The host the pattern asks for, if it asks for one.
    pub fn host(&self) -> Option<&str> {
        match &self.exact {
            Some(cell) => Some(&cell.host),
            None => Some(self.host.as_str()).filter(|host| !host.is_empty()),
        }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether `name` is `prefix` or extends it at `.`, `-` or `+`; the empty prefix means any name.
pub fn extends(name: &str, prefix: &str) -> bool {
    prefix.is_empty()
        || name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
}

impl FromStr for Pattern {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.split("::");
        let case = parts.next().unwrap_or_default();
        let mut pattern = Self {
            text: text.to_owned(),
            exact: text.parse().ok(),
            case: case.to_owned(),
            provider: String::new(),
            consumer: String::new(),
            either: String::new(),
            host: String::new(),
            order: None,
            mode: None,
            mutation: None,
        };
        if !case.is_empty() && !axes::is_name(case) {
            return Err(Error::word(case, "a case or a group; a pattern without one starts with `::`"));
        }
        for part in parts {
            let twice = || Error::word(text, format!("a pattern: `{part}` repeats a part"));
            let fresh = if let Some((provider, consumer)) = split_pair(part) {
                let fresh = pattern.provider.is_empty() && pattern.consumer.is_empty();
                (pattern.provider, pattern.consumer) = (provider.to_owned(), consumer.to_owned());
                fresh
            } else if let Some(name) = part.strip_prefix("with.") {
                std::mem::replace(&mut pattern.either, name.to_owned()).is_empty()
            } else if axes::is_host(part) {
                std::mem::replace(&mut pattern.host, part.to_owned()).is_empty()
            } else if let Ok(order) = part.parse() {
                pattern.order.replace(order).is_none()
            } else if let Ok(mode) = part.parse() {
                pattern.mode.replace(mode).is_none()
            } else if let Ok(mutation) = part.parse() {
                pattern.mutation.replace(mutation).is_none()
            } else {
                return Err(Error::word(
                    part,
                    "a part of a pattern: `a..b`, `with.name`, a host, an order, a mode or a mutation",
                ));
            };
            if !fresh {
                return Err(twice());
            }
        }
        Ok(pattern)
    }
}

impl TryFrom<String> for Pattern {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
