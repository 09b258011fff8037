//! `interbind lock`: what became of each type, and which version a change asks for.

use interbind_doctor::lock::{Change, Lock, TypeChange};

use super::findings;
use super::line::{Line, Role};
use super::page::Page;
use super::words;

/// Writes how the types stand.
pub fn view(page: &mut Page, lock: &Lock, checking: bool) {
    let number = words::count(lock.types.len(), "type");
    let head = match (lock.broken(), lock.findings.is_empty(), checking) {
        (true, ..) => Line::of(Role::Bad, "a type changed without the version that it needs")
            .with(Role::Plain, if checking { "" } else { "; the lock was not written" }),
        (false, true, true) => Line::of(Role::Good, format!("{number} as the lock says")),
        (false, false, true) => Line::of(Role::Bad, "the lock isn't what was built"),
        (false, _, false) => Line::of(Role::Good, format!("{number} locked in {}", lock.file)),
    };
    page.prose(0, 2, &head);
    for each in lock.types.iter().filter(|each| each.change != Change::Same) {
        page.prose(2, 4, &line(each));
        for part in each.differs.iter().filter(|_| each.change == Change::Versioned) {
            page.prose(4, 2, &Line::of(Role::Dim, part));
        }
    }
    findings::view(page, &lock.findings, true);
}

fn line(each: &TypeChange) -> Line {
    let version = |version: Option<_>| {
        version.map_or_else(String::new, |version: interbind_doctor::lock::TypeVersion| version.to_string())
    };
    let (locked, built) = (version(each.locked), version(each.built));
    let (role, said) = match each.change {
        Change::Same => (Role::Dim, built),
        Change::Added => (Role::Good, format!("{built} is new")),
        Change::Removed => (Role::Bad, format!("{locked} is gone")),
        Change::Versioned => (Role::Good, format!("{locked} → {built}")),
        Change::Unversioned => (Role::Bad, format!("{locked} → {built}, needs {}", version(each.needs))),
    };
    Line::plain(format!("{} ", each.name)).with(role, said)
}
