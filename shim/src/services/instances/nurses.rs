//! What an object keeps alive: nurses and their patients.
//!
//! A nurse is borrowed, like an entry's object: its class's dealloc calls `release`, or `watch` learns of its death, at the
//! latest when another object comes with its address. A patient is a reference of ours, or memory of C. Runs under a shard's lock, so nothing is dropped
//! here: what is taken out is handed to the caller, who drops it outside.

use core::num::NonZeroUsize;
use core::ptr::NonNull;

use interbind_structures::table::{Hashed, Table, hash_address};

use super::watch::WatchRef;
use crate::ffi::payload::Payload;
use crate::ffi::{Attached, Owed, PyObject};

/// An object that keeps others alive.
#[derive(Debug)]
pub(super) struct Nurse {
    /// Its address, which is compared and never followed here.
    object: NonZeroUsize,
    /// How we learn of its death; `None` when its class tells.
    pub(super) watch: Option<WatchRef>,
    patients: Vec<Patient>,
}

/// What is kept alive.
#[derive(Debug)]
pub(super) enum Patient {
    /// A reference, which the caller that takes the patient out gives up; with the service nobody does.
    Object(Owed),
    /// Memory of C.
    Payload(Payload),
}

/// What became of a patient.
pub(super) enum Kept {
    /// The nurse keeps it.
    Yes,
    /// The nurse is a new one, and keeps it.
    Employed,
    /// The nurse kept this object before: the reference is the caller's.
    Already(Patient),
    /// There is no such nurse yet.
    NoNurse(Patient),
    /// There is no memory.
    Full(Patient),
}

impl Hashed for Nurse {
    fn hash(&self) -> u64 {
        hash_address(self.object.get())
    }
}

fn hash(object: NonNull<PyObject>) -> u64 {
    hash_address(object.addr().get())
}

impl Patient {
    fn is_same(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Object(one), Self::Object(other)) if one.as_ptr() == other.as_ptr())
    }

    /// Hands it back to the caller of the table, who keeps what isn't a reference; may run any code, so no lock is held.
    pub(super) fn decline(self, at: Attached) {
        if let Self::Object(object) = self {
            drop(object.claim(at));
        }
    }
}

impl Nurse {
    fn is(&self, object: NonNull<PyObject>) -> bool {
        self.object == object.addr()
    }

    /// Lets go of what a nurse kept alive, the newest first; may run any code, so no lock is held.
    pub(super) fn drop_patients(self, at: Attached) {
        for patient in self.patients.into_iter().rev() {
            match patient {
                Patient::Object(object) => drop(object.claim(at)),
                Patient::Payload(payload) => payload.free(at),
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.patients.len()
    }
}

/// Gives a patient to a nurse that is known.
pub(super) fn keep(nurses: &mut Table<Nurse>, object: NonNull<PyObject>, patient: Patient) -> Kept {
    let Some(nurse) = nurses.find_mut(hash(object), |nurse| nurse.is(object)) else {
        return Kept::NoNurse(patient);
    };
    if nurse.patients.iter().any(|other| other.is_same(&patient)) {
        return Kept::Already(patient);
    }
    if nurse.patients.try_reserve(1).is_err() {
        return Kept::Full(patient);
    }
    nurse.patients.push(patient);
    Kept::Yes
}

/// Adds a nurse and its first patient, unless it is known.
pub(super) fn employ(
    nurses: &mut Table<Nurse>,
    object: NonNull<PyObject>,
    watch: Option<WatchRef>,
    patient: Patient,
) -> Kept {
    match keep(nurses, object, patient) {
        Kept::NoNurse(patient) if nurses.reserve().is_err() => Kept::Full(patient),
        Kept::NoNurse(patient) => {
            // Most nurses have one patient.
            let mut patients = Vec::new();
            if patients.try_reserve_exact(1).is_err() {
                return Kept::Full(patient);
            }
            patients.push(patient);
            nurses.add(Nurse { object: object.addr(), watch, patients }).expect("there is a place");
            Kept::Employed
        }
        kept => kept,
    }
}

/// Takes a nurse out; with a `watch`, only the one that is watched by it.
pub(super) fn dismiss(
    nurses: &mut Table<Nurse>,
    object: NonNull<PyObject>,
    watch: Option<WatchRef>,
) -> Option<Nurse> {
    nurses.remove(hash(object), |nurse| nurse.is(object) && (watch.is_none() || nurse.watch == watch))
}

/// How an object is watched; `None` when it is no nurse, or its class tells.
pub(super) fn watch_of(nurses: &Table<Nurse>, object: NonNull<PyObject>) -> Option<WatchRef> {
    nurses.find(hash(object), |nurse| nurse.is(object))?.watch
}

/// The first object that a nurse keeps alive at or behind a place, and its place.
pub(super) fn object_from(
    nurses: &Table<Nurse>,
    object: NonNull<PyObject>,
    place: usize,
) -> Option<(usize, *mut PyObject)> {
    let nurse = nurses.find(hash(object), |nurse| nurse.is(object))?;
    nurse.patients.iter().enumerate().skip(place).find_map(|(place, patient)| match patient {
        Patient::Object(object) => Some((place, object.as_ptr())),
        Patient::Payload(..) => None,
    })
}
