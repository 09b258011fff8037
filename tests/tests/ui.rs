//! What the macros refuse, and what they say about it: each file in `ui` breaks the law in its name.
//!
//! The `.stderr` beside it is what the author reads, in the words of the compiler that CI uses; `TRYBUILD=overwrite`
//! writes them anew. `tests` checks only, so no Python is linked.

use std::collections::BTreeSet;
use std::fs::read_dir;
use std::path::Path;

#[test]
fn what_the_macros_refuse_is_told_in_place() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
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
