//! The wheel, built and installed: one environment in the workshop, with maturin from wherever `pip` finds packages.
//! Without a network, or without a tool, whatever needs it is skipped, visibly.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::native::include;
use crate::package::repository;
use crate::python::{FOREIGN, Python};
use crate::skip::{Lack, missing};

/// Runs a program to its end.
///
/// # Errors
/// What it says.
pub fn run(command: &mut Command) -> Result<String, String> {
    for name in FOREIGN {
        command.env_remove(name);
    }
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{command:?}\n{out}{err}")) }
}

/// An environment in which the wheel was built and is installed; its interpreter.
pub fn environment(workshop: &Path) -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let what = "the wheel";
        let python = Python::default(what)?;
        include(python, what)?;
        let folder = workshop.join("wheel");
        let _ = std::fs::remove_dir_all(&folder);
        let bin = folder.join("bin/python");
        if let Err(said) = run(Command::new(&python.executable).args(["-m", "venv"]).arg(&folder)) {
            missing(what, Lack::Package("venv"), said.lines().last().unwrap_or("no venv"));
            return None;
        }
        if let Err(said) = install(&bin, &["maturin>=1.9,<2", "setuptools"]) {
            missing(what, Lack::Package("maturin"), said.lines().last().unwrap_or("maturin can't be had"));
            return None;
        }
        let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap_or_default());
        let source = repository().join("python");
        let mut build = pip(&bin);
        build.arg("--no-build-isolation").arg(source).env("PATH", path);
        build.env("CARGO_TARGET_DIR", workshop.join("capi-wheel"));
        // What is tested is what the code does: the profile of a release takes twice as long.
        build.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        run(&mut build).unwrap_or_else(|said| panic!("the wheel can't be built:\n{said}"));
        Some(bin)
    };
    MADE.get_or_init(make).as_deref()
}

/// Installs packages into an environment.
///
/// # Errors
/// What `pip` says.
pub fn install(python: &Path, packages: &[&str]) -> Result<String, String> {
    run(pip(python).args(packages))
}

fn pip(python: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip
}
