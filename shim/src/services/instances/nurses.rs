//! What an object keeps alive: nurses and their patients.
//!
//! A nurse is borrowed, like an entry's object: its class's dealloc calls `release`, or the callback of the weak reference
//! in `watch` does. A patient is a reference of ours, or memory of C. Runs under a shard's lock, so nothing is dropped
//! here: what is taken out is handed to the caller, who drops it outside.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::watch::Watch;
use crate::ffi::{Attached, PyObject, Strong};
use crate::runtime::own::table::{Hashed, Table, hash_address};

/// An object that keeps others alive.
#[derive(Debug)]
pub(super) struct Nurse {
    object: NonNull<PyObject>,
    /// How we learn of its death; NULL when its class tells.
    pub(super) watch: *const Watch,
    patients: Vec<Patient>,
}

// SAFETY: touched by attached threads under the shard's lock.
unsafe impl Send for Nurse {}

/// What is kept alive.
#[derive(Debug)]
pub(super) enum Patient {
    /// A reference.
    Object(NonNull<PyObject>),
    /// Memory, and what frees it.
    Payload(*mut c_void, unsafe extern "C" fn(payload: *mut c_void)),
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
        hash(self.object)
    }
}

fn hash(object: NonNull<PyObject>) -> u64 {
    hash_address(object.as_ptr() as usize)
}

impl Patient {
    fn is_same(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Object(one), Self::Object(other)) if one == other)
    }

    /// Hands it back to the caller of the table, who keeps what isn't a reference; may run any code.
    ///
    /// # Safety
    /// 1. No lock is held.
    pub(super) unsafe fn decline(self, at: Attached) {
        if let Self::Object(_) = self {
            // SAFETY: duty 1.
            unsafe { self.drop(at) };
        }
    }

    /// Lets go of it; may run any code.
    ///
    /// # Safety
    /// 1. No lock is held, and the patient is used no more.
    pub(super) unsafe fn drop(self, _at: Attached) {
        match self {
            // SAFETY: the reference was ours.
            Self::Object(object) => drop(unsafe { Strong::from_new(object.as_ptr()) }),
            // SAFETY: duty 1, and the contract of `attach`: called attached, once.
            Self::Payload(payload, free) => unsafe { free(payload) },
        }
    }
}

impl Nurse {
    /// Lets go of what a nurse kept alive, the newest first.
    ///
    /// # Safety
    /// 1. No lock is held.
    pub(super) unsafe fn drop_patients(self, at: Attached) {
        for patient in self.patients.into_iter().rev() {
            // SAFETY: duty 1; each is taken out once.
            unsafe { patient.drop(at) };
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.patients.len()
    }
}

/// Gives a patient to a nurse that is known.
pub(super) fn keep(nurses: &mut Table<Nurse>, object: NonNull<PyObject>, patient: Patient) -> Kept {
    let Some(nurse) = nurses.find_mut(hash(object), |nurse| nurse.object == object) else {
        return Kept::NoNurse(patient);
    };
    if nurse.patients.iter().any(|other| other.is_same(&patient)) {
        return Kept::Already(patient);
    }
    nurse.patients.push(patient);
    Kept::Yes
}

/// Adds a nurse and its first patient, unless it is known.
pub(super) fn employ(
    nurses: &mut Table<Nurse>,
    object: NonNull<PyObject>,
    watch: *const Watch,
    patient: Patient,
) -> Kept {
    match keep(nurses, object, patient) {
        Kept::NoNurse(patient) if nurses.reserve().is_err() => Kept::Full(patient),
        Kept::NoNurse(patient) => {
            // Most nurses have one patient.
            let patients = vec![patient];
            nurses.add(Nurse { object, watch, patients }).expect("there is a place");
            Kept::Employed
        }
        kept => kept,
    }
}

/// Takes a nurse out; when `watch` isn't NULL, only the one that is watched by it.
pub(super) fn dismiss(
    nurses: &mut Table<Nurse>,
    object: NonNull<PyObject>,
    watch: *const Watch,
) -> Option<Nurse> {
    nurses.remove(hash(object), |nurse| {
        nurse.object == object && (watch.is_null() || ptr::eq(nurse.watch, watch))
    })
}

/// The first object that a nurse keeps alive at or behind a place, and its place.
pub(super) fn object_from(
    nurses: &Table<Nurse>,
    object: NonNull<PyObject>,
    place: usize,
) -> Option<(usize, NonNull<PyObject>)> {
    let nurse = nurses.find(hash(object), |nurse| nurse.object == object)?;
    nurse.patients.iter().enumerate().skip(place).find_map(|(place, patient)| match patient {
        Patient::Object(object) => Some((place, *object)),
        Patient::Payload(..) => None,
    })
}
