//! A case: `cases/<group>/<name>.toml` and the body beside it, `<name>.py`.

use std::path::PathBuf;

use serde::Deserialize;

use crate::axes::{Mode, Mutation, Order, RECORD_FLAGS};
use crate::error::{Error, Result};
use crate::house::{self, House};
use crate::pattern::Pattern;
use crate::rule::RuleText;

/// What a case needs of a side.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// Capabilities of the provider.
    #[serde(default)]
    pub provider: Vec<String>,
    /// Capabilities of the consumer.
    #[serde(default)]
    pub consumer: Vec<String>,
}

/// A case as its file describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// One sentence, a law.
    pub title: String,
    /// Capabilities; a side that lacks one makes the cell `unsupported`.
    #[serde(default)]
    pub needs: Needs,
    /// Types of the zoo: the body runs once for each. None = it runs once, with `None`.
    #[serde(default)]
    pub types: Vec<String>,
    /// Type mutations of the consumer.
    #[serde(default = "same")]
    pub mutate: Vec<Mutation>,
    /// Modes.
    #[serde(default = "main")]
    pub modes: Vec<Mode>,
    /// Import orders.
    #[serde(default = "both")]
    pub orders: Vec<Order>,
    /// Record mutations of the provider; a case without them never meets a build that has one.
    #[serde(default)]
    pub record: Vec<String>,
    /// Record mutations of the consumer.
    #[serde(default, rename = "record-consumer")]
    pub record_consumer: Vec<String>,
    /// Pairs it is for (`interbind..`, `..pyo3`); none = all.
    #[serde(default)]
    pub between: Vec<String>,
    /// Whether a build only meets itself: for cases about one participant.
    #[serde(default)]
    pub alone: bool,
    /// What may stand on stderr, as a piece of text each line must contain one of.
    #[serde(default)]
    pub stderr: Vec<String>,
    /// Paragraphs of the spec it tests.
    pub spec: Vec<String>,
    /// The case's own laws.
    #[serde(default)]
    pub expect: Vec<RuleText>,
    /// `group.name`.
    #[serde(skip)]
    pub name: String,
    /// The description's file.
    #[serde(skip)]
    pub file: PathBuf,
    /// The body's file.
    #[serde(skip)]
    pub body: PathBuf,
    /// `between`, parsed.
    #[serde(skip)]
    pub pairs: Vec<Pattern>,
}

impl Case {
    /// Whether the pair of builds is one the case is for.
    pub fn is_between(&self, provider: &str, consumer: &str) -> bool {
        self.pairs.is_empty() || self.pairs.iter().any(|pattern| pattern.matches_pair(provider, consumer))
    }
}

/// Reads every case of the house, sorted by name.
pub fn read_all(house: &House) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for group in house::entries(&house.data.join("cases"))? {
        for file in house::files_with_ending(&group, "toml")? {
            let mut case: Case = house::read_toml(&file)?;
            let stem = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            case.name = format!("{}.{}", stem(&group), stem(&file));
            if !crate::axes::is_name(&case.name) {
                return Err(Error::data(
                    file,
                    "the group's and the case's name need letters, digits, `-` and `_`",
                ));
            }
            case.body = file.with_extension("py");
            if !case.body.is_file() {
                return Err(Error::data(&file, format!("the body `{}` is missing", case.body.display())));
            }
            if let Some(flag) = case
                .record
                .iter()
                .chain(&case.record_consumer)
                .find(|flag| !RECORD_FLAGS.contains(&flag.as_str()))
            {
                return Err(Error::data(
                    &file,
                    format!("`{flag}` is no record mutation: {}", RECORD_FLAGS.join(" ")),
                ));
            }
            for pair in &case.between {
                case.pairs.push(format!("::{pair}").parse()?);
            }
            case.file = file;
            cases.push(case);
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn same() -> Vec<Mutation> {
    vec![Mutation::Same]
}

fn main() -> Vec<Mode> {
    vec![Mode::Main]
}

fn both() -> Vec<Order> {
    Order::ALL.to_vec()
}
