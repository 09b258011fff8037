//! The programs of the tests: cargo builds them, and its messages say where each is and whose it is.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::repository;

/// One program that runs tests, or cargo for those in documentation.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The group of tests, as [`times`](crate::times) calls it.
    pub group: String,
    /// What `cargo test` prints above.
    pub heading: String,
    /// The file.
    pub file: PathBuf,
    /// Its words.
    pub words: Vec<String>,
    /// The folder of its package, where it runs.
    pub folder: PathBuf,
    /// Whether it can list its tests.
    pub lists: bool,
}

/// The cargo of this run.
pub(super) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Where cargo builds.
pub(super) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}

/// Has everything built.
pub(super) fn build() -> Result<Vec<Program>, String> {
    let mut cargo = Command::new(cargo());
    cargo.args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]);
    cargo.current_dir(repository()).stdin(Stdio::null()).stdout(Stdio::piped());
    without_ours(&mut cargo);
    let mut child = cargo.spawn().map_err(|error| format!("cargo can't be run: {error}"))?;
    let messages = child.stdout.take().ok_or("cargo has no output")?;
    let mut found = Vec::new();
    for line in BufReader::new(messages).lines() {
        let line = line.map_err(|error| format!("cargo: {error}"))?;
        found.extend(serde_json::from_str(&line).ok().as_ref().and_then(program));
    }
    let ended = child.wait().map_err(|error| format!("cargo: {error}"))?;
    if !ended.success() {
        return Err(format!("the tests can't be built: cargo ended with {ended}"));
    }
    found.push(documentation());
    Ok(found)
}

/// A program for an artifact that is one.
fn program(message: &Value) -> Option<Program> {
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let file = PathBuf::from(message["executable"].as_str()?);
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
    let source = Path::new(message["target"]["src_path"].as_str()?);
    let source = source.strip_prefix(&folder).unwrap_or(source).to_string_lossy().replace('\\', "/");
    let name = message["target"]["name"].as_str()?;
    let is_test = message["target"]["kind"][0] == "test";
    let shown = file.strip_prefix(repository()).unwrap_or(&file).display();
    let (group, heading) = if is_test {
        (source.trim_end_matches(".rs").to_owned(), format!("     Running {source} ({shown})"))
    } else {
        (format!("{name} {source}"), format!("     Running unittests {source} ({shown})"))
    };
    Some(Program { group, heading, file, words: Vec::new(), folder, lists: true })
}

/// The examples in documentation, which cargo builds and runs itself. With `--doc` it doesn't ask whether a package wants that.
fn documentation() -> Program {
    let mut words = ["test", "--workspace", "--doc", "--no-fail-fast"].map(str::to_owned).to_vec();
    for package in without_doctests() {
        words.extend(["--exclude".to_owned(), package]);
    }
    Program {
        group: "doc".to_owned(),
        heading: String::new(),
        file: cargo().into(),
        words,
        folder: repository(),
        lists: false,
    }
}

/// The packages whose manifests say `doctest = false`.
fn without_doctests() -> Vec<String> {
    let mut command = Command::new(cargo());
    command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(repository());
    without_ours(&mut command);
    let said = command.output().map(|output| output.stdout).unwrap_or_default();
    let metadata: Value = serde_json::from_slice(&said).unwrap_or_default();
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let refuses = |package: &Value| {
        let mut targets = package["targets"].as_array().into_iter().flatten();
        targets.any(|target| {
            target["doctest"] == false && target["kind"].as_array().is_some_and(|kinds| is_library(kinds))
        })
    };
    packages
        .iter()
        .filter(|package| refuses(package))
        .filter_map(|package| Some(package["name"].as_str()?.to_owned()))
        .collect()
}

fn is_library(kinds: &[Value]) -> bool {
    kinds.iter().any(|kind| kind.as_str().is_some_and(|kind| kind.contains("lib") || kind == "proc-macro"))
}

/// Takes away what cargo has set for this chore: to another cargo it would be the caller's.
pub(super) fn without_ours(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_PRIMARY_"].iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
}
