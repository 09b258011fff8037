//! Compiles C++ as the benches do it: with `$CXX`, else `c++`, optimised, and again only when something changed.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::python::Python;
use super::{Stop, quietly};

/// What one run of the compiler makes.
#[derive(Debug)]
pub(crate) struct Unit<'a> {
    /// The sources, objects and libraries.
    pub(crate) sources: &'a [PathBuf],
    /// Folders of headers, Python's apart.
    pub(crate) include: &'a [PathBuf],
    /// What comes behind the flags that all have in common.
    pub(crate) flags: &'a [&'a str],
    /// Files and folders whose change makes it again, the sources apart.
    pub(crate) watched: &'a [PathBuf],
}

impl Unit<'_> {
    /// Compiles it, unless `result` is younger than everything it is made from.
    pub(crate) fn build(&self, python: &Python, result: &Path) -> Result<(), Stop> {
        let written = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
        let made = written(result);
        let inputs = self.sources.iter().chain(self.watched).flat_map(|path| files(path));
        if made.is_some() && inputs.into_iter().all(|input| written(&input) < made) {
            return Ok(());
        }
        let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
        let asked = Command::new(&compiler).arg("--version").output();
        if !asked.is_ok_and(|output| output.status.success()) {
            return Err(Stop::Skip("no C++ compiler".to_owned()));
        }
        let mut command = Command::new(compiler);
        command.args([
            "-std=c++17",
            "-O3",
            "-DNDEBUG",
            "-fvisibility=hidden",
            "-fPIC",
            "-fno-stack-protector",
        ]);
        command.args(self.flags);
        for folder in self.include.iter().chain([&python.include]) {
            let mut flag = OsString::from("-I");
            flag.push(folder);
            command.arg(flag);
        }
        if cfg!(target_os = "macos") && self.flags.contains(&"-shared") {
            command.args(["-undefined", "dynamic_lookup"]);
        }
        command.arg("-o").arg(result).args(self.sources);
        let what = result.file_name().unwrap_or_default().to_string_lossy();
        quietly(&mut command).map_err(|()| Stop::broken("cannot compile", what))
    }
}

/// A file, or all files below a folder.
fn files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = path.read_dir() else { return vec![path.to_owned()] };
    entries.flatten().flat_map(|entry| files(&entry.path())).collect()
}
