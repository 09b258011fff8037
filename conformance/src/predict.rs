//! What the doctor says of a cell before it is run: from the two files alone, which it reads and never loads.
//!
//! It speaks of pairs of other binding libraries, whose rules it knows, and of the classes that both have in common: whether
//! objects of the one are taken by functions of the other. Of pairs with interbind in them it speaks of functions: whether they pickle,
//! and whether a C function is called whose type is the one that is asked for. Of their classes the cases say themselves what holds.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use interbind_abi::Reason;
use interbind_doctor::check::{Verdict, check, native_calls, pickled};
use interbind_doctor::facts::{Module, Picklable};
use interbind_doctor::inspect::{Options, Quiet, inspect};

use crate::axes::Mutation;
use crate::cell::CellId;
use crate::outcome::Outcome;
use crate::participant::{Participants, Recipe};

/// The cases that ask for the type that a function has. What others ask for is in no file.
const ASK_FOR_ITS_TYPE: &[&str] = &["function.native-entry", "function.each-interpreter"];

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
        match cell.group() {
            "function" if ASK_FOR_ITS_TYPE.contains(&cell.case.as_str()) => {
                return self.called(provider, consumer);
            }
            "pickle" => return self.pickled(provider, consumer),
            _ => {}
        }
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

    /// What comes of a call of a C function that the provider lends, by the notes of both.
    fn called(&self, provider: &Path, consumer: &Path) -> Option<Outcome> {
        match native_calls(&self.read(provider)?, &self.read(consumer)?)?.0 {
            Verdict::Share => Some(Outcome::Interop),
            Verdict::Isolated => Some(Outcome::Detected(Reason::CAbi.slug().to_owned())),
            _ => None,
        }
    }

    /// What comes of pickling functions of both.
    fn pickled(&self, provider: &Path, consumer: &Path) -> Option<Outcome> {
        let all = [pickled(&self.read(provider)?), pickled(&self.read(consumer)?)];
        if all.contains(&Picklable::Unknown) {
            return None;
        }
        Some(if all.contains(&Picklable::No) { Outcome::Silent } else { Outcome::Interop })
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
