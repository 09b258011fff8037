//! Finding an interpreter: CPython 3.13 where there is one, never installed, never guessed.
//!
//! Looked for in pyenv's folder, in `$PYTHONS_HOME` (one folder per version) and on PATH.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Stop;

/// An interpreter that runs and has its headers' place known.
#[derive(Debug)]
pub(crate) struct Python {
    /// The program.
    pub(crate) exe: PathBuf,
    /// As `CPython 3.13.0`, with `free-threaded` behind it.
    pub(crate) name: String,
    /// Short, for folders: `3.13` or `3.13t`.
    pub(crate) tag: String,
    /// Where `Python.h` is.
    pub(crate) include: PathBuf,
}

const PROBE: &str = "\
import sys, sysconfig
free = bool(sysconfig.get_config_var('Py_GIL_DISABLED'))
print(sys.executable)
print(sys.implementation.name)
print('.'.join(map(str, sys.version_info[:3])))
print('%d.%d%s' % (*sys.version_info[:2], 't' if free else ''))
print(sysconfig.get_path('include'))
";

impl Python {
    /// Finds CPython 3.13, else whatever `python3` is.
    pub(crate) fn find() -> Result<Self, Stop> {
        let found = Self::of("3.13").or_else(|| Self::probe(Path::new("python3")));
        found.ok_or_else(|| Stop::Skip("no CPython 3.13 and no python3 found".to_owned()))
    }

    /// Finds the free-threaded CPython 3.13.
    pub(crate) fn free_threaded() -> Result<Self, Stop> {
        Self::of("3.13t").ok_or_else(|| Stop::Skip("no free-threaded CPython 3.13 found".to_owned()))
    }

    fn of(tag: &str) -> Option<Self> {
        let candidates =
            in_pyenv(tag).into_iter().chain(in_pythons_home(tag)).chain([format!("python{tag}").into()]);
        candidates.filter_map(|exe| Self::probe(&exe)).find(|python| python.tag == tag)
    }

    fn probe(exe: &Path) -> Option<Self> {
        let output = Command::new(exe).args(["-I", "-c", PROBE]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut lines = text.lines();
        let (exe, implementation) = (lines.next()?, lines.next()?);
        let (version, tag, include) = (lines.next()?, lines.next()?, lines.next()?);
        let free = if tag.ends_with('t') { ", free-threaded" } else { "" };
        (implementation == "cpython").then(|| Self {
            exe: exe.into(),
            name: format!("CPython {version}{free}"),
            tag: tag.to_owned(),
            include: include.into(),
        })
    }
}

fn in_pyenv(tag: &str) -> Vec<PathBuf> {
    let Some(home) = home() else { return Vec::new() };
    let root = env::var_os("PYENV_ROOT").map_or_else(|| home.join(".pyenv"), PathBuf::from);
    let Ok(entries) = root.join("versions").read_dir() else { return Vec::new() };
    let mut versions: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    versions.sort();
    let (number, free) = tag.strip_suffix('t').map_or((tag, false), |number| (number, true));
    versions.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(number) && name.ends_with('t') == free
    });
    versions.iter().map(|path| path.join("bin/python3")).collect()
}

fn in_pythons_home(tag: &str) -> Option<PathBuf> {
    let set = env::var_os("PYTHONS_HOME").map(PathBuf::from);
    let root = set.or_else(|| Some(home()?.join(".cache/pythons")))?;
    Some(root.join(tag).join("bin/python3"))
}

fn home() -> Option<PathBuf> {
    env::var_os("HOME").or_else(|| env::var_os("USERPROFILE")).map(PathBuf::from)
}
