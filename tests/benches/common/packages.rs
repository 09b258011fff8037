//! Packages of PyPI whose headers a rival is compiled from: installed into a virtual environment under the target folder,
//! one for each Python.

use std::path::PathBuf;
use std::process::Command;

use super::python::Python;
use super::{Stop, made, quietly};

/// pybind11, the newest of its second life.
pub(crate) const PYBIND11: Package = Package { requirement: "pybind11==3.1.0", module: "pybind11" };

/// nanobind, whose sources come with it.
pub(crate) const NANOBIND: Package = Package { requirement: "nanobind==3.1.0", module: "nanobind" };

/// The nanobind of modules in split mode, and of modules that take objects of others.
pub(crate) const NANOBIND_BACKEND: Package =
    Package { requirement: "nanobind-backend==1.0.0", module: "nanobind_backend" };

/// Cython's compiler.
pub(crate) const CYTHON: Package = Package { requirement: "Cython==3.2.9", module: "Cython" };

/// A package, at a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    requirement: &'static str,
    module: &'static str,
}

impl Package {
    /// Returns the folder that the package is imported from, installing it where it isn't.
    pub(crate) fn site(self, python: &Python) -> Result<PathBuf, Stop> {
        let folder = self.folder(python)?;
        Ok(folder.parent().map_or_else(|| folder.clone(), PathBuf::from))
    }

    /// Returns the package's folder, installing it where it isn't.
    pub(crate) fn folder(self, python: &Python) -> Result<PathBuf, Stop> {
        let environment = made().join(format!("venv-{}", python.tag));
        let program = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
        let skip = |()| Stop::Skip(format!("{} can't be installed", self.requirement));
        if !program.exists() {
            quietly(Command::new(&python.exe).args(["-m", "venv"]).arg(&environment)).map_err(skip)?;
        }
        let place = || {
            let code = format!("import {0}, os; print(os.path.dirname({0}.__file__))", self.module);
            let output = Command::new(&program).args(["-I", "-c", &code]).output().ok()?;
            let text = String::from_utf8(output.stdout).ok()?;
            (output.status.success()).then(|| PathBuf::from(text.trim()))
        };
        if let Some(place) = place() {
            return Ok(place);
        }
        quietly(Command::new(&program).args(["-m", "pip", "install", "--quiet", self.requirement]))
            .map_err(skip)?;
        place().ok_or_else(|| Stop::Skip(format!("{} can't be imported", self.requirement)))
    }
}
