//! `.ci/run` counts what ran and fails when any part of it does, with nothing beside the repository. Its cargo is a fake.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use interbind_tests::package::repository;
use interbind_tests::workshop;

/// What the fakes print: two crates' tests, and a skip.
const CARGO: &str = r#"case "$1 $2" in "xtask test") echo "test result: ok. 3 passed; $FAILS failed; 1 ignored; 0 measured"
echo "skip: something: this machine has none" >&2
echo "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured";; esac
case " $BROKEN " in *" $1 "*) exit 7;; esac"#;

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("it stands in a folder")).expect("a writable folder");
    interbind_ask::write_script(path, text).expect("a writable folder");
}

/// A repository that is the script and nothing else.
fn house(name: &str) -> PathBuf {
    let folder = workshop!().join("ci").join(name);
    script(&folder.join("bin/cargo"), CARGO);
    script(&folder.join("fuzz/run"), "case \" $BROKEN \" in *\" fuzz \"*) exit 7;; esac");
    fs::create_dir_all(folder.join(".ci")).expect("a writable folder");
    fs::copy(repository().join(".ci/run"), folder.join(".ci/run")).expect("it is in the repository");
    folder
}

fn run(house: &Path, broken: &str, failed: &str, words: &[&str]) -> Output {
    let path = format!("{}:/usr/bin:/bin", house.join("bin").display());
    // By name of its shell: this process wrote the copy, so it can't be run itself while other tests start programs.
    let mut script = Command::new("bash");
    script
        .arg(house.join(".ci/run"))
        .args(words)
        .env("PATH", path)
        .env("BROKEN", broken)
        .env("FAILS", failed);
    script.output().expect("bash is here")
}

fn last_line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn the_last_line_counts_what_passed_failed_and_was_skipped() {
    let house = house("counts");
    let fine = run(&house, "", "0", &[]);
    assert_eq!(last_line(&fine), "5 passed, 0 failed, 1 ignored, 1 parts skipped");
    assert!(fine.status.success(), "{}", String::from_utf8_lossy(&fine.stdout));
    let failed = run(&house, "", "2", &[]);
    assert_eq!(last_line(&failed), "5 passed, 2 failed, 1 ignored, 1 parts skipped");
    assert_eq!(failed.status.code(), Some(1));
}

#[test]
fn each_part_that_fails_fails_the_whole_and_is_named() {
    let house = house("parts");
    for (part, words) in [
        ("xtask", &[][..]),
        ("test", &[]),
        ("fmt", &[]),
        ("clippy", &[]),
        ("doc", &[]),
        ("fuzz", &[]),
        ("run", &["--quick"]),
        ("run", &["--full"]),
    ] {
        let output = run(&house, part, "0", words);
        assert_eq!(output.status.code(), Some(1), "{part}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.lines().any(|line| line.starts_with("FAILED: ") && line.contains(part)),
            "{part}: {said}"
        );
        assert!(last_line(&output).contains(" passed, "), "{part}: {said}");
    }
}
