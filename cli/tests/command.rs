//! The command as it is typed: exit codes, formats, places, and what it does with names and readers that aren't usual.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn interbind<T: AsRef<OsStr>>(words: &[T]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interbind"));
    for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    command.args(words).stdin(Stdio::null()).output().expect("the command was built")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A real binary: this very command.
fn binary(folder: &Path, name: impl AsRef<Path>) -> PathBuf {
    let path = folder.join(name);
    fs::copy(env!("CARGO_BIN_EXE_interbind"), &path).unwrap();
    path
}

#[test]
fn a_missing_file_is_bad_use_and_is_named() {
    for words in [
        &["inspect", "no-such.so"][..],
        &["check", "no-such.so", "nor-this.so"],
        &["diff", "no-such.so", "b"],
    ] {
        let output = interbind(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(
            err(&output).contains("cannot read `no-such.so`: there is no such file or folder"),
            "{}",
            err(&output)
        );
        assert!(err(&output).contains("\nfix: "), "{}", err(&output));
        assert_eq!(out(&output), "");
    }
}

#[test]
fn words_that_mean_nothing_are_bad_use() {
    assert_eq!(interbind(&["inspekt"]).status.code(), Some(2));
    assert_eq!(interbind(&["inspect"]).status.code(), Some(2));
    assert_eq!(interbind(&["inspect", "a", "--json", "--sarif"]).status.code(), Some(2));
    assert_eq!(interbind(&["schema", "nothing"]).status.code(), Some(2));
    assert_eq!(interbind(&["doctor", "--live"]).status.code(), Some(2));
    assert_eq!(interbind(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_file_that_is_no_binary_is_a_finding_in_every_format() {
    let folder = folder("formats");
    let file = folder.join("text.so");
    fs::write(&file, "no binary").unwrap();
    let run = |format: &str| {
        let output =
            interbind(&[OsStr::new("inspect"), file.as_os_str(), OsStr::new("--format"), OsStr::new(format)]);
        assert_eq!(output.status.code(), Some(1), "{format}: {}", err(&output));
        out(&output)
    };
    assert!(run("text").contains("text.so"));
    let json: Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(json["schema"], "interbind-inspect/1");
    assert_eq!(json["problems"].as_array().unwrap().len(), 1);
    let sarif: Value = serde_json::from_str(&run("sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "unreadable");
    assert!(run("junit").contains("failures=\"1\""));
    assert!(run("github").starts_with("::warning file="));
}

#[test]
fn quiet_prints_nothing_and_keeps_the_exit_code() {
    let folder = folder("quiet");
    let (bad, good) = (folder.join("text.so"), binary(&folder, "good.so"));
    fs::write(&bad, "no binary").unwrap();
    let output = interbind(&[OsStr::new("inspect"), OsStr::new("--quiet"), bad.as_os_str()]);
    assert_eq!((output.status.code(), out(&output), err(&output)), (Some(1), String::new(), String::new()));
    let output = interbind(&[OsStr::new("inspect"), OsStr::new("--quiet"), good.as_os_str()]);
    assert_eq!((output.status.code(), out(&output), err(&output)), (Some(0), String::new(), String::new()));
}

#[test]
fn a_result_can_go_to_a_file() {
    let folder = folder("output");
    let (file, result) = (binary(&folder, "good.so"), folder.join("result.json"));
    let words: [&OsStr; 5] =
        ["inspect".as_ref(), file.as_ref(), "--json".as_ref(), "--output".as_ref(), result.as_ref()];
    let output = interbind(&words);
    assert_eq!((output.status.code(), out(&output)), (Some(0), String::new()));
    let json: Value = serde_json::from_str(&fs::read_to_string(&result).unwrap()).unwrap();
    assert_eq!(json["modules"][0]["extension"], false);
    let nowhere = folder.join("no/folder.json");
    let output = interbind(&[OsStr::new("inspect"), file.as_ref(), OsStr::new("--output"), nowhere.as_ref()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("cannot write `"), "{}", err(&output));
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let folder = folder("colour");
    let file = binary(&folder, "good.so");
    let escape = '\u{1b}';
    let plain = interbind(&[OsStr::new("inspect"), file.as_ref()]);
    assert!(!out(&plain).contains(escape));
    let forced =
        interbind(&[OsStr::new("inspect"), file.as_ref(), OsStr::new("--color"), OsStr::new("always")]);
    assert!(out(&forced).contains(escape));
    let mut command = Command::new(env!("CARGO_BIN_EXE_interbind"));
    let asked =
        command.arg("inspect").arg(&file).env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR").output().unwrap();
    assert!(out(&asked).contains(escape));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = folder("pipe");
    let file = binary(&folder, "good.so");
    // More than a pipe holds, and a reader that is gone.
    let mut command = Command::new(env!("CARGO_BIN_EXE_interbind"));
    let mut child = command
        .args(["inspect", "--json", "--verbose"])
        .args(vec![&file; 60])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output)), (Some(0), String::new()));
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_read_and_shown() {
    use std::os::unix::ffi::OsStringExt;

    let folder = folder("names");
    let name = OsString::from_vec(b"odd\xff\x1b[31m.so".to_vec());
    if fs::write(folder.join(&name), "").is_err() {
        // Some file systems take text only.
        return;
    }
    let file = binary(&folder, &name);
    let output = interbind(&[OsStr::new("inspect"), file.as_ref()]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("odd\u{fffd}\\u{1b}[31m.so"), "{}", out(&output));
}

#[test]
fn nothing_to_hold_against_each_other_is_bad_use() {
    let folder = folder("check");
    let (a, b) = (binary(&folder, "a.so"), binary(&folder, "b.so"));
    let output = interbind(&[OsStr::new("check"), a.as_ref(), b.as_ref()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("a.so` has no extension module"), "{}", err(&output));
}

#[test]
fn ids_are_compared_and_explained_without_files() {
    let (old, new) = (
        "__pybind11_internals_v5_gcc_libstdcpp_cxxabi1014__",
        "__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__",
    );
    let output = interbind(&["diff", old, new]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("diff-ids", out(&output));
    assert_eq!(interbind(&["diff", old, old]).status.code(), Some(0));
    let output = interbind(&["explain", old]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!("explain-id", out(&output));
    let output = interbind(&["explain", "nothing that anybody knows"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn every_shell_has_completions_and_every_command_a_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = interbind(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(out(&output).contains("inspect"), "{shell}");
    }
    let folder = folder("man");
    let output = interbind(&[OsStr::new("man"), OsStr::new("--all"), folder.as_ref()]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    for command in ["inspect", "check", "doctor", "explain", "diff", "graph", "schema", "completions", "man"]
    {
        let page = fs::read_to_string(folder.join(format!("interbind-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
        assert_eq!(out(&interbind(&["man", command])), page, "{command}");
    }
    assert!(out(&interbind(&["man"])).contains("interbind\\-inspect(1)"));
}

#[test]
fn the_whole_help_is_as_it_was_reviewed() {
    insta::assert_snapshot!("help", out(&interbind(&["--help"])));
    for command in ["inspect", "check", "doctor", "explain", "diff", "graph"] {
        insta::assert_snapshot!(format!("help-{command}"), out(&interbind(&[command, "--help"])));
    }
    #[cfg(feature = "matrix")]
    for command in ["run", "show"] {
        let name = format!("help-matrix-{command}");
        insta::assert_snapshot!(name, out(&interbind(&["matrix", command, "--help"])));
    }
}
