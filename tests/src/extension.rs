//! Building an extension as a user does: in its own workspace, with its own lockfile and profile, for one interpreter.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use interbind_conformance::cache::{Inputs, Kept, Key};
use interbind_conformance::forge::network;

use crate::built::{cache, identity, seen_by_cargo, works};
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

    /// Builds for an interpreter, and returns the library; what cargo says otherwise. Cargo isn't asked when nothing of what it
    /// has read before was changed.
    ///
    /// # Errors
    /// Cargo's own output.
    pub fn try_build(&self, workshop: &Path, python: &Python) -> Result<PathBuf, String> {
        let kept = self.kept(workshop, python)?;
        Ok(kept.file(&self.library()))
    }

    fn library(&self) -> String {
        format!("{}{}{}", env::consts::DLL_PREFIX, self.name, env::consts::DLL_SUFFIX)
    }

    fn kept(&self, workshop: &Path, python: &Python) -> Result<Kept, String> {
        let target = workshop.join("build").join(python.to_string());
        let manifest = fs::read(self.folder.join("Cargo.toml")).unwrap_or_default();
        let own: Vec<_> = self.environment.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let key = Key::of("extension")
            .piece("compiler", self.compiler())
            .piece("python", python.identity())
            .piece("target folder", target.as_os_str().as_encoded_bytes())
            .piece("package", self.folder.as_os_str().as_encoded_bytes())
            // Two packages of a name may take turns in a folder.
            .piece("manifest", manifest)
            .pieces("argument", &self.arguments)
            .pieces("variable", own)
            .pieces("environment", seen_by_cargo(FOREIGN))
            .piece("how", format!("{} {} {:?}", self.release, self.locked, self.target));
        let entry = match works(cache().entry(&key.name())).kept() {
            Ok(kept) => return Ok(kept),
            Err(entry) => entry,
        };
        let _one = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        // Nor another process: what cargo leaves for one is overwritten by the next of that name.
        let profile = if self.release { "release" } else { "debug" };
        let units = works(cache().target(&target, profile));
        let mut building = works(entry.build());
        let folder = self.build_alone(&target, python)?;
        works(units.share());
        // A dynamic library, or a static one, which is called otherwise.
        let library = folder.join(self.library());
        for file in [library.clone(), library.with_extension("a"), library.with_extension("rlib")] {
            if let (true, Some(name)) = (file.is_file(), file.file_name()) {
                fs::copy(&file, building.folder().join(name)).expect("the workshop is writable");
            }
        }
        let listed = library.with_extension("d");
        let listed = fs::read_to_string(&listed).map_err(|error| format!("{}: {error}", listed.display()))?;
        building.inputs.listed(&listed, Some(&target));
        self.manifests(&mut building.inputs);
        Ok(works(building.keep()))
    }

    /// Says who compiles.
    fn compiler(&self) -> String {
        let own = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut variables: Vec<_> =
            own.filter(|(name, _)| ["RUSTC", "RUSTUP_TOOLCHAIN"].contains(name)).collect();
        variables.extend(self.toolchain.as_deref().map(|name| ("RUSTUP_TOOLCHAIN", name)));
        let rustc = env::var_os("RUSTC").filter(|_| self.toolchain.is_none());
        identity(Path::new(&rustc.unwrap_or_else(|| "rustc".into())), "-vV", &variables)
    }

    /// What cargo reads besides the sources it lists: the manifests above them, its settings, the versions of what is fetched.
    fn manifests(&self, inputs: &mut Inputs) {
        let mut folders = BTreeSet::new();
        for file in inputs.files() {
            let above = file.ancestors().skip(1).take_while(|folder| folder.starts_with(repository()));
            folders.extend(above.map(Path::to_owned));
        }
        folders.insert(self.folder.clone());
        for folder in folders {
            if folder.join("Cargo.toml").is_file() {
                inputs.contents(folder.join("Cargo.toml"));
            }
        }
        for folder in self.folder.ancestors() {
            for name in [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"] {
                inputs.contents(folder.join(name));
            }
        }
        inputs.written(self.folder.join("Cargo.lock"));
        let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
        if let Some(home) = env::var_os("CARGO_HOME").map(PathBuf::from).or(home) {
            inputs.contents(home.join("config.toml"));
        }
    }

    /// Builds, and returns the folder where cargo leaves the library.
    fn build_alone(&self, target: &Path, python: &Python) -> Result<PathBuf, String> {
        let built = self.cargo(target, python, true);
        // A generated package has no lockfile yet: what a warm machine has is tried first, without a network.
        let built = match built {
            Err(said) if !self.locked && network::is_wanted(&said) => self.cargo(target, python, false),
            built => built,
        };
        built?;
        let profile = if self.release { "release" } else { "debug" };
        Ok(target.join(self.target.as_deref().unwrap_or("")).join(profile))
    }

    /// Builds for an interpreter.
    pub fn build(&self, workshop: &Path, python: &Python) -> PathBuf {
        self.try_build(workshop, python).unwrap_or_else(|said| self.fail(python, &said))
    }

    /// Builds, and copies the library to `file`, where it may be changed.
    pub fn build_to(&self, workshop: &Path, python: &Python, file: &Path) {
        let kept = self.kept(workshop, python).unwrap_or_else(|said| self.fail(python, &said));
        works(kept.copy(&self.library(), file));
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
        if !self.arguments.iter().any(|argument| argument == "--") {
            cargo.arg("--");
        }
        // To cargo, another folder's package of that name would be this one.
        let folder = Key::of("package").piece("folder", self.folder.as_os_str().as_encoded_bytes()).name();
        cargo.arg(format!("-Cmetadata={folder}"));
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
