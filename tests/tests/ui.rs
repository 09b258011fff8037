//! What the macros refuse, and what they say about it: each file in `ui` breaks the law in its name.
//!
//! The `.stderr` beside it is what the author reads, in the words of the compiler that CI uses; `TRYBUILD=overwrite`
//! writes them anew. `tests` checks only, so no Python is linked.

use std::collections::BTreeSet;
use std::fs::read_dir;
use std::path::Path;

use interbind_conformance::cache::Key;
use interbind_tests::built::{cache, identity, seen_by_cargo, works};
use interbind_tests::package::repository;

/// All that the compiler reads, and what is compared.
const READ: &[&str] =
    &["Cargo.lock", "Cargo.toml", "abi", "shim", "structures", "tests/Cargo.toml", "tests/ui"];

#[test]
fn what_the_macros_refuse_is_told_in_place() {
    let check = || trybuild::TestCases::new().compile_fail("ui/*.rs");
    // It was compared before, and nothing of it has changed since: what passed is kept as an entry without files.
    let overwrites = std::env::var_os("TRYBUILD").is_some();
    let key = Key::of("ui")
        .piece("compiler", identity(Path::new("rustc"), "-vV", &[]))
        .pieces("environment", seen_by_cargo(&[]));
    match works(cache().entry(&key.name())).kept() {
        Ok(_) if !overwrites => {}
        Ok(_) => check(),
        Err(entry) => {
            let mut building = works(entry.build());
            for path in READ {
                building.inputs.contents(repository().join(path));
            }
            // What differs is said by a panic when the cases go out of scope, before anything is kept.
            check();
            works(building.keep());
        }
    }
}

#[test]
fn every_stderr_has_its_law() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let names = |extension: &str| -> BTreeSet<_> {
        let files = read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|found| found == extension));
        files.map(|path| path.file_stem().unwrap().to_owned()).collect()
    };
    assert_eq!(names("rs"), names("stderr"));
}
