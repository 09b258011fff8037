//! Expectations are rules in files: a case's own laws, then `expect/base.toml`, then one file per
//! participant; the last rule that matches a cell decides. The hard rules stand here, in code: between two
//! interbind builds `crash`, `corrupt`, `hang` and `silent` are never an expected outcome, and a rule that
//! matches no cell of the whole product is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::case::Case;
use crate::cell::{Build, CellId};
use crate::error::{Error, Result};
use crate::host::Hosts;
use crate::house::{self, House};
use crate::outcome::Outcome;
use crate::participant::Participants;
use crate::rule::{RuleText, Word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    schema: u32,
    #[serde(default)]
    rule: Vec<RuleText>,
}

/// A rule with the place it stands at.
#[derive(Clone, Debug)]
pub struct Rule {
    /// As written.
    pub text: RuleText,
    /// `cases/borrow/exact-type.toml, rule 2`.
    pub place: String,
    case: Option<String>,
}

/// What the rules say about a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What should be.
    pub outcome: Outcome,
    /// What is, where that is a known gap.
    pub today: Option<Outcome>,
    /// The rule that decided.
    pub place: String,
    /// Whether the doctor leaves it open.
    pub is_open: bool,
    /// Its reason.
    pub because: Option<String>,
}

/// Facts about builds and hosts that rules may name.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    participants: &'a Participants,
    hosts: &'a Hosts,
}

impl<'a> Facts<'a> {
    /// Facts come from the participants' files and the interpreters' own words.
    pub fn new(participants: &'a Participants, hosts: &'a Hosts) -> Self {
        Self { participants, hosts }
    }

    fn of_build(&self, build: &Build) -> BTreeMap<String, String> {
        let mut facts = BTreeMap::new();
        facts.insert("participant".to_owned(), build.participant().to_owned());
        facts.insert("version".to_owned(), build.version().to_owned());
        facts.extend(build.flags().map(|flag| (flag.to_owned(), "yes".to_owned())));
        if let Some(participant) = self.participants.of(build) {
            for variant in participant.variants(build) {
                facts.extend(variant.set.clone());
            }
            if participant.is_abi3(build) {
                facts.insert("abi3".to_owned(), "yes".to_owned());
            }
        }
        facts
    }

    fn of_host(&self, name: &str) -> BTreeMap<String, String> {
        let mut facts = BTreeMap::from([("name".to_owned(), name.to_owned())]);
        let mut yes = |fact: &str, holds: bool| {
            if holds {
                facts.insert(fact.to_owned(), "yes".to_owned());
            }
        };
        yes("free-threaded", name.ends_with('t'));
        yes("debug", name.ends_with('d'));
        yes("pypy", name.starts_with("pp"));
        if let Some(python) = self.hosts.python(name) {
            facts.insert("version".to_owned(), python.version.clone());
        }
        facts
    }

    /// Whether one `holds` entry is true of a cell.
    fn holds(&self, fact: &str, cell: &CellId) -> bool {
        let (side, fact) = fact.split_once(':').unwrap_or(("either", fact));
        let (name, value) = match fact.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (fact, None),
        };
        let says = |facts: BTreeMap<String, String>| match (facts.get(name), value) {
            (Some(found), Some(wanted)) => found == wanted,
            (found, None) => found.is_some(),
            (None, Some(_)) => false,
        };
        match side {
            "provider" => says(self.of_build(&cell.provider)),
            "consumer" => says(self.of_build(&cell.consumer)),
            "both" => says(self.of_build(&cell.provider)) && says(self.of_build(&cell.consumer)),
            "host" => says(self.of_host(&cell.host)),
            _ => says(self.of_build(&cell.provider)) || says(self.of_build(&cell.consumer)),
        }
    }

    fn differs(&self, fact: &str, cell: &CellId) -> bool {
        self.of_build(&cell.provider).get(fact) != self.of_build(&cell.consumer).get(fact)
    }
}

impl Rule {
    /// Whether the rule speaks about a cell.
    pub fn matches(&self, cell: &CellId, facts: &Facts<'_>) -> bool {
        let text = &self.text;
        self.case.as_ref().is_none_or(|case| *case == cell.case)
            && (text.cells.is_empty() || text.cells.iter().any(|pattern| pattern.matches(cell)))
            && (text.mutate.is_empty() || text.mutate.contains(&cell.mutation))
            && (text.record.is_empty()
                || text.record.iter().any(|flag| cell.provider.has(flag) || cell.consumer.has(flag)))
            && text.differs.iter().all(|fact| facts.differs(fact, cell))
            && text.holds.iter().all(|fact| facts.holds(fact, cell))
    }
}

/// Every rule, in reading order.
#[derive(Clone, Debug)]
pub struct Expectations {
    /// The rules.
    pub rules: Vec<Rule>,
}

impl Expectations {
    /// Reads the laws of the cases, then `base.toml`, then a file per participant.
    pub fn read(house: &House, cases: &[Case], participants: &Participants) -> Result<Self> {
        let mut rules = Vec::new();
        for case in cases {
            let shown = shorten(&case.file, &house.data);
            for (index, text) in case.expect.iter().enumerate() {
                let place = format!("{shown}, law {}", index + 1);
                rules.push(Rule { text: text.clone(), place, case: Some(case.name.clone()) });
            }
        }
        let mut files: Vec<PathBuf> = vec![house.data.join("expect/base.toml")];
        for participant in participants.0.values() {
            files.push(house.data.join("expect").join(format!("{}.toml", participant.name)));
            files.push(participant.folder.join("expect.toml"));
        }
        for file in files.iter().filter(|file| file.is_file()) {
            let shown = shorten(file, &house.data);
            let read: RuleFile = house::read_toml(file)?;
            if read.schema != 1 {
                return Err(Error::data(file, format!("schema {}: this runner reads 1", read.schema)));
            }
            for (index, text) in read.rule.into_iter().enumerate() {
                rules.push(Rule { text, place: format!("{shown}, rule {}", index + 1), case: None });
            }
        }
        for rule in &rules {
            if rule.text.today.is_some() && rule.text.issue.is_none() {
                return Err(Error::data(&rule.place, "`today` needs an `issue`: where is the gap tracked?"));
            }
        }
        Ok(Self { rules })
    }

    /// Every rule that speaks about a cell, in reading order: the last one decides.
    pub fn chain<'r>(&'r self, cell: &CellId, facts: &Facts<'_>) -> Vec<&'r Rule> {
        self.rules.iter().filter(|rule| rule.matches(cell, facts)).collect()
    }

    /// What is expected of a cell; `None` = no rule speaks about it.
    ///
    /// # Errors
    /// The deciding rule expects what the hard rules forbid.
    pub fn of(&self, cell: &CellId, facts: &Facts<'_>) -> Result<Option<Expected>> {
        let Some(rule) = self.rules.iter().rev().find(|rule| rule.matches(cell, facts)) else {
            return Ok(None);
        };
        if facts.participants.are_interbind(&cell.provider, &cell.consumer) {
            let unsafe_today = rule.text.today.as_ref().is_some_and(Outcome::is_unsafe);
            if rule.text.outcome.is_forbidden_between_interbind_builds() || unsafe_today {
                return Err(Error::data(
                    &rule.place,
                    format!(
                        "`{cell}` is between two interbind builds: `crash`, `corrupt`, `hang` and `silent` can't be its outcome"
                    ),
                ));
            }
        }
        Ok(Some(Expected {
            is_open: rule.text.doctor == Some(Word::Open),
            outcome: rule.text.outcome.clone(),
            today: rule.text.today.clone(),
            place: rule.place.clone(),
            because: rule.text.because.clone(),
        }))
    }

    /// Refuses rules that match none of the cells.
    ///
    /// # Errors
    /// Names every such rule.
    pub fn refuse_unused(&self, cells: impl Iterator<Item = CellId>, facts: &Facts<'_>) -> Result<()> {
        let mut unused: Vec<&Rule> = self.rules.iter().collect();
        for cell in cells {
            if unused.is_empty() {
                return Ok(());
            }
            unused.retain(|rule| !rule.matches(&cell, facts));
        }
        match unused.first() {
            None => Ok(()),
            Some(first) => Err(Error::data(
                &first.place,
                format!("matches no cell (of {} such): {}", unused.len(), places(&unused)),
            )),
        }
    }
}

fn places(rules: &[&Rule]) -> String {
    rules.iter().map(|rule| rule.place.as_str()).collect::<Vec<_>>().join("; ")
}

fn shorten(file: &Path, base: &Path) -> String {
    file.strip_prefix(base).unwrap_or(file).display().to_string()
}
