//! Makes `doctor/data/releases.toml` from the frameworks' own released headers.
//!
//! Two things in the file are kept by hand: each framework's `source`, and the texts of its marks. All else is read:
//!
//! - `index`: which releases there are, and their wheels;
//! - `headers`: what a wheel's headers say;
//! - `print`: the table as text.

mod headers;
mod index;
mod print;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use interbind_doctor::versions::{Framework, Table};

use headers::Reader;

/// Compares the checked-in table with one made now.
///
/// # Errors
/// They differ, or a release can't be had.
pub fn check() -> Result<(), String> {
    let (old, new) = (read()?, make()?);
    if old == new {
        println!("the table is what the releases say");
        return Ok(());
    }
    let changed = |a: &str, b: &str, sign: &str| {
        let lines: Vec<&str> = b.lines().collect();
        a.lines().filter(|l| !lines.contains(l)).map(|l| format!("{sign} {}\n", l.trim())).collect::<String>()
    };
    print!("{}{}", changed(&old, &new, "-"), changed(&new, &old, "+"));
    Err("the table isn't what the releases say; fix: cargo xtask releases".into())
}

/// Writes the table.
///
/// # Errors
/// A release can't be had, or the file can't be written.
pub fn write() -> Result<(), String> {
    let new = make()?;
    fs::write(file(), new).map_err(|e| format!("can't write {}: {e}", file().display()))
}

fn make() -> Result<String, String> {
    let mut table = Table::parse(&read()?).map_err(|e| format!("{}: {e}", file().display()))?;
    fill("pybind11", &mut table.pybind11, headers::pybind11)?;
    fill("nanobind", &mut table.nanobind, headers::nanobind)?;
    fill("swig", &mut table.swig, headers::swig)?;
    Ok(print::table(&table))
}

/// Reads all releases of a framework, and in which of them each mark stands.
fn fill(name: &str, framework: &mut Framework, reader: Reader) -> Result<(), String> {
    // Releases that were withdrawn from the index are no longer listed, but binaries built with them exist.
    let known: Vec<String> = framework.releases.iter().map(|r| r.version.clone()).collect();
    let mut texts = Vec::new();
    framework.releases.clear();
    for version in index::versions(name, &known)? {
        let sources = index::sources(name, &version)?;
        if let Some(release) = reader(&version, &sources) {
            framework.releases.push(release);
            let marked = !framework.marks.is_empty();
            texts.push(if marked { headers::literals(&sources) } else { BTreeSet::new() });
        }
    }
    for mark in &mut framework.marks {
        let having: Vec<bool> = texts.iter().map(|t| t.contains(&mark.text)).collect();
        mark.releases = spans(framework.releases.iter().map(|r| r.version.as_str()).zip(having));
        if mark.releases.is_empty() {
            return Err(format!(
                "no release of {name} has the text {:?}; fix: take it off the marks",
                mark.text
            ));
        }
    }
    Ok(())
}

/// Runs of releases that have something: `2.8.0 .. 2.13.6`.
fn spans<'a>(releases: impl Iterator<Item = (&'a str, bool)>) -> Vec<String> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    let mut open = false;
    for (version, has) in releases {
        match (has, open, found.last_mut()) {
            (true, true, Some(last)) => last.1 = version,
            (true, ..) => found.push((version, version)),
            (false, ..) => {}
        }
        open = has;
    }
    let text =
        |(first, last): (&str, &str)| if first == last { first.into() } else { format!("{first} .. {last}") };
    found.into_iter().map(text).collect()
}

fn read() -> Result<String, String> {
    fs::read_to_string(file()).map_err(|e| format!("can't read {}: {e}", file().display()))
}

fn file() -> PathBuf {
    root().join("doctor/data/releases.toml")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_releases_are_told_by_their_ends() {
        let releases = [("1", true), ("2", false), ("3", true), ("4", true), ("5", false)];
        assert_eq!(spans(releases.into_iter()), ["1", "3 .. 4"]);
    }

    #[test]
    fn printing_the_checked_in_table_gives_the_file() {
        let text = read().unwrap();
        assert_eq!(print::table(&Table::parse(&text).unwrap()), text);
    }
}
