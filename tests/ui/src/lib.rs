//! What the macros refuse, and what they say about it: each file beside `src` breaks the law in its name.
//!
//! The `.stderr` beside it is what the author reads, in the words of the compiler that CI uses; `TRYBUILD=overwrite`
//! writes them anew. The cases are only checked, so no Python is linked.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::read_dir;

    #[test]
    fn what_the_macros_refuse_is_told_in_place() {
        trybuild::TestCases::new().compile_fail("*.rs");
    }

    #[test]
    fn every_stderr_has_its_law() {
        let names = |extension: &str| -> BTreeSet<_> {
            let files = read_dir(env!("CARGO_MANIFEST_DIR")).expect("the folder is there");
            let files = files.map(|entry| entry.expect("the folder is read").path());
            let files = files.filter(|path| path.extension().is_some_and(|found| found == extension));
            files.map(|path| path.file_stem().expect("it has an extension").to_owned()).collect()
        };
        assert!(!names("rs").is_empty());
        assert_eq!(names("rs"), names("stderr"));
    }
}
