//! Interpreters: found on `PATH`, in pyenv's folder and in `PYTHONS_HOME`; never installed. One that hangs, prints without end
//! or dies is skipped with its reason.

use std::collections::BTreeSet;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use interbind_ask::{Answer, Limits, Unanswered};

use crate::skip::{Lack, missing, skip};

/// What an interpreter says about itself, a line each.
const QUESTION: &str = "import sys, sysconfig, importlib.machinery
v = sysconfig.get_config_var
print(sys.executable)
print(sys.implementation.name)
print('%d %d' % sys.version_info[:2])
print(int(bool(v('Py_GIL_DISABLED'))))
print(int(hasattr(sys, 'gettotalrefcount')))
print(int('--with-thread-sanitizer' in (v('CONFIG_ARGS') or '')))
print(min(importlib.machinery.EXTENSION_SUFFIXES, key=len))";

/// The oldest Python that extensions are built for.
const OLDEST: (u32, u32) = (3, 9);

/// An interpreter on this machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Python {
    /// Major and minor.
    pub version: (u32, u32),
    /// `cpython`, `pypy`.
    pub implementation: String,
    /// Whether it is a free-threaded build.
    pub free_threaded: bool,
    /// Whether it is a debug build.
    pub debug: bool,
    /// Whether it was built with the thread sanitizer.
    pub thread_sanitizer: bool,
    /// The executable behind links and shims.
    pub executable: PathBuf,
    /// The shortest ending of an extension that it loads.
    pub suffix: String,
}

impl Python {
    /// Finds the `python3` of the `PATH`; says so when there is none.
    pub fn default(what: &str) -> Option<&'static Self> {
        static DEFAULT: OnceLock<Option<Python>> = OnceLock::new();
        let found = DEFAULT.get_or_init(|| on_path("python3").iter().find_map(|path| ask(path)));
        if found.is_none() {
            missing(what, Lack::Python("3"), "no `python3` of version 3.9 or newer on PATH");
        }
        found.as_ref()
    }

    /// Finds the interpreter of that name (`3.14`, `3.13t`, `pypy3.11`); says so when there is none.
    pub fn find(name: &str, what: &str) -> Option<&'static Self> {
        let found = Self::all().iter().find(|python| python.to_string() == name);
        if found.is_none() {
            missing(what, Lack::Python(name), &format!("no Python {name} on this machine"));
        }
        found
    }

    /// Finds a free-threaded one that was configured `--with-thread-sanitizer`: the one that `INTERBIND_TSAN_PYTHON` names,
    /// or one that stands where the others are looked for; says so when there is none.
    pub fn with_thread_sanitizer(what: &str) -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Python>> = OnceLock::new();
        let named = || env::var_os("INTERBIND_TSAN_PYTHON").map(PathBuf::from);
        let mut places = named().into_iter().chain(candidates()).filter_map(|path| ask(&path));
        let found =
            FOUND.get_or_init(|| places.find(|python| python.free_threaded && python.thread_sanitizer));
        if found.is_none() {
            missing(
                what,
                Lack::Python("tsan"),
                "no free-threaded Python was configured `--with-thread-sanitizer`, see `INTERBIND_TSAN_PYTHON`",
            );
        }
        found.as_ref()
    }

    /// Finds every interpreter of this machine, one of each name: the default one first, then by version. One with a
    /// sanitizer inside is none of them: what isn't built for it fails there.
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Python>> = OnceLock::new();
        ALL.get_or_init(|| {
            let mut found: Vec<_> = candidates().iter().filter_map(|path| ask(path)).collect();
            found.retain(|python| !python.thread_sanitizer);
            found.sort();
            let default = on_path("python3").iter().find_map(|path| ask(path));
            let mut all: Vec<_> = default.into_iter().collect();
            for python in found {
                if all.iter().all(|known| known.to_string() != python.to_string()) {
                    all.push(python);
                }
            }
            all
        })
    }

    /// Tells whether it is a CPython with a GIL and without debug checks.
    pub fn is_plain_cpython(&self) -> bool {
        self.implementation == "cpython" && !self.free_threaded && !self.debug
    }
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version;
        let implementation = if self.implementation == "cpython" { "" } else { &self.implementation };
        let free_threaded = if self.free_threaded { "t" } else { "" };
        let debug = if self.debug { "d" } else { "" };
        let sanitizer = if self.thread_sanitizer { "-tsan" } else { "" };
        write!(f, "{implementation}{major}.{minor}{free_threaded}{debug}{sanitizer}")
    }
}

/// Finds a program on `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    on_path(name).into_iter().next()
}

/// Finds a program on `PATH`; says so when it isn't there.
pub fn needed(name: &str, what: &str) -> Option<PathBuf> {
    let found = program(name);
    if found.is_none() {
        missing(what, Lack::Program(name), &format!("no `{name}` on PATH"));
    }
    found
}

fn on_path(name: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(name)).filter(|file| file.is_file()).collect()
}

/// Every executable that may be an interpreter, each file once.
fn candidates() -> Vec<PathBuf> {
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let pyenv = env::var_os("PYENV_ROOT").map_or_else(|| home.join(".pyenv"), PathBuf::from).join("versions");
    let pythons = env::var_os("PYTHONS_HOME").map_or_else(|| home.join(".cache/pythons"), PathBuf::from);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for folder in [pyenv, pythons].iter().flat_map(|folder| entries(folder)) {
        for name in ["python3", "python"] {
            let file = folder.join("bin").join(name);
            if file.canonicalize().is_ok_and(|real| seen.insert(real)) {
                found.push(file);
            }
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// How long a Python may take to start beside all other tests, before a test is missing it.
const LAST: Limits = Limits { time: Duration::from_secs(60), ..Limits::ANSWER };

/// Asks an interpreter who it is; one that fails to answer, or is too old, is none. One that had to be stopped twice is named.
fn ask(path: &Path) -> Option<Python> {
    ask_within(path, &[Limits::ANSWER, LAST])
}

fn ask_within(path: &Path, attempts: &[Limits]) -> Option<Python> {
    let once = |limits: &Limits| {
        let mut asked = Command::new(path);
        asked.args(["-s", "-c", QUESTION]);
        // What a sanitizer thinks of Python's own start is no answer.
        asked.env("TSAN_OPTIONS", "report_bugs=0");
        for name in FOREIGN {
            asked.env_remove(name);
        }
        interbind_ask::ask(&mut asked, *limits).and_then(Answer::stdout)
    };
    let (last, before) = attempts.split_last()?;
    let early = before.iter().map(once).find(|answer| !matches!(answer, Err(Unanswered::Late(_))));
    let stdout = match early.unwrap_or_else(|| once(last)) {
        Ok(stdout) => stdout,
        // A version manager's shim of a version that isn't chosen says no, and there are many.
        Err(Unanswered::Failed { status, .. }) if status.code().is_some() => return None,
        Err(why) => {
            skip(&path.display().to_string(), &why.to_string());
            return None;
        }
    };
    let text = String::from_utf8(stdout).ok()?;
    let [executable, implementation, version, free_threaded, debug, thread_sanitizer, suffix] =
        text.lines().collect::<Vec<_>>().try_into().ok()?;
    let (major, minor) = version.split_once(' ')?;
    let version = (major.parse().ok()?, minor.parse().ok()?);
    (version >= OLDEST).then(|| Python {
        version,
        implementation: implementation.to_owned(),
        free_threaded: free_threaded == "1",
        debug: debug == "1",
        thread_sanitizer: thread_sanitizer == "1",
        executable: executable.into(),
        suffix: suffix.to_owned(),
    })
}

/// Variables of the caller's that change what an interpreter or a build does.
pub const FOREIGN: &[&str] = &[
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHON_GIL",
    "VIRTUAL_ENV",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "PYO3_CONFIG_FILE",
    "PYO3_NO_PYTHON",
];

#[cfg(all(test, unix))]
mod tests {

    use super::*;

    #[test]
    fn a_program_that_does_not_answer_is_no_python() {
        let folder = env::temp_dir().join(format!("interbind-fake-pythons-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a writable folder");
        let fakes =
            [("hangs", "sleep 600"), ("prints", "exec yes"), ("dies", "kill -9 $$"), ("lies", "echo hello")];
        std::thread::scope(|scope| {
            for (name, script) in fakes {
                let file = folder.join(name);
                scope.spawn(move || {
                    interbind_ask::write_script(&file, script).expect("a writable folder");
                    let limits = Limits { time: Duration::from_secs(1), ..Limits::ANSWER };
                    assert_eq!(ask_within(&file, &[limits, limits]), None, "{name}");
                });
            }
        });
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
