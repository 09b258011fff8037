//! What isn't run, said where everybody sees it: because this machine lacks something, or because it can't apply.
//!
//! Each lack has a name, `python:3.13t` or `program:clang++`. `INTERBIND_REQUIRE` is a list of such names, of kinds (`python`),
//! or `all`: a test that lacks one of them fails instead. What was skipped is kept for `z_skips`, the last test of a run, which
//! prints one table of it.

use std::env;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// What a machine may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack<'a> {
    /// An interpreter, by the name that tests call it.
    Python(&'a str),
    /// What an interpreter's extensions are compiled with.
    Headers(&'a str),
    /// A program on `PATH`, or what belongs to one.
    Program(&'a str),
    /// A toolchain of Rust, or a part of one.
    Toolchain(&'a str),
    /// A package that an index or a cache would have.
    Package(&'a str),
}

impl Lack<'_> {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Python(name) => ("python", name),
            Self::Headers(name) => ("headers", name),
            Self::Program(name) => ("program", name),
            Self::Toolchain(name) => ("toolchain", name),
            Self::Package(name) => ("package", name),
        }
    }

    /// Tells whether a list of names, kinds and `all` asks for it.
    pub fn is_in(&self, required: &str) -> bool {
        let (kind, name) = self.parts();
        let mut listed = required.split([',', ' ']).filter(|entry| !entry.is_empty());
        listed.any(|entry| {
            entry == "all"
                || entry == kind
                || entry.split_once(':').is_some_and(|entry| entry == (kind, name))
        })
    }
}

impl fmt::Display for Lack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = self.parts();
        write!(f, "{kind}:{name}")
    }
}

/// Says that something isn't run because the machine lacks something.
///
/// # Panics
/// `INTERBIND_REQUIRE` asks for it.
#[track_caller]
pub fn missing(what: &str, lack: Lack<'_>, reason: &str) {
    allow(&env::var("INTERBIND_REQUIRE").unwrap_or_default(), what, lack, reason);
    say(&format!("skip: {what}: {reason} [{lack}]"));
    keep(&lack.to_string(), what, reason);
}

/// Lets a lack pass, unless it is one of those that are required.
///
/// # Panics
/// It is.
#[track_caller]
fn allow(required: &str, what: &str, lack: Lack<'_>, reason: &str) {
    assert!(!lack.is_in(required), "{what}: {reason}; `INTERBIND_REQUIRE={required}` asks for {lack}");
}

/// Says that something isn't run because it can't apply here, or only anywhere else.
pub fn skip(what: &str, reason: &str) {
    say(&format!("skip: {what}: {reason}"));
    keep("-", what, reason);
}

/// Written past the test harness, which swallows what a passing test prints.
fn say(line: &str) {
    // Without a stderr nobody reads it.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// The folder with a file for each run that skipped something.
pub fn folder() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.ancestors().nth(2)?.join("skips"))
}

/// The file of the run that this process belongs to: the one who started it is cargo, or stands for it.
#[cfg(unix)]
pub fn file() -> Option<PathBuf> {
    Some(folder()?.join(std::os::unix::process::parent_id().to_string()))
}

/// Elsewhere the lines on stderr have to do.
#[cfg(not(unix))]
pub fn file() -> Option<PathBuf> {
    None
}

fn keep(lack: &str, what: &str, reason: &str) {
    let Some(file) = file() else { return };
    let words = [lack, what, reason].map(|text| text.replace(['\t', '\n'], " "));
    // The table is for people; what can't be kept was said.
    let _ = file.parent().map(fs::create_dir_all);
    if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(file) {
        let _ = file.write_all(format!("{}\n", words.join("\t")).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::{Lack, allow};

    #[test]
    fn a_lack_is_asked_for_by_its_name_its_kind_or_with_all() {
        let lack = Lack::Python("3.13t");
        assert_eq!(lack.to_string(), "python:3.13t");
        for list in ["all", "python", "program:cc,python:3.13t", "program python"] {
            assert!(lack.is_in(list), "{list}");
        }
        for list in ["", "python:3.13", "program", "python:", ":3.13t", "pythons"] {
            assert!(!lack.is_in(list), "{list}");
        }
    }

    #[test]
    fn what_is_required_fails_where_it_lacks_and_says_who_asked() {
        let lack = Lack::Python("9.9");
        for list in ["", "program:cc"] {
            allow(list, "a law", lack, "no Python 9.9");
        }
        for list in ["python:9.9", "python", "all"] {
            let said =
                catch_unwind(|| allow(list, "a law", lack, "no Python 9.9")).expect_err("it is required");
            let said = said.downcast_ref::<String>().expect("a panic with a text");
            assert_eq!(
                *said,
                format!("a law: no Python 9.9; `INTERBIND_REQUIRE={list}` asks for python:9.9")
            );
        }
    }
}
