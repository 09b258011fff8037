//! Asks a Python who it is, by running it: only one that the user named, or the one that `python3` starts. One that hangs or
//! prints without end is an error within seconds.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use interbind_ask::{Answer, Limits};
use interbind_doctor::host::{HostPython, QUESTION};

use crate::{Error, Result};

/// What changes which Python answers, or what it says first.
const FOREIGN: &[&str] = &["PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONVERBOSE"];

/// Runs a Python, and reads its answer.
///
/// # Errors
/// It can't be run, or isn't a Python.
pub fn ask(python: &Path) -> Result<HostPython> {
    let failed = |said: String| Error::Program {
        program: python.to_owned(),
        said,
        fix: "name a Python, its environment's folder, or a folder of packages".to_owned(),
    };
    let mut command = Command::new(python);
    command.args(["-c", QUESTION]);
    for name in FOREIGN {
        command.env_remove(name);
    }
    let answer = interbind_ask::ask(&mut command, Limits::ANSWER).and_then(Answer::stdout);
    let stdout = answer.map_err(|why| failed(why.to_string()))?;
    let text = String::from_utf8_lossy(&stdout);
    // What `sitecustomize` prints stands in front.
    let answer = text.lines().rev().find(|line| line.starts_with('{')).unwrap_or_default();
    HostPython::from_answer(answer).map_err(|error| failed(format!("its answer is no answer: {error}")))
}

/// Refuses what doesn't start like a Python, before it is given a program that may take as long as it likes.
///
/// # Errors
/// It can't be run, hangs, prints without end or fails.
pub fn starts(python: &Path) -> Result<()> {
    let answer = interbind_ask::ask(Command::new(python).args(["-c", ""]), Limits::ANSWER);
    answer.and_then(Answer::stdout).map(drop).map_err(|why| Error::Program {
        program: python.to_owned(),
        said: why.to_string(),
        fix: "name a Python that runs here: `interbind doctor --live PYTHON …`".to_owned(),
    })
}

/// The environment that is active, if one is.
pub fn active() -> Option<PathBuf> {
    let named = ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().find_map(env::var_os).filter(|path| !path.is_empty());
    let beside = || Some(PathBuf::from(".venv")).filter(|path| path.join("pyvenv.cfg").is_file());
    named.map(PathBuf::from).or_else(beside)
}

/// The active environment's Python, else `python3`.
pub fn active_python() -> PathBuf {
    let inside = |folder: PathBuf| {
        let names = ["bin/python", "Scripts/python.exe", "python.exe"];
        names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
    };
    active().and_then(inside).unwrap_or_else(|| PathBuf::from("python3"))
}

/// Has a Python's own pip fetch wheels into a folder; what has none is left out by asking for each alone.
///
/// # Errors
/// There is no pip, or it fetched nothing at all.
pub fn download(python: &Path, words: &[String], folder: &Path) -> Result<()> {
    let run = |words: &[String]| {
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--only-binary", ":all:", "--dest"]).arg(folder).arg("--").args(words);
        interbind_ask::ask(&mut pip, Limits::DOWNLOAD)
    };
    let failed = |said: String| Error::Program {
        program: python.to_owned(),
        said,
        fix: "install pip for that Python and allow it the network, or leave out `--fetch`".to_owned(),
    };
    if words.is_empty() {
        return Ok(());
    }
    let all = run(words).map_err(|error| failed(error.to_string()))?;
    if all.status.success() {
        return Ok(());
    }
    let mut fetched = false;
    for word in words {
        fetched |= run(std::slice::from_ref(word)).is_ok_and(|output| output.status.success());
    }
    let said = String::from_utf8_lossy(&all.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    if fetched { Ok(()) } else { Err(failed(last.to_owned())) }
}
