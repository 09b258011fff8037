//! Interpreters: which ones the axis has (`hosts.toml`), which of them are here. Hosts are found, never
//! installed; one that is missing stays visible as `absent(not found)`, and a program that is named like a Python but
//! doesn't answer like one is skipped with its reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use interbind_ask::{Limits, ask};
use serde::{Deserialize, Serialize};

use crate::error::{Result, Skipped};
use crate::house::{self, House};

/// What an interpreter says about itself.
const QUESTION: &str = "import json, sys, sysconfig
v = sysconfig.get_config_var
print(json.dumps(dict(executable=sys.executable, implementation=sys.implementation.name,
    version='%d.%d' % sys.version_info[:2], full='.'.join(map(str, sys.version_info[:3])),
    free_threaded=bool(v('Py_GIL_DISABLED')), debug=hasattr(sys, 'gettotalrefcount'),
    suffix=v('EXT_SUFFIX') or '.so')))";

/// One line of `hosts.toml`: a value of the axis and how it is recognised.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    /// `cp311`, `cp313t`, `pp311`.
    pub name: String,
    implementation: String,
    version: String,
    #[serde(default, rename = "free-threaded")]
    free_threaded: bool,
    #[serde(default)]
    debug: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HostFile {
    host: Vec<HostSpec>,
}

/// An interpreter's answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Python {
    /// The real executable.
    pub executable: PathBuf,
    /// `cpython`, `pypy`.
    pub implementation: String,
    /// `3.11`.
    pub version: String,
    /// `3.11.7`.
    pub full: String,
    /// Whether there is no GIL.
    pub free_threaded: bool,
    /// Whether it is a debug build.
    pub debug: bool,
    /// The ending of an extension built for it alone.
    pub suffix: String,
}

/// A value of the host axis, found or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Host {
    /// `cp311`.
    pub name: String,
    /// The interpreter; `None` = absent.
    pub python: Option<Python>,
    /// Whether it is the `python3` of the PATH.
    pub default: bool,
}

/// The hosts of the axis and what was passed over while they were looked for.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// All of them, in the axis's order.
    pub all: Vec<Host>,
    /// What did not answer.
    pub skipped: Vec<Skipped>,
}

impl Hosts {
    /// Reads the axis and looks for every interpreter. All are asked at once, so one that hangs costs its own time limit.
    pub fn find(house: &House) -> Result<Self> {
        let file: HostFile = house::read_toml(&house.data.join("hosts.toml"))?;
        let defaults = on_path(|name| name == "python3");
        let candidates = each_once(defaults.iter().cloned().chain(candidates()));
        let answers: Vec<std::result::Result<Python, String>> = std::thread::scope(|scope| {
            let asking: Vec<_> =
                candidates.iter().map(|path| scope.spawn(|| question(path, Limits::ANSWER))).collect();
            let lost = |_| Err("could not be asked".to_owned());
            asking.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
        });
        let mut pythons = Vec::new();
        let mut default = None;
        let mut skipped = Vec::new();
        for (executable, answer) in candidates.into_iter().zip(answers) {
            match answer {
                Ok(python) => {
                    // The first of the PATH that is a Python.
                    if default.is_none() && defaults.contains(&executable) {
                        default = Some(python.clone());
                    }
                    pythons.push(python);
                }
                Err(why) => skipped.push(Skipped { executable, why }),
            }
        }
        let host = |spec: HostSpec| {
            let python = pythons.iter().find(|python| spec.recognises(python)).cloned();
            let is_default = default.as_ref().is_some_and(|python| spec.recognises(python));
            Host { name: spec.name, python, default: is_default }
        };
        Ok(Self { all: file.host.into_iter().map(host).collect(), skipped })
    }

    /// The host of that name.
    pub fn get(&self, name: &str) -> Option<&Host> {
        self.all.iter().find(|host| host.name == name)
    }

    /// The interpreter of a host that is here.
    pub fn python(&self, name: &str) -> Option<&Python> {
        self.get(name)?.python.as_ref()
    }

    /// The host behind a name or one of `default`, `newest` (the newest CPython with a GIL).
    pub fn resolve(&self, word: &str) -> Option<&Host> {
        match word {
            "default" => self.all.iter().find(|host| host.default),
            "newest" => self.all.iter().rev().find(|host| {
                host.python
                    .as_ref()
                    .is_some_and(|p| p.implementation == "cpython" && !p.free_threaded && !p.debug)
            }),
            name => self.get(name),
        }
    }

    /// Positions on the axis, for ranges such as `cp39..cp315`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|host| host.name == name)
    }
}

impl HostSpec {
    fn recognises(&self, python: &Python) -> bool {
        self.implementation == python.implementation
            && self.version == python.version
            && self.free_threaded == python.free_threaded
            && self.debug == python.debug
    }
}

fn candidates() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let mut found = on_path(is_python_name);
    let pyenv = std::env::var_os("PYENV_ROOT").map_or_else(|| home.join(".pyenv"), PathBuf::from);
    for version in house::entries(&pyenv.join("versions")).unwrap_or_default() {
        found.push(version.join("bin/python"));
    }
    let pythons = std::env::var_os("PYTHONS_HOME").map_or_else(|| home.join(".cache/pythons"), PathBuf::from);
    for version in house::entries(&pythons).unwrap_or_default() {
        let inside = house::entries(&version.join("bin")).unwrap_or_default();
        found.extend(
            inside
                .into_iter()
                .filter(|path| path.file_name().is_some_and(|n| is_python_name(&n.to_string_lossy()))),
        );
    }
    found
}

/// Several links to one file are asked once. The link is started and not its target, because a virtual environment is a link.
fn each_once(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    paths.filter(|path| path.canonicalize().is_ok_and(|real| seen.insert(real))).collect()
}

fn on_path(wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| house::entries(&folder).unwrap_or_default())
        .filter(|file| file.file_name().is_some_and(|name| wanted(&name.to_string_lossy())))
        .collect()
}

/// `python3`, `python3.14`, `python3.13t`, `pypy3`, `pypy3.11`; no `python3-config`.
fn is_python_name(name: &str) -> bool {
    let name = name.strip_suffix(".exe").unwrap_or(name);
    name.strip_prefix("python3").or_else(|| name.strip_prefix("pypy3")).is_some_and(|rest| {
        let digits = rest.trim_end_matches(['t', 'd']);
        digits.is_empty() || digits.strip_prefix('.').is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Asks an interpreter who it is.
fn question(path: &Path, limits: Limits) -> std::result::Result<Python, String> {
    let answer = ask(Command::new(path).args(["-I", "-S", "-c", QUESTION]), limits);
    let stdout = answer.and_then(interbind_ask::Answer::stdout).map_err(|why| why.to_string())?;
    serde_json::from_slice(&stdout).map_err(|error| format!("answered what is no answer: {error}"))
}
