//! `sets.toml`: which builds meet on which hosts in the quick set and the smoke set. The full set is the
//! product itself. Budgets stand here too; overrunning one is reported, never a failure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::axes::Mutation;
use crate::cell::CellId;
use crate::error::{Error, Result};
use crate::host::Hosts;
use crate::house::{self, House};
use crate::pattern::{Pattern, extends};

/// A named choice of cells.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Set {
    /// Rows: on these hosts these builds.
    #[serde(default)]
    pub take: Vec<Take>,
    /// `all`, or `pairwise`: any two axis values meet in at least one cell.
    #[serde(default)]
    pub cover: Cover,
    /// Cells which the cover may not thin out.
    #[serde(default)]
    pub always: Vec<Pattern>,
    /// Seconds it may take with nothing built.
    pub cold_budget: u64,
    /// Seconds it may take when everything is built.
    pub warm_budget: u64,
}

/// How a set is thinned out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cover {
    /// Every cell.
    #[default]
    All,
    /// A greedy pairwise cover.
    Pairwise,
}

/// One row of a set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// Host names, `default`, `newest`; none = every host.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Builds, exactly; a name that ends in `*` takes whatever starts so.
    pub builds: Vec<String>,
    /// Whether the consumer may have mutated types here.
    #[serde(default)]
    pub mutated: bool,
    /// In these cases only; none = in all.
    #[serde(default)]
    pub cases: Vec<Pattern>,
    /// Whether its builds meet those of other rows only.
    #[serde(default)]
    pub apart: bool,
}

impl Set {
    /// Reads one set by name.
    pub fn read(house: &House, name: &str) -> Result<Self> {
        let path = house.data.join("sets.toml");
        let mut sets: BTreeMap<String, Self> = house::read_toml(&path)?;
        sets.remove(name).ok_or_else(|| Error::data(path, format!("there is no set `{name}`")))
    }

    /// Whether the set's rows take a cell: a row for each of its builds on its host.
    pub fn takes(&self, cell: &CellId, hosts: &Hosts) -> bool {
        if self.take.is_empty() {
            return true;
        }
        let rows = |build: &str, mutated: bool| -> Vec<&Take> {
            let takes = |row: &&Take| {
                (!mutated || row.mutated)
                    && row.has_host(&cell.host, hosts)
                    && row.builds.iter().any(|b| names(b, build))
                    && (row.cases.is_empty() || row.cases.iter().any(|pattern| pattern.matches(cell)))
            };
            self.take.iter().filter(takes).collect()
        };
        let consumers = rows(cell.consumer.as_str(), cell.mutation != Mutation::Same);
        rows(cell.provider.as_str(), false)
            .into_iter()
            .any(|row| consumers.iter().any(|other| !(row.apart && std::ptr::eq(row, *other))))
    }
}

impl Take {
    fn has_host(&self, host: &str, hosts: &Hosts) -> bool {
        self.hosts.is_empty()
            || self.hosts.iter().any(|word| hosts.resolve(word).is_some_and(|found| found.name == host))
    }
}

fn names(wanted: &str, build: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => build.starts_with(start) || extends(build, start.trim_end_matches(['-', '+'])),
        None => wanted == build,
    }
}
