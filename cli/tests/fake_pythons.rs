//! Programs named like a Python that hang, print without end or die: each command that asks one goes on within seconds, and
//! says which one and what it did.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// What a fake does, and what is said of it.
const FAKES: &[(&str, &str, &str)] = &[
    ("hangs", "/bin/sleep 600", "didn't end within 10 s"),
    ("prints", "exec /usr/bin/yes", "printed more than 1 MiB"),
    ("dies", "kill -9 $$", "signal: 9"),
    ("fails", "echo 'no such codec' >&2; exit 1", "no such codec"),
    ("lies", "echo this is no answer", "no answer"),
];

/// A folder with one fake.
fn fake(name: &str, script: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, file)
}

fn interbind(words: &[&str], path: &Path, home: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interbind"));
    command.args(words).stdin(Stdio::null()).current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in ["VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "PYTHONS_HOME"] {
        command.env_remove(name);
    }
    // Nothing but the fake.
    command.env("PATH", path).env("HOME", home);
    command.output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs something with every fake at once: those that hang are waited for together.
fn with_each(words: &[&str], check: impl Fn(&str, &Path, &Output) + Sync) {
    std::thread::scope(|scope| {
        for (kind, script, said) in FAKES {
            let check = &check;
            scope.spawn(move || {
                let (folder, file) = fake("python3", script);
                let words: Vec<String> =
                    words.iter().map(|word| word.replace("{python}", &file.display().to_string())).collect();
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let output = interbind(&words, folder.path(), folder.path());
                // What an empty program prints is nobody's business.
                if *kind == "lies" && words.contains(&"--live") {
                    return;
                }
                assert!(err(&output).contains(said), "{kind} {words:?}: {}", err(&output));
                check(kind, &file, &output);
            });
        }
    });
}

#[test]
fn doctor_names_a_python_that_does_not_answer() {
    with_each(&["doctor"], |kind, _, output| {
        assert_eq!(output.status.code(), Some(2), "{kind}");
        assert!(err(output).contains("python3"), "{kind}: {}", err(output));
        assert!(err(output).contains("\nfix: "), "{kind}: {}", err(output));
    });
}

#[test]
fn doctor_names_a_python_that_was_given_and_does_not_answer() {
    with_each(&["doctor", "{python}"], |kind, file, output| {
        assert_eq!(output.status.code(), Some(2), "{kind}");
        assert!(err(output).contains(&file.display().to_string()), "{kind}: {}", err(output));
    });
}

#[test]
fn a_program_is_given_to_no_python_that_does_not_start() {
    with_each(&["doctor", "--python", "{python}", "--live", "-c", "pass"], |kind, file, output| {
        assert_eq!(output.status.code(), Some(2), "{kind}");
        assert!(err(output).contains(&file.display().to_string()), "{kind}: {}", err(output));
    });
}

/// A machine where no Python works: the matrix refuses, and names each that it met.
#[cfg(feature = "matrix")]
#[test]
fn the_matrix_needs_one_python_that_answers() {
    with_each(&["matrix", "list", "--smoke"], |kind, file, output| {
        assert_eq!(output.status.code(), Some(2), "{kind}");
        assert!(err(output).contains(&file.display().to_string()), "{kind}: {}", err(output));
    });
}
