//! More than two modules: each pair, and the groups that sharing makes: who shares with one of a group belongs to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::Verdict;
use crate::facts::Module;
use crate::finding::Finding;

use super::pair::check;
use super::side;
use super::verdict::Check;

/// Modules that share: each with at least one of the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// The files, in the order they were given.
    pub members: Vec<String>,
}

/// What a run of `check` gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Checks {
    /// The schema's name and version: `interbind-check/1`.
    pub schema: String,
    /// Every pair, in the order of the modules.
    pub pairs: Vec<Check>,
    /// The groups: a module that shares with nobody for certain is one by itself.
    pub groups: Vec<Group>,
}

impl Checks {
    /// What is wrong in any pair.
    pub fn findings(&self) -> Vec<Finding> {
        self.pairs.iter().flat_map(Check::findings).collect()
    }
}

/// Checks every pair, and groups those that share.
///
/// Slices of one fat file aren't held against each other: no process loads two.
pub fn check_all(modules: &[Module]) -> Checks {
    let mut pairs = Vec::new();
    let mut leader: Vec<usize> = (0..modules.len()).collect();
    for (i, a) in modules.iter().enumerate() {
        for (j, b) in modules.iter().enumerate().skip(i + 1) {
            if side::long(a) == side::long(b) {
                continue;
            }
            let found = check(a, b);
            if found.verdict == Verdict::Share {
                let (from, to) = (leader[j], leader[i]);
                for one in leader.iter_mut().filter(|one| **one == from) {
                    *one = to;
                }
            }
            pairs.push(found);
        }
    }
    let mut groups: Vec<(usize, Group)> = Vec::new();
    for (module, leader) in modules.iter().zip(leader) {
        let name = side::long(module);
        match groups.iter_mut().find(|(found, _)| *found == leader) {
            Some((_, group)) => group.members.push(name),
            None => groups.push((leader, Group { members: vec![name] })),
        }
    }
    let groups = groups.into_iter().map(|(_, group)| group).collect();
    Checks { schema: "interbind-check/1".to_owned(), pairs, groups }
}
