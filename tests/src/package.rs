//! Small extensions that a test writes itself: manifest and source, in a folder of the workshop.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("`tests` lies in the repository")
}

/// A package in the making.
#[derive(Clone, Debug)]
pub struct Package {
    name: String,
    version: &'static str,
    crate_type: &'static str,
    dependencies: Vec<String>,
    profile: Vec<String>,
    source: String,
    build: Option<(String, String)>,
    shares: bool,
}

impl Package {
    /// Starts a package whose library is what Python imports under `name`.
    pub fn new(name: &str, source: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            version: "0.1.0",
            crate_type: "cdylib",
            dependencies: Vec::new(),
            profile: Vec::new(),
            source: source.into(),
            build: None,
            shares: false,
        }
    }

    /// Gives it another version than 0.1.0.
    pub fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// Makes another kind of library.
    pub fn crate_type(mut self, crate_type: &'static str) -> Self {
        self.crate_type = crate_type;
        self
    }

    /// Adds a line of `[dependencies]`.
    pub fn dependency(mut self, line: impl Into<String>) -> Self {
        self.dependencies.push(line.into());
        self
    }

    /// Adds a crate of this repository, by its folder; `more` are further keys, as `features = ["pyo3"]`.
    pub fn ours(self, name: &str, folder: &str, more: &str) -> Self {
        let path = repository().join(folder);
        let comma = if more.is_empty() { "" } else { ", " };
        self.dependency(format!("{name} = {{ path = {path:?}{comma}{more} }}"))
    }

    /// Adds this repository's `interbind`, whose implementation the package's default feature brings, with features of it.
    pub fn interbind(mut self, features: &str) -> Self {
        self.shares = true;
        self.ours("interbind", "shim", &format!("default-features = false, features = [{features}]"))
    }

    /// Adds a build script, and the line of what it depends on.
    pub fn build(mut self, script: impl Into<String>, dependency: &str) -> Self {
        self.build = Some((script.into(), dependency.to_owned()));
        self
    }

    /// Adds a line of both profiles.
    pub fn profile(mut self, line: impl Into<String>) -> Self {
        self.profile.push(line.into());
        self
    }

    /// Returns what Python imports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes manifest and source under `workshop`, leaving alone what is there already, and returns the folder.
    pub fn write(&self, workshop: &Path) -> PathBuf {
        let folder = workshop.join("packages").join(&self.name);
        let Self { name, version, crate_type, dependencies, profile, source, build, shares } = self;
        // Without one, what lies in the folder from an earlier package of the name is nobody's.
        let script = if build.is_some() { "\"build.rs\"" } else { "false" };
        let mut manifest = format!(
            "[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2024\"\npublish = false\nbuild = {script}\n\n\
             [lib]\npath = \"lib.rs\"\ncrate-type = [{crate_type:?}]\n\n[workspace]\n\n[dependencies]\n"
        );
        for line in dependencies {
            let _ = writeln!(manifest, "{line}");
        }
        if *shares {
            manifest.push_str("\n[features]\ndefault = [\"static\"]\nstatic = [\"interbind/static\"]\n");
        }
        if let Some((script, dependency)) = build {
            let _ = write!(manifest, "\n[build-dependencies]\n{dependency}\n");
            write_if_changed(&folder.join("build.rs"), script);
        }
        for kind in ["dev", "release"] {
            let _ = write!(manifest, "\n[profile.{kind}]\n");
            for line in profile {
                let _ = writeln!(manifest, "{line}");
            }
        }
        write_if_changed(&folder.join("Cargo.toml"), &manifest);
        write_if_changed(&folder.join("lib.rs"), source);
        folder
    }
}

/// Writes a file unless it holds that text already: its time is what cargo looks at.
pub fn write_if_changed(file: &Path, text: &str) {
    if fs::read_to_string(file).is_ok_and(|found| found == text) {
        return;
    }
    fs::create_dir_all(file.parent().expect("a file lies in a folder")).expect("the workshop is writable");
    fs::write(file, text).expect("the workshop is writable");
}
