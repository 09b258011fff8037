//! Cases × pairs × hosts × orders × modes × mutations → cells. The product is walked lazily, in one fixed
//! order; a set or patterns choose from it. What a side lacks is listed as unsupported, never dropped.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::axes::{Mutation, RECORD_FLAGS};
use crate::case::Case;
use crate::cell::{Build, CellId};
use crate::cover;
use crate::error::{Error, Result};
use crate::host::Hosts;
use crate::participant::Participants;
use crate::pattern::Pattern;
use crate::sets::{Cover, Set};
use crate::zoo::ZooSource;

/// Everything a plan is made from.
#[derive(Clone, Copy)]
pub struct Product<'a> {
    /// The cases.
    pub cases: &'a [Case],
    /// The participants.
    pub participants: &'a Participants,
    /// The host axis.
    pub hosts: &'a Hosts,
    /// The types.
    pub zoo: &'a ZooSource,
}

/// A case that a build can't take part in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unsupported {
    /// `group.name`.
    pub case: String,
    /// The participant.
    pub participant: String,
    /// What it lacks.
    pub capability: String,
}

/// Which cells will run, in order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The cells: `harness` first, then by id.
    pub cells: Vec<CellId>,
    /// Cells that were asked for by name on a host that isn't here.
    pub absent: Vec<CellId>,
    /// What sides lack.
    pub unsupported: Vec<Unsupported>,
    /// How many cells the choice was made from.
    pub candidates: usize,
}

impl<'a> Product<'a> {
    /// Every cell of the product, on every host of the axis, found or not.
    pub fn cells(self) -> Result<impl Iterator<Item = CellId> + 'a> {
        let builds = self.participants.builds()?;
        Ok(self.cases.iter().flat_map(move |case| {
            let pairs = self.pairs(case, &builds);
            pairs.into_iter().flat_map(move |(provider, consumer)| self.cells_of(case, provider, consumer))
        }))
    }

    /// The pairs a case is for, both sides able.
    fn pairs(self, case: &Case, builds: &[Build]) -> Vec<(Build, Build)> {
        let mut pairs = Vec::new();
        for provider in builds.iter().filter(|build| self.can(case, build, true)) {
            for consumer in builds.iter().filter(|build| self.can(case, build, false)) {
                if (!case.alone || provider == consumer)
                    && case.is_between(provider.as_str(), consumer.as_str())
                {
                    pairs.push((provider.clone(), consumer.clone()));
                }
            }
        }
        pairs
    }

    fn can(self, case: &Case, build: &Build, provides: bool) -> bool {
        let (needs, record) = if provides {
            (&case.needs.provider, &case.record)
        } else {
            (&case.needs.consumer, &case.record_consumer)
        };
        let mutated = build.flags().find(|flag| RECORD_FLAGS.contains(flag));
        let right_record = match mutated {
            Some(flag) => record.iter().any(|wanted| wanted == flag),
            None => record.is_empty(),
        };
        right_record && self.participants.of(build).is_some_and(|p| p.lacks(build, needs).is_none())
    }

    fn cells_of(self, case: &'a Case, provider: Build, consumer: Build) -> Vec<CellId> {
        let mut cells = Vec::new();
        let runs_on = |build: &Build, host: &str| {
            self.participants.of(build).is_some_and(|p| p.runs_on(build, host, self.hosts))
        };
        for host in
            self.hosts.all.iter().filter(|h| runs_on(&provider, &h.name) && runs_on(&consumer, &h.name))
        {
            for &mutation in case.mutate.iter().filter(|&&mutation| self.touches(case, mutation)) {
                for &mode in &case.modes {
                    for &order in &case.orders {
                        cells.push(CellId {
                            case: case.name.clone(),
                            provider: provider.clone(),
                            consumer: consumer.clone(),
                            host: host.name.clone(),
                            order,
                            mode,
                            mutation,
                        });
                    }
                }
            }
        }
        cells
    }

    /// Whether a mutation changes any of the case's types.
    fn touches(self, case: &Case, mutation: Mutation) -> bool {
        mutation == Mutation::Same || case.types.iter().any(|id| self.zoo.changes(id, mutation))
    }

    /// What sides lack, a line for each case and participant.
    fn unsupported(self) -> Result<Vec<Unsupported>> {
        let mut lines = BTreeSet::new();
        let builds = self.participants.builds()?;
        for case in self.cases {
            for build in &builds {
                let Some(participant) = self.participants.of(build) else { continue };
                for (needs, provides) in [(&case.needs.provider, true), (&case.needs.consumer, false)] {
                    let text = build.as_str();
                    let concerns = case.pairs.is_empty()
                        || builds.iter().any(|other| {
                            if provides {
                                case.is_between(text, other.as_str())
                            } else {
                                case.is_between(other.as_str(), text)
                            }
                        });
                    if let Some(capability) = participant.lacks(build, needs).filter(|_| concerns) {
                        lines.insert(Unsupported {
                            case: case.name.clone(),
                            participant: participant.name.clone(),
                            capability: capability.to_owned(),
                        });
                    }
                }
            }
        }
        Ok(lines.into_iter().collect())
    }

    /// Chooses by a set; `red` are the cells that were red last time.
    pub fn by_set(self, set: &Set, only_hosts: &[String], red: &[CellId]) -> Result<Plan> {
        let here = |cell: &CellId| self.is_here(cell, only_hosts);
        let candidates: Vec<CellId> = self
            .cells()?
            .filter(|cell| here(cell) && (set.takes(cell, self.hosts) || red.contains(cell)))
            .collect();
        let always = candidates.iter().enumerate().filter_map(|(index, cell)| {
            (red.contains(cell) || set.always.iter().any(|pattern| pattern.matches(cell))).then_some(index)
        });
        let cells = match set.cover {
            Cover::All => candidates.clone(),
            Cover::Pairwise => cover::pairwise(&candidates, always)
                .into_iter()
                .map(|index| candidates[index].clone())
                .collect(),
        };
        Ok(Plan {
            cells: ordered(cells),
            absent: Vec::new(),
            unsupported: self.unsupported()?,
            candidates: candidates.len(),
        })
    }

    /// Chooses by patterns, from a set's rows where they have such cells, else from the whole product.
    ///
    /// # Errors
    /// A pattern means no cell at all.
    pub fn by_patterns(self, patterns: &[Pattern], set: Option<&Set>, only_hosts: &[String]) -> Result<Plan> {
        let all = self.matching(patterns, only_hosts)?;
        let Some(set) = set else { return Ok(all) };
        let mut chosen = Vec::new();
        for pattern in patterns {
            let mut cells: Vec<CellId> =
                all.cells.iter().filter(|cell| pattern.matches(cell)).cloned().collect();
            if cells.iter().any(|cell| set.takes(cell, self.hosts)) {
                cells.retain(|cell| set.takes(cell, self.hosts));
            }
            chosen.extend(cells);
        }
        Ok(Plan { cells: ordered(chosen), ..all })
    }

    fn matching(self, patterns: &[Pattern], only_hosts: &[String]) -> Result<Plan> {
        let mut hit = vec![false; patterns.len()];
        let (mut cells, mut absent) = (Vec::new(), Vec::new());
        for cell in self.cells()? {
            let mut wanted = false;
            for (index, pattern) in patterns.iter().enumerate() {
                if pattern.matches(&cell) {
                    (hit[index], wanted) = (true, true);
                }
            }
            if !wanted {
                continue;
            }
            if self.is_here(&cell, only_hosts) {
                cells.push(cell);
            } else if patterns.iter().any(|p| p.host() == Some(&cell.host)) || only_hosts.contains(&cell.host)
            {
                absent.push(cell);
            }
        }
        if let Some(index) = hit.iter().position(|hit| !hit) {
            return Err(Error::word(
                patterns[index].as_str(),
                "a pattern that matches a cell; see `matrix list`",
            ));
        }
        let candidates = cells.len();
        Ok(Plan { cells: ordered(cells), absent, unsupported: Vec::new(), candidates })
    }

    fn is_here(self, cell: &CellId, only_hosts: &[String]) -> bool {
        self.hosts.python(&cell.host).is_some()
            && (only_hosts.is_empty()
                || only_hosts
                    .iter()
                    .any(|word| self.hosts.resolve(word).is_some_and(|host| host.name == cell.host)))
    }
}

fn ordered(mut cells: Vec<CellId>) -> Vec<CellId> {
    cells.sort_by_cached_key(|cell| (cell.group() != "harness", cell.to_string()));
    cells.dedup();
    cells
}
