//! Building an extension as a user does: in its own workspace, with its own lockfile and profile, for one interpreter.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::package::{Package, repository};
use crate::python::{FOREIGN, Python};
use crate::toolchain;

/// One build at a time: they share target folders, and cargo uses all cores by itself.
static BUILDING: Mutex<()> = Mutex::new(());

/// An extension that can be built.
#[derive(Clone, Debug)]
pub struct Extension {
    name: String,
    folder: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    release: bool,
    locked: bool,
    target: Option<String>,
    toolchain: Option<String>,
}

impl Extension {
    /// One of `examples/`: its release profile, its committed lockfile.
    pub fn example(name: &str) -> Self {
        let folder = repository().join("examples").join(name);
        Self { release: true, locked: true, ..Self::at(name, folder) }
    }

    /// A crate of this repository that stands outside the workspace: its release profile, its committed lockfile.
    pub fn of_repository(name: &str, folder: &str) -> Self {
        Self { release: true, locked: true, ..Self::at(name, repository().join(folder)) }
    }

    /// A package that a test wrote, in the dev profile.
    pub fn of(package: &Package, workshop: &Path) -> Self {
        Self::at(package.name(), package.write(workshop))
    }

    fn at(name: &str, folder: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            folder,
            arguments: Vec::new(),
            environment: Vec::new(),
            release: false,
            locked: false,
            target: None,
            toolchain: None,
        }
    }

    /// Builds the release profile.
    pub fn release(mut self) -> Self {
        self.release = true;
        self
    }

    /// Adds an argument of `cargo rustc`; after `--` they are the compiler's.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Leaves the implementation to the wheel's runtime: for what a test wrote.
    pub fn without_implementation(self) -> Self {
        self.argument("--no-default-features")
    }

    /// Sets a variable for the build.
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Builds for a target by its name, which keeps flags away from what runs during the build.
    pub fn target(mut self, triple: &str) -> Self {
        self.target = Some(triple.to_owned());
        self
    }

    /// Builds with another toolchain than the one that runs the tests.
    pub fn toolchain(mut self, name: &str) -> Self {
        self.toolchain = Some(name.to_owned());
        self
    }

    /// Returns what Python imports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Builds for an interpreter, and returns the library; what cargo says otherwise.
    ///
    /// # Errors
    /// Cargo's own output.
    pub fn try_build(&self, workshop: &Path, python: &Python) -> Result<PathBuf, String> {
        let _one = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        self.build_alone(workshop, python)
    }

    fn build_alone(&self, workshop: &Path, python: &Python) -> Result<PathBuf, String> {
        let target = workshop.join("build").join(python.to_string());
        let built = self.cargo(&target, python, true);
        // A generated package has no lockfile yet: what a warm machine has is tried first, without a network.
        let built = match built {
            Err(said) if !self.locked && said.contains("--offline") => self.cargo(&target, python, false),
            built => built,
        };
        built?;
        let profile = if self.release { "release" } else { "debug" };
        let file = format!("{}{}{}", env::consts::DLL_PREFIX, self.name, env::consts::DLL_SUFFIX);
        Ok(target.join(self.target.as_deref().unwrap_or("")).join(profile).join(file))
    }

    /// Builds for an interpreter.
    pub fn build(&self, workshop: &Path, python: &Python) -> PathBuf {
        self.try_build(workshop, python).unwrap_or_else(|said| self.fail(python, &said))
    }

    /// Builds, and copies the library to `file`: the next build of that name replaces the original.
    pub fn build_to(&self, workshop: &Path, python: &Python, file: &Path) {
        let _one = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        let built = self.build_alone(workshop, python).unwrap_or_else(|said| self.fail(python, &said));
        fs::create_dir_all(file.parent().expect("a file lies in a folder"))
            .expect("the workshop is writable");
        // Moved into place: whoever reads or has mapped the old file keeps it whole.
        let fresh = file.with_extension("fresh");
        fs::copy(&built, &fresh).expect("the workshop is writable");
        fs::rename(&fresh, file).expect("the workshop is writable");
    }

    fn fail(&self, python: &Python, said: &str) -> ! {
        panic!("`{}` can't be built for Python {python}:\n{said}", self.name)
    }

    fn cargo(&self, target: &Path, python: &Python, offline: bool) -> Result<(), String> {
        let mut cargo = match &self.toolchain {
            Some(name) => toolchain::cargo(name),
            None => Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
        };
        cargo.args(["rustc", "--lib", "--quiet"]).current_dir(&self.folder).stdin(Stdio::null());
        if self.release {
            cargo.arg("--release");
        }
        if self.locked {
            cargo.arg("--locked");
        } else if offline {
            cargo.arg("--offline");
        }
        if let Some(triple) = &self.target {
            cargo.args(["--target", triple]);
        }
        cargo.args(&self.arguments);
        for name in FOREIGN {
            cargo.env_remove(name);
        }
        cargo.env("CARGO_TARGET_DIR", target).env("PYO3_BUILD_EXTENSION_MODULE", "1");
        // What is built here is built once.
        cargo.env("PYO3_PYTHON", &python.executable).env("CARGO_INCREMENTAL", "0");
        cargo.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = cargo.output().map_err(|error| format!("cargo: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
