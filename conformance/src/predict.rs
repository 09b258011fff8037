//! What the doctor says of a cell before it is run: from the two files alone, which it reads and never loads.
//!
//! It speaks of pairs with other binding libraries in them, and of the classes that both have in common: whether objects of the one are
//! taken by functions of the other. What follows where the two declare them differently is this file's: nothing of theirs compares
//! declarations. Of pairs of interbind the cases say themselves what holds. Of functions it says whether they pickle, and what comes of
//! a look-up of a C function: which types a case is about stands here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use interbind_doctor::check::{Check, NativeCall, Verdict, check, native_call, pickled};
use interbind_doctor::facts::{FrameworkKind, Module, Picklable};
use interbind_doctor::inspect::{Options, Quiet, inspect};

use crate::axes::Mutation;
use crate::cell::CellId;
use crate::outcome::Outcome;
use crate::participant::{Participants, Recipe};

/// The cases that look for a C function, and the types of those that are offered where they look. All ask for [`WANTED`].
const LOOK_UPS: &[(&str, &[&str])] = &[
    ("function.native-entry", &[WANTED]),
    ("function.each-interpreter", &[WANTED]),
    ("function.other-signature", &["double (double)"]),
    ("function.nothing-lent", &[]),
];

/// What a consumer's `native_call` asks for.
const WANTED: &str = "double (double, double)";

/// What the doctor has read.
#[derive(Default)]
pub(crate) struct Doctor {
    read: Mutex<HashMap<PathBuf, Option<Module>>>,
}

/// What it says of a cell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Prediction {
    /// Nothing: it isn't asked.
    NotAsked,
    /// That it doesn't know. Of the pairs that it is asked about it should.
    Open(String),
    /// This comes of it.
    Is(Outcome),
}

impl Doctor {
    /// Says what comes of a cell.
    pub(crate) fn predict(
        &self,
        participants: &Participants,
        cell: &CellId,
        provider: &Path,
        consumer: &Path,
    ) -> Prediction {
        let said = |outcome: Option<Outcome>| outcome.map_or(Prediction::NotAsked, Prediction::Is);
        if let Some((_, offered)) = LOOK_UPS.iter().find(|(case, _)| *case == cell.case.as_str()) {
            return said(self.called(provider, consumer, offered));
        }
        if cell.group() == "pickle" {
            return said(self.pickled(provider, consumer));
        }
        // What Python files do can't be read off.
        let is_read = [&cell.provider, &cell.consumer]
            .into_iter()
            .all(|build| participants.of(build).is_some_and(|one| !matches!(one.build, Recipe::Copy { .. })));
        let asked = ["borrow.exact-type", "layout.mutations"].contains(&cell.case.as_str());
        if !is_read || !asked || participants.are_interbind(&cell.provider, &cell.consumer) {
            return Prediction::NotAsked;
        }
        let (Some(provider), Some(consumer)) = (self.read(provider), self.read(consumer)) else {
            return Prediction::Open("a file that it can't read".to_owned());
        };
        let told = check(&provider, &consumer);
        outcome(&told, &consumer, cell.mutation).map_or(Prediction::Open(told.sentence), Prediction::Is)
    }

    /// What comes of a look-up of a C function among those that the provider offers, by the notes of both.
    fn called(&self, provider: &Path, consumer: &Path, offered: &[&str]) -> Option<Outcome> {
        match native_call(&self.read(provider)?, &self.read(consumer)?, offered, WANTED)? {
            NativeCall::Given => Some(Outcome::Interop),
            NativeCall::Refused(reason) => Some(Outcome::Detected(reason.slug().to_owned())),
            NativeCall::Unknown => None,
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

/// What comes of an answer; none where it leaves that open.
fn outcome(told: &Check, consumer: &Module, mutation: Mutation) -> Option<Outcome> {
    // Objects are taken where the internals are shared, by the conduit, by classes of the provider's, or by a registry of all.
    let ways = ["same-internals", "conduit-a-to-b", "c-api-a-to-b"];
    let ways = ways.map(|name| told.operation(name).map(|way| way.verdict));
    if ways.contains(&Some(Verdict::Share)) || told.bridges.iter().any(|way| way.name == "pymetabind") {
        return Some(match mutation {
            Mutation::Same | Mutation::Renamed | Mutation::SemverMajor | Mutation::SemverMinor => {
                Outcome::Interop
            }
            Mutation::FieldAdded | Mutation::Reordered | Mutation::Widened | Mutation::AlignUp => {
                Outcome::Corrupt
            }
        });
    }
    if ways.contains(&Some(Verdict::Unknown)) {
        return None;
    }
    // Where they have no framework in common it knows no way, even if it can't be certain what made one of them.
    // Of a class that nobody published ours say so; others call it a type of another name.
    let is_ours = consumer.frameworks.iter().any(|one| one.kind == FrameworkKind::Interbind);
    Some(if is_ours { Outcome::Detected("not-published".to_owned()) } else { Outcome::Silent })
}
