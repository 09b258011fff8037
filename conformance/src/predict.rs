//! What the doctor says of a cell before it is run: from the two files alone, which it reads and never loads.
//!
//! It speaks of pairs of other binding libraries, whose rules it knows, and of the classes that both have in common: whether
//! objects of the one are taken by functions of the other. Of pairs with interbind in them the cases say themselves what holds.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use interbind_doctor::check::{Verdict, check};
use interbind_doctor::facts::Module;
use interbind_doctor::inspect::{Options, Quiet, inspect};

use crate::axes::Mutation;
use crate::cell::CellId;
use crate::outcome::Outcome;
use crate::participant::{Participants, Recipe};

/// What the doctor has read.
#[derive(Default)]
pub(crate) struct Doctor {
    read: Mutex<HashMap<PathBuf, Option<Module>>>,
}

impl Doctor {
    /// The outcome of a cell; none where it isn't asked.
    pub(crate) fn predict(
        &self,
        participants: &Participants,
        cell: &CellId,
        provider: &Path,
        consumer: &Path,
    ) -> Option<Outcome> {
        let others = [&cell.provider, &cell.consumer].into_iter().all(|build| {
            let is_cplusplus = |recipe: &Recipe| matches!(recipe, Recipe::Cplusplus(_));
            participants.of(build).is_some_and(|one| !one.interbind && is_cplusplus(&one.build))
        });
        if !others || cell.group() != "borrow" || cell.mutation != Mutation::Same {
            return None;
        }
        let told = check(&self.read(provider)?, &self.read(consumer)?);
        // Objects are taken where the internals are shared, or by the conduit.
        let ways =
            ["same-internals", "conduit-a-to-b"].map(|name| told.operation(name).map(|way| way.verdict));
        if ways.contains(&Some(Verdict::Share)) {
            return Some(Outcome::Interop);
        }
        let is_known =
            ways.iter().flatten().all(|way| *way != Verdict::Unknown) && told.verdict != Verdict::Unknown;
        is_known.then_some(Outcome::Silent)
    }

    fn read(&self, file: &Path) -> Option<Module> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let found = read.entry(file.to_owned()).or_insert_with(|| {
            let found = inspect(&[file.to_owned()], &Options::default(), &Quiet);
            found.modules.into_iter().next()
        });
        found.clone()
    }
}
