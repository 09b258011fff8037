//! The rules of `by_value`: which modules go by value in one dump, whatever the process has registered. Both engines read them
//! from the Python half, which has checked what the user passed.

use crate::python::{Object, Owned, Result};

/// Which modules one rule means.
enum Rule {
    /// The module of this name, and those in it.
    Package(String),
    /// Those whose name starts so.
    Prefix(String),
    /// Those for whose name a function says so.
    Ask(Owned),
}

/// The rules of one dump. By default there are none.
#[derive(Default)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    /// Reads a tuple: a text with a NUL at its end is a package, another text a prefix, and all else is asked.
    pub(crate) fn read(given: &Object) -> Result<Self> {
        let mut rules = Vec::new();
        for at in 0..given.tuple_len() {
            let Some(rule) = given.tuple_item(at) else { break };
            rules.push(if rule.is_text() {
                let text = rule.utf8()?;
                match text.strip_suffix('\0') {
                    Some(package) => Rule::Package(package.to_owned()),
                    None => Rule::Prefix(text.to_owned()),
                }
            } else {
                Rule::Ask(rule.own())
            });
        }
        Ok(Self(rules))
    }

    /// No module goes by value because of them.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them means the module of this name, which is given as Rust and as Python have it.
    pub(crate) fn mean(&self, text: &str, name: &Object) -> Result<bool> {
        for rule in &self.0 {
            let means = match rule {
                Rule::Package(package) => text
                    .strip_prefix(package.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
                Rule::Prefix(prefix) => text.starts_with(prefix.as_str()),
                Rule::Ask(ask) => ask.call(&[name])?.truth()?,
            };
            if means {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The functions that are asked, for the collector.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Owned> {
        self.0.iter().filter_map(|rule| match rule {
            Rule::Ask(ask) => Some(ask),
            Rule::Package(_) | Rule::Prefix(_) => None,
        })
    }
}
