//! Programs named like a Python that hang, print without end or die: each command that asks one goes on within seconds, and
//! says which one and what it did.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

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
    interbind_ask::write_script(&file, script).unwrap();
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

/// The commands that ask a Python.
const COMMANDS: &[&[&str]] = &[
    &["doctor"],
    &["doctor", "{python}"],
    &["doctor", "--python", "{python}", "--live", "-c", "pass"],
    #[cfg(feature = "matrix")]
    &["matrix", "list", "--smoke"],
];

/// A command that met a fake.
struct Met {
    words: &'static [&'static str],
    kind: &'static str,
    said: &'static str,
    file: PathBuf,
    output: Output,
}

/// Runs every command with every fake, all at once: those that hang are waited for together.
fn all() -> &'static [Met] {
    static MET: OnceLock<Vec<Met>> = OnceLock::new();
    MET.get_or_init(|| {
        std::thread::scope(|scope| {
            let pairs = COMMANDS.iter().flat_map(|words| FAKES.iter().map(move |fake| (*words, fake)));
            let running: Vec<_> = pairs
                .map(|(words, (kind, script, said))| {
                    scope.spawn(move || {
                        let (folder, file) = fake("python3", script);
                        let python = file.display().to_string();
                        let given: Vec<String> =
                            words.iter().map(|word| word.replace("{python}", &python)).collect();
                        let given: Vec<&str> = given.iter().map(String::as_str).collect();
                        let output = interbind(&given, folder.path(), folder.path());
                        Met { words, kind, said, file, output }
                    })
                })
                .collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        })
    })
}

/// Goes through what a command did with each fake.
fn with_each(words: &[&str], check: impl Fn(&str, &Path, &Output)) {
    let met: Vec<_> = all().iter().filter(|met| met.words == words).collect();
    assert_eq!(met.len(), FAKES.len(), "`COMMANDS` has {words:?}");
    for Met { kind, said, file, output, .. } in met {
        // What an empty program prints is nobody's business.
        if *kind == "lies" && words.contains(&"--live") {
            continue;
        }
        assert!(err(output).contains(said), "{kind} {words:?}: {}", err(output));
        check(kind, file, output);
    }
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
