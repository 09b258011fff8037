//! Builds an extension as a user does: apart from this workspace, with its own lockfile and profile.

use std::env::{self, consts};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::python::Python;
use super::{Stop, fixtures, made};

/// One build of an extension crate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixture<'a> {
    /// The folder under `fixtures`.
    pub(crate) folder: &'a str,
    /// The Python module that comes out.
    pub(crate) module: &'a str,
    /// The profile.
    pub(crate) profile: &'a str,
    /// Features, separated by commas.
    pub(crate) features: &'a str,
}

impl<'a> Fixture<'a> {
    /// The provider with the newest PyO3.
    pub(crate) const PROVIDER: Self = Self::new("bench-provider", "bench_provider");

    /// The consumer with the newest PyO3 and the provider's profile.
    pub(crate) const CONSUMER: Self = Self::new("bench-consumer", "bench_consumer");

    /// The consumer without a framework, and without an implementation.
    pub(crate) const RAW_CONSUMER: Self = Self::new("bench-consumer-raw", "bench_consumer_raw");

    /// A release build without features.
    pub(crate) const fn new(folder: &'a str, module: &'a str) -> Self {
        Self { folder, module, profile: "release", features: "" }
    }

    /// The same with features.
    pub(crate) const fn with(self, features: &'a str) -> Self {
        Self { features, ..self }
    }

    /// The same with another profile.
    pub(crate) const fn profile(self, profile: &'a str) -> Self {
        Self { profile, ..self }
    }

    /// Builds it, and returns the module's file, alone in its folder.
    ///
    /// A library's file has no hash in its name: builds with other features, and crates whose libraries share a name,
    /// overwrite each other's while cargo takes both for fresh. So the file is copied when cargo has just written it,
    /// and what is fresh is the copy.
    pub(crate) fn build(&self, python: &Python) -> Result<PathBuf, Stop> {
        let name = [self.folder, self.profile, &self.features.replace(',', "-")].join("_");
        let folder = made().join(format!("lib-{}", python.tag)).join(name);
        let module = folder.join(format!("{}.{}", self.module, if cfg!(windows) { "pyd" } else { "so" }));
        let target = made().join(format!("build-{}", python.tag));
        let library = format!("{}{}{}", consts::DLL_PREFIX, self.module, consts::DLL_SUFFIX);
        let built = target.join(self.profile).join(&library);
        let mut fresh = self.cargo(python, &target)?;
        if fresh && !module.exists() {
            for file in [&built, &target.join(self.profile).join("deps").join(&library)] {
                // Not there is as good as removed.
                drop(fs::remove_file(file));
            }
            fresh = self.cargo(python, &target)?;
        }
        if !fresh {
            fs::create_dir_all(&folder)
                .and_then(|()| fs::copy(&built, &module))
                .map_err(|error| Stop::broken(format!("cannot copy {}", built.display()), error))?;
        }
        Ok(module)
    }

    /// Runs cargo, and tells whether it had nothing to do.
    fn cargo(&self, python: &Python, target: &Path) -> Result<bool, Stop> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["build", "--locked", "--quiet", "--message-format", "json-render-diagnostics"])
            .args(["--profile", self.profile, "--features", self.features])
            .current_dir(fixtures().join(self.folder))
            .env("CARGO_TARGET_DIR", target)
            .env("PYO3_PYTHON", &python.exe)
            .env("PYO3_BUILD_EXTENSION_MODULE", "1")
            .output()
            .map_err(|error| Stop::broken("cannot start cargo", error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let extension = text.lines().find(|line| line.contains(r#""crate_types":["cdylib"]"#));
        match extension {
            Some(line) if output.status.success() => Ok(line.contains(r#""fresh":true"#)),
            _ => Err(Stop::broken(
                format!("cannot build {}", self.folder),
                String::from_utf8_lossy(&output.stderr),
            )),
        }
    }

    /// Builds it, and returns the folder to import it from.
    pub(crate) fn folder(&self, python: &Python) -> Result<PathBuf, Stop> {
        let mut module = self.build(python)?;
        module.pop();
        Ok(module)
    }
}
